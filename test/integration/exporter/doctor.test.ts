import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { BackupConfig } from '../../../src/contract/config';
import { parseKey, STARTED_SUFFIX } from '../../../src/contract/layout';
import { configOf, folder, postgres, SCRATCH, sqlite } from '../_configs';
import { backup, filesIn, list, run, RunOptions } from '../_runner';
import { startExporter } from './_exporter';
import { exported, exporter } from './_stores';
import { tempDir } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';
import { FaultProxy, startFaultProxy } from '../servers/fault-proxy';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { startRclone } from '../servers/rclone';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* `doctor` finds what would stand in the way of a backup, says what to do, and leaves nothing behind. */

interface Finding {
  readonly level: 'ok' | 'unchecked' | 'warning' | 'error';
  readonly subject: string;
  readonly message: string;
  readonly advice: string | null;
}

let s3: Versitygw;
let proxy: FaultProxy;
let pg: PostgresServer;

beforeAll(async () => {
  [s3, pg] = await Promise.all([startVersitygw(), startPostgres({ major: 17 })]);
  proxy = await startFaultProxy(s3.endpoint);
  await pg.psql('CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id');
  for (const bucket of ['doctor', 'doctor-probe']) await s3.makeBucket(bucket);
});

afterAll(async () => {
  await proxy?.stop();
  await Promise.all([s3?.stop(), pg?.stop()]);
});

afterEach(() => proxy.heal());

function aPlace(bucket = 'doctor'): { readonly options: RunOptions & { readonly config: BackupConfig }; readonly directory: string } {
  const { config: store, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const directory = tempDir('volume');
  return { options: { config: configOf({ source: postgres(pg, 'postgres'), stores: [store, folder(directory)] }), env: { ...env, POSTGRES_PASSWORD: pg.password } }, directory };
}

interface Diagnosis {
  readonly code: number;
  readonly findings: readonly Finding[];
  readonly bad: readonly Finding[];
}

async function doctor(options: RunOptions): Promise<Diagnosis> {
  const ended = await run(['doctor', '--json'], options);
  const { findings } = JSON.parse(ended.stdout) as { findings: Finding[] };
  return { code: ended.code, findings, bad: findings.filter(({ level }) => level !== 'ok') };
}

test('all is well: each thing is named, and nothing is left behind', async () => {
  const { options, directory } = aPlace();
  await backup(options);
  const before = filesIn(directory);
  const { code, findings } = await doctor(options);
  expect(code).toBe(0);
  const said = findings.filter(({ level }) => level === 'ok').map(({ subject, message }) => `${subject}: ${message}`).join('\n');
  for (const text of [
    'Secret: all variables', 'database: postgres 17', 'programs: pg_dump 17', `scratch: ${SCRATCH.directory} has room`, 'store offsite: can be written and read back', 'store offsite: can be deleted from',
    'store volume: its clock is that of this machine', 'store volume: 1 backups', 'are free',
  ]) expect(said).toContain(text);
  expect(filesIn(directory)).toEqual(before);
  const { Contents = [] } = await rootClient(s3).send(new ListObjectsV2Command({ Bucket: 'doctor' }));
  expect(Contents.filter(({ Key }) => Key!.endsWith('.started'))).toEqual([]);
  const text = await run(['doctor'], options);
  expect(text.stdout).toMatch(/^RESULT +WHAT +FINDING\nok +Secret/);
});

test('a service that ignores conditions and checksums, and lists no uploads, is told of; prune goes on without that list', async () => {
  const rclone = await startRclone();
  try {
    await rclone.makeBucket('odd');
    const { config: store, env } = s3Store(rclone, 'odd');
    const file = path.join(tempDir('data'), 'app.db');
    new DatabaseSync(file).exec('CREATE TABLE t (i INTEGER)');
    const plain = configOf({ source: sqlite(file), stores: [store], suspectBelowPercent: 0 });
    const config = { ...plain, retention: { ...plain.retention, keepHours: null, keepLast: 1, keepAtLeast: 1 } };
    for (let i = 0; i < 2; i++) await backup({ config, env });
    const { code, bad } = await doctor({ config, env });
    expect(code).toBe(0);
    const said = bad.filter(({ subject }) => subject === 'store offsite').map(({ message }) => message).join();
    for (const text of ['it ignores If-None-Match', 'it takes what does not match its checksum', 'it lists no unfinished uploads']) expect(said).toContain(text);
    const pruned = await run(['prune'], { config, env });
    expect([pruned.code, pruned.message]).toEqual([0, expect.anything()]);
    expect((await list({ config, env })).backups).toHaveLength(1);
  } finally {
    await rclone.stop();
  }
});

test('the probe is no backup, but the claim of a run that has ended', async () => {
  const { options } = aPlace('doctor-probe');
  const from = proxy.seen.length;
  await doctor(options);
  const written = proxy.seen.slice(from).filter(({ method }) => method === 'PUT').map(({ url }) => path.basename(url.split('?')[0]!).replace(/\.creating-[0-9a-f]+$/, ''));
  expect([...new Set(written)]).toEqual([expect.stringMatching(/^app_\d{8}_\d{6}\.started$/)]);
  expect(parseKey(written[0]!)).toMatchObject({ name: 'app', suffix: STARTED_SUFFIX });
});

test.each<[string, (place: ReturnType<typeof aPlace>) => RunOptions, number, RegExp]>([
  ['wrong password', ({ options }) => ({ ...options, env: { ...options.env, POSTGRES_PASSWORD: 'wrong' } }), 14, /database: .*password/],
  ['missing variable', ({ options }) => ({ ...options, env: { ...options.env, POSTGRES_PASSWORD: '' } }), 10, /Secret: the variable POSTGRES_PASSWORD is missing.*kubectl get secret/],
  ['missing directory', ({ options, directory }) => {
    rmSync(directory, { recursive: true });
    return options;
  }, 15, /store volume: .*does not exist: is the volume mounted/],
  ['wrong bucket', ({ options }) => ({ ...options, config: { ...options.config, stores: [{ ...options.config.stores[0]!, bucketName: 'no-such-bucket' } as BackupConfig['stores'][number]] } }), 15, /store offsite: .*no-such-bucket/],
])('%s: an error with its exit code, and what to do', async (_case, change, code, message) => {
  const found = await doctor(change(aPlace()));
  expect(found.code).toBe(code);
  expect(found.bad.filter(({ level }) => level === 'error').map(each => `${each.subject}: ${each.message} ${each.advice ?? ''}`).join('\n')).toMatch(message);
});

test('a database that somebody has closed: doctor, the backup and the exporter give the command that opens it', async () => {
  const { options, directory } = aPlace();
  await pg.psql('CREATE DATABASE closed');
  await pg.psql('ALTER DATABASE closed ALLOW_CONNECTIONS false');
  const closed = { ...options, config: { ...options.config, source: postgres(pg, 'closed') } };
  const command = 'ALTER DATABASE "closed" ALLOW_CONNECTIONS true';
  const found = await doctor(closed);
  expect(found.code).toBe(14);
  expect(found.bad.find(({ subject }) => subject === 'database')).toMatchObject({ level: 'error', message: expect.stringContaining(command) });
  expect(await run(['backup'], closed)).toMatchObject({ code: 14, message: expect.stringContaining(command) });
  const page = await startExporter([exported('app', [folder(directory)])]);
  try {
    expect(JSON.stringify(JSON.parse(await page.get('/api/backups')))).toContain(JSON.stringify(command).slice(1, -1));
  } finally {
    await page.stop();
  }
});

test('keys that may not write, or not delete, are found', async () => {
  const { options } = aPlace();
  proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, ({ method }) => method === 'PUT', Infinity);
  expect(await doctor(options)).toMatchObject({ code: 14 });
  proxy.heal();
  proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, ({ method, url }) => method === 'DELETE' || url.includes('delete'), Infinity);
  const config = { ...options.config, pruneAfterBackup: true };
  const { code, bad } = await doctor({ ...options, config });
  expect(code).toBe(14);
  expect(bad.map(({ message }) => message).join('\n')).toMatch(/the probe app_\d{8}_\d{6}\.started may still be there/);
});

