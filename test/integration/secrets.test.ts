import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, folder, postgres, redis } from './_configs';
import { filesIn, run, RunOptions } from './_runner';
import { watched } from './_watched';
import { tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupConfig } from '../../src/contract/config';
import { aPair, identityFile, Pair } from '../runner/age/_age';

/* Secrets are planted, every command is run, well and badly, and all that it leaves and shows is searched for them. */

const PLANTED = { postgres: 'planted-postgres-password', redis: 'planted-redis-password' };

let s3: Versitygw;
let pg: PostgresServer;
let cache: RedisServer;
let key: Pair;

beforeAll(async () => {
  [s3, pg, cache, key] = await Promise.all([startVersitygw(), startPostgres({ major: 17 }), startRedis({ password: PLANTED.redis }), aPair()]);
  await s3.makeBucket('secrets');
  await pg.psql(`CREATE ROLE backup LOGIN SUPERUSER PASSWORD '${PLANTED.postgres}'`);
  await pg.psql('CREATE TABLE t AS SELECT md5(i::text) FROM generate_series(1, 200000) i');
  await cache.cli(['DEBUG', 'POPULATE', '100000']);
});

afterAll(async () => {
  await Promise.all([s3?.stop(), pg?.stop(), cache?.stop()]);
});

test.each<[string, () => RunOptions & { secrets: string[] }, string]>([
  [
    'postgres',
    () => ({
      config: configOf({ name: 'pg', source: postgres({ ...pg, superuser: 'backup' }, 'postgres'), stores: [] }),
      env: { POSTGRES_PASSWORD: PLANTED.postgres },
      secrets: [PLANTED.postgres],
    }),
    'pg_dump',
  ],
  [
    'redis',
    () => ({
      config: configOf({ name: 'redis', source: redis(cache, { passwordEnv: 'REDIS_PASSWORD' }), stores: [] }),
      env: { REDIS_PASSWORD: PLANTED.redis },
      secrets: [PLANTED.redis],
    }),
    'main.js',
  ],
])('%s: no secret in command lines, logs, results, records, nor in the environment of a program that does not need it', async (engine, given, program) => {
  const directory = tempDir('volume');
  const { config: store, env } = s3Store(s3, 'secrets', { prefix: engine });
  const { config, env: own, secrets: planted } = given();
  const options: RunOptions = {
    config: { ...config as BackupConfig, stores: [store, folder(directory)], encryption: { recipients: [key.recipient] } },
    env: { ...env, ...own },
  };
  const identity = ['--identity', key.file];
  const secrets = [...planted, s3.secretAccessKey, key.identity];
  const shown: string[] = [];

  const taken = await watched(['backup'], options);
  expect(taken.ended.code).toBe(0);
  expect(taken.commandLines.join('\n')).toContain(program); // or there was nothing to see
  for (const environment of taken.environments.values()) expect(environment).not.toContain(s3.secretAccessKey);
  shown.push(...taken.commandLines, taken.ended.stdout, taken.ended.stderr);
  const others = [
    ['list'], ['list', '--json'], ['verify', '--all'], ['verify', ...identity], ['fetch', '--to', tempDir('laptop')],
    ['fetch', '--to', tempDir('laptop'), '--decrypt', ...identity], ['metrics'], ['accept', 'latest'], ['restore', '--to', '/tmp/x', ...identity],
    ['restore', '--dry-run'], ['restore', '--dry-run', ...identity], ['restore', '--yes', ...identity],
    ['restore', '--dry-run', '--identity', identityFile(`${key.identity.slice(0, -1)}0`)], ['verify', '--identity', identityFile(key.identity.toLowerCase())],
  ];
  for (const args of others) {
    const { ended, commandLines, environments } = await watched(args, options);
    shown.push(...commandLines, ended.stdout, ended.stderr);
    for (const environment of environments.values()) {
      for (const foreign of [key.identity, s3.secretAccessKey]) expect(environment).not.toContain(foreign);
    }
  }
  // Badly: with a wrong password that must not be shown either, with a wrong key, and with a database that is not there.
  for (const wrong of Object.keys({ ...env, ...own })) {
    secrets.push(`wrong-${wrong}`);
    const { stdout, stderr, code } = await run(['backup'], { ...options, env: { ...options.env, [wrong]: `wrong-${wrong}` } });
    expect(code).not.toBe(0);
    shown.push(stdout, stderr);
  }
  for (const file of filesIn(directory)) {
    if (/\.(json|sha256)$/.test(file)) shown.push(readFileSync(path.join(directory, file), 'utf8'));
  }
  for (const secret of secrets.filter(text => text !== 'wrong-ACCESS_KEY_ID')) { // an id is no secret
    expect(shown.filter(text => text.includes(secret))).toEqual([]);
  }
});
