import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, postgres, redis } from './_configs';
import { backup, list, run } from './_runner';
import { startExporter } from './exporter/_exporter';
import { exported } from './exporter/_stores';
import { restored, targetOf } from './restore/_postgres';
import { restoreOf } from './restore/_restore';
import { tempDir, until } from './servers/_process';
import { s3Store } from './servers/_s3';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { startVersitygw, Versitygw } from './servers/versitygw';

/* Passwords and keys as files, as pods with `credentialsAsFiles` have them. */

let s3: Versitygw;
let pg: PostgresServer;
let cache: RedisServer;

beforeAll(async () => {
  [s3, pg, cache] = await Promise.all([startVersitygw(), startPostgres({ major: 17 }), startRedis({ password: 'word' })]);
  await s3.makeBucket('files');
  await pg.psql('CREATE DATABASE shop');
  await pg.psql('CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 100) i', 'shop');
});
afterAll(() => Promise.all([s3?.stop(), pg?.stop(), cache?.stop()]));

/** A Secret as the kubelet mounts it: a link to a folder, replaced as a whole when the Secret changes. */
class MountedSecret {
  public readonly env: { readonly [name: string]: string };
  private readonly directory = tempDir('secret');
  private generation = 0;

  constructor(values: { readonly [key: string]: string }) {
    this.change(values);
    for (const key of Object.keys(values)) symlinkSync(path.join('..data', key), path.join(this.directory, key));
    this.env = Object.fromEntries(Object.keys(values).map(key => [`${key}_FILE`, path.join(this.directory, key)]));
  }

  public change(values: { readonly [key: string]: string }): void {
    const [old, name] = [`..${this.generation}`, `..${++this.generation}`];
    mkdirSync(path.join(this.directory, name));
    for (const [key, value] of Object.entries(values)) writeFileSync(path.join(this.directory, name, key), value);
    symlinkSync(name, path.join(this.directory, '..data_tmp'));
    renameSync(path.join(this.directory, '..data_tmp'), path.join(this.directory, '..data'));
    rmSync(path.join(this.directory, old), { recursive: true, force: true });
  }
}

function place() {
  const { config: store, env } = s3Store(s3, 'files', { prefix: path.basename(tempDir('prefix')) });
  return { store, keys: new MountedSecret(env), right: env, wrong: { ...env, SECRET_ACCESS_KEY: 'planted-wrong-key' } };
}

test('a backup and its restore with nothing but files', async () => {
  const { store, keys } = place();
  const password = new MountedSecret({ POSTGRES_PASSWORD: `${pg.password}\n` });
  const config = configOf({ source: postgres(pg, 'shop'), stores: [store] });
  const env = { ...keys.env, ...password.env };
  await backup({ config, env });
  await pg.psql('DELETE FROM orders', 'shop');
  await restored({ config: restoreOf(config, targetOf(pg, 'shop')), env }, ['--yes']);
  expect(await pg.psql('SELECT count(*) FROM orders', 'shop')).toBe('100');
  expect(await run(['doctor', '--json'], { config, env })).toMatchObject({ code: 0, stdout: expect.stringContaining('all variables that the config names are set: ACCESS_KEY_ID, POSTGRES_PASSWORD, SECRET_ACCESS_KEY') });
});

test('Redis too; a file that is missing is told with its name, and nothing of what others hold', async () => {
  const { store, keys } = place();
  const password = new MountedSecret({ REDIS_PASSWORD: 'word' });
  await cache.cli(['set', 'key', 'value']);
  const config = configOf({ source: redis(cache, { passwordEnv: 'REDIS_PASSWORD' }), stores: [store] });
  await backup({ config, env: { ...keys.env, ...password.env } });
  const gone = { ...keys.env, REDIS_PASSWORD_FILE: '/nowhere/REDIS_PASSWORD' };
  const message = expect.stringMatching(/password of redis .* is missing: \/nowhere\/REDIS_PASSWORD, which REDIS_PASSWORD_FILE names, can't be read \(ENOENT\): look at the key REDIS_PASSWORD of the Secret/);
  const failed = await run(['backup'], { config, env: gone });
  expect(failed).toMatchObject({ code: 10, message });
  expect(failed.stderr).not.toContain(s3.secretAccessKey);
  const { findings } = JSON.parse((await run(['doctor', '--json'], { config, env: gone })).stdout) as { findings: { subject: string; level: string; message: string }[] };
  expect(findings.filter(({ subject }) => subject === 'Secret')).toMatchObject([{ level: 'error', message: expect.stringContaining('can\'t be read (ENOENT)') }]);
});

test('an exporter follows keys that change, without a restart', async () => {
  const { store, keys, right, wrong } = place();
  const file = new MountedSecret({ POSTGRES_PASSWORD: pg.password });
  const config = configOf({ source: postgres(pg, 'shop'), stores: [store] });
  const { id } = await backup({ config, env: { ...keys.env, ...file.env } });
  const running = await startExporter([exported(config.name, [store])], { env: keys.env });
  const state = async () => JSON.stringify(await running.get('/api/backups'));
  try {
    expect(await state()).toContain(id);
    keys.change(wrong);
    await until('the exporter is refused', 60_000, async () => /check the Secret|signature/i.test(await state()));
    keys.change(right);
    await until('the exporter is let in again', 60_000, async () => !/check the Secret|signature/i.test(await state()));
    expect(await state()).toContain(id);
  } finally {
    const { stderr, stdout } = await running.stop();
    expect(stderr + stdout).not.toContain('planted-wrong-key');
  }
  expect((await list({ config, env: keys.env })).latest).toBe(id);
});