test('keys that may not delete are all right where something else prunes, and it is said who removes the probe', async () => {
  const { options } = aPlace();
  proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, ({ method, url }) => method === 'DELETE' || url.includes('delete'), Infinity);
  const { code, findings } = await doctor(options);
  expect(code).toBe(0);
  expect(findings.map(({ message }) => message).join('\n'))
    .toMatch(/these credentials may not delete, so what failed runs leave is for those of "cdk8s-backup prune", and so is the probe app_\d{8}_\d{6}\.started/);
});

test('a hold and a missing backup are warnings, which fail nothing', async () => {
  const { options, directory } = aPlace('doctor-probe');
  writeFileSync(path.join(directory, 'app.hold'), '');
  const { code, bad } = await doctor(options);
  expect(code).toBe(0);
  expect(bad.map(({ message }) => message)).toEqual(expect.arrayContaining(['no backup of app can be used', 'pruning of app is on hold']));
});

test('SQLite without room for its copy', async () => {
  const file = path.join(tempDir('sqlite'), 'shop.db');
  new DatabaseSync(file).exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) INSERT INTO t SELECT randomblob(1000000) FROM n');
  const config = configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))], scratch: { directory: '/tmp', limitBytes: 1_000_000 } });
  expect(await doctor({ config })).toMatchObject({ code: 16 });
});

test('with the config of the exporter it looks at the stores, writes nothing, and says what it can\'t tell from there', async () => {
  const { options, directory } = aPlace();
  await backup(options);
  const from = proxy.seen.length;
  const ended = await run(['doctor', '--name', 'app', '--json'], { env: options.env, config: exporter([exported('app', options.config.stores), exported('other', [folder(directory)])], 8080) });
  expect(ended.code).toBe(0);
  expect(proxy.seen.slice(from).filter(({ method }) => method !== 'GET')).toEqual([]);
  const { findings } = JSON.parse(ended.stdout) as { findings: Finding[] };
  expect(findings.filter(({ level }) => level === 'unchecked').map(({ subject, advice }) => [subject, advice])).toEqual(['database', 'stores'].map(subject =>
    [subject, 'run doctor with the config of the backup: "cdk8s-backup doctor --manifest FILE --job db-backup", or a Job of CronJob db-backup with the argument "doctor"']));
});
