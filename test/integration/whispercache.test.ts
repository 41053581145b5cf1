import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { filesIn, run, RunOptions } from './_runner';
import { tempDir } from './servers/_process';
import { clientPath, PostgresServer, startPostgres } from './servers/postgres';
import { Radosgw, startRadosgw } from './servers/radosgw';
import { RedisServer, startRedis } from './servers/redis';

/*
 * The guide as code: examples/whispercache is synthesized as a user does it, and each of its jobs is run from that very YAML,
 * with what differs outside of the cluster said on the command line (S13).
 */

const EXAMPLE = path.join(__dirname, '..', '..', 'examples', 'whispercache');

let s3: Radosgw;
let pg: PostgresServer;
let redis: RedisServer;
let manifest: string;
let options: RunOptions;
let data: string;

beforeAll(async () => {
  [s3, pg, redis] = await Promise.all([startRadosgw(), startPostgres({ major: 15 }), startRedis({ aof: true })]);
  await s3.makeBucket('your-backup-bucket');
  await pg.psql('CREATE ROLE whispercache LOGIN PASSWORD \'whisper secret\'');
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
  await pg.psql('CREATE TABLE notes AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 10000) i; ALTER TABLE notes OWNER TO whispercache', 'whispercache');
  await redis.cli(['SET', 'greeting', 'hello']);
  data = tempDir('app-data');
  new DatabaseSync(path.join(data, 'whispercache.db')).exec('CREATE TABLE notes (note); INSERT INTO notes VALUES (\'kept\')');

  const out = tempDir('synth');
  execFileSync(path.join(__dirname, '..', '..', 'node_modules', '.bin', 'cdk8s'), ['synth', '--no-check-upgrade', '--output', out], {
    cwd: EXAMPLE, env: { ...process.env, PROFILE: 'development' }, stdio: 'pipe',
  });
  manifest = path.join(out, 'whispercache.k8s.yaml');
  options = {
    // The keys of the Secret `backup-secrets`, under the names that the pod spec gives them.
    env: {
      POSTGRES_PASSWORD: 'whisper secret',
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_DEFAULT_REGION: s3.region,
    },
  };
});

afterAll(async () => {
  await Promise.all([s3?.stop(), pg?.stop(), redis?.stop()]);
});

test.each<[string, () => string[], RegExp, (file: string) => string, string]>([
  [
    'db-backup',
    () => ['source.host=localhost', `source.port=${pg.port}`],
    /^whispercache_\d{8}_\d{6}\.dump$/,
    file => execFileSync('pg_restore', ['--list', file], { encoding: 'utf8', env: { PATH: clientPath(17) } }),
    'TABLE DATA public notes',
  ],
  [
    'redis-backup',
    () => ['source.host=localhost', `source.port=${redis.port}`],
    /^redis_\d{8}_\d{6}\.rdb\.zst$/,
    file => execFileSync('redis-check-rdb', [decompressed(file)], { encoding: 'utf8' }),
    'RDB looks OK',
  ],
  [
    'sqlite-backup',
    () => [`source.path=${path.join(data, 'whispercache.db')}`],
    /^whispercache-sqlite_\d{8}_\d{6}\.db\.zst$/,
    file => execFileSync('sqlite3', [decompressed(file), 'PRAGMA integrity_check; SELECT note FROM notes'], { encoding: 'utf8' }),
    'ok\nkept',
  ],
])('%s runs from the synthesized YAML, and what lands in S3 is what the guide calls it', async (job, settings, name, check, expected) => {
  const volume = path.join(tempDir('volume'), 'backups');
  mkdirSync(volume);
  const args = [
    '--manifest', manifest, '--job', job,
    ...[
      ...settings(), `stores.volume.directory=${volume}`, `stores.s3.endpoint=${s3.endpoint}`, 'stores.s3.pathStyle=true',
    ].flatMap(setting => ['--set', setting]),
  ];
  const taken = await run(['backup', ...args], options);
  expect(taken.stderr).not.toContain('"level":"error"');
  expect(taken.code).toBe(0);

  const laptop = tempDir('laptop');
  expect(await run(['fetch', ...args, '--from', 's3', '--to', laptop], options)).toMatchObject({ code: 0 });
  execFileSync('sha256sum', ['--check', '--strict', `${taken.result.id}.sha256`], { cwd: laptop });
  const artifact = filesIn(laptop).find(file => name.test(file));
  expect(artifact).toBeDefined();
  expect(check(path.join(laptop, artifact!))).toContain(expected);
});

function decompressed(file: string): string {
  const plain = file.replace(/\.zst$/, '');
  execFileSync('zstd', ['-dqf', file, '-o', plain]);
  return plain;
}
