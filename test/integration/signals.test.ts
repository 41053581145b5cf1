import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { configOf, folder, postgres, sqlite } from './_configs';
import { backup, Ended, filesIn, killAllBelow, list, processesBelow, run, RunOptions, Running, start } from './_runner';
import { AT_ONCE_MS, tempDir, until } from './servers/_process';
import { rootClient, s3Store } from './servers/_s3';
import { FaultProxy, isCompletion, isPart, SeenRequest, startFaultProxy } from './servers/fault-proxy';
import { clientBin, PostgresServer, startPostgres } from './servers/postgres';
import { startVersitygw, Versitygw } from './servers/versitygw';

/* A run is stopped, or killed, at every stage: while one request of it hangs at the store, or while its dump program runs. */

/** Of runs that are killed: long enough to get to where they hang, on a busy machine too. */
const SHORT_DEADLINE_SECONDS = 120;
/** What the runner adds to it before it takes a run for dead, and a second for rounding. */
const GRACE_SECONDS = 11;

let s3: Versitygw;
let pg: PostgresServer;
let sqliteFile: string;
let bucketNumber = 0;
const proxies: FaultProxy[] = [];

beforeAll(async () => {
  [s3, pg] = await Promise.all([startVersitygw(), startPostgres({ major: 17 })]);
  await pg.psql('CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id');
  sqliteFile = path.join(tempDir('sqlite'), 'shop.db');
  new DatabaseSync(sqliteFile).exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO t SELECT randomblob(1000000) FROM n');
});

afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  await Promise.all([s3?.stop(), pg?.stop()]);
});

const put = (suffix: string) => ({ method, url }: SeenRequest) => method === 'PUT' && url.includes(suffix);
let lists = 0;

/** By name: the request that hangs; `null` for the dump program itself. */
const STAGES: [string, ((seen: SeenRequest) => boolean) | null][] = [
  ['looking at the store', ({ url }) => url.includes('list-type=')],
  ['claiming its id', put('.started')],
  ['dumping', null],
  ['uploading a part', isPart],
  ['completing the upload', isCompletion],
  ['writing the checksums', put('.sha256')],
  // The store is listed to look at it, for the catalog, for remains, and before and after the claim: the sixth time is after the upload.
  ['confirming what is there', ({ url }) => url.includes('list-type=') && ++lists > 5],
  ['writing the record', put('.json')],
];

interface Victim {
  readonly options: RunOptions;
  readonly proxy: FaultProxy;
  readonly directory: string;
  readonly bucket: string;
  readonly olderId: string;
  readonly running: Running;
}

/** Starts a run that hangs at a stage; resolves when it does. */
async function hangingRun(hangsAt: ((seen: SeenRequest) => boolean) | null, deadlineSeconds = 600): Promise<Victim> {
  const bucket = `signals-${++bucketNumber}`;
  await s3.makeBucket(bucket);
  const proxy = await startFaultProxy(s3.endpoint);
  proxies.push(proxy);
  const directory = tempDir('volume');
  const { config: store, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const options: RunOptions = {
    config: configOf({
      source: hangsAt ? sqlite(sqliteFile) : postgres(pg, 'postgres'),
      stores: [store, folder(directory)],
      compression: { algorithm: 'none', level: 0 },
      activeDeadlineSeconds: deadlineSeconds,
    }),
    env: { ...env, POSTGRES_PASSWORD: pg.password },
  };
  const { id } = await backup(options);
  lists = 0;
  const before = proxy.seen.length;
  if (hangsAt) proxy.inject({ kind: 'hang' }, hangsAt, Infinity);
  const running = start(['backup'], { ...options, path: hangsAt ? undefined : slowDump() });
  const waiting = hangsAt
    ? () => {
      lists = 0;
      return proxy.seen.slice(before).some(hangsAt);
    }
    : () => processesBelow(running.process.pid!).some(({ args }) => args.includes('sleep'));
  await until('the run hangs', 60_000, () => Promise.resolve(waiting()));
  return { options, proxy, directory, bucket, olderId: id, running };
}

/** A pg_dump that prints a beginning, and then takes its time. */
function slowDump(): string {
  const directory = tempDir('slow');
  writeFileSync(path.join(directory, 'pg_dump'), `#!/bin/sh
case "$*" in *version*) exec ${clientBin(17)}/pg_dump "$@";; esac
${clientBin(17)}/pg_dump "$@" | head -c 2000
sleep 600
`);
  chmodSync(path.join(directory, 'pg_dump'), 0o755);
  return directory;
}

/** Names of what is in both stores and not of the older backup, and of unfinished uploads. */
async function remains({ directory, bucket, olderId }: Victim): Promise<string[]> {
  const client = rootClient(s3);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return [...filesIn(directory), ...[...Contents, ...Uploads].map(({ Key }) => Key!)].filter(name => !name.includes(olderId));
}

async function expectOnlyOlder({ options, olderId }: Victim): Promise<void> {
  const { backups, latest } = await list(options);
  expect([latest, ...backups.map(({ id }) => id)]).toEqual([olderId, olderId]);
  expect(await run(['verify', '--all'], options)).toMatchObject({ code: 0 });
}

test.each(STAGES)('SIGTERM while %s: gone within 5 s with 143, and nothing is left', async (_stage, hangsAt) => {
  const victim = await hangingRun(hangsAt);
  const children = processesBelow(victim.running.process.pid!).map(({ pid }) => pid);
  const told = Date.now();
  victim.proxy.heal(); // what hung stays so; the clean-up gets through
  victim.running.process.kill('SIGTERM');
  const ended: Ended = await victim.running.ended;

  expect(ended.code).toBe(143);
  expect(Date.now() - told).toBeLessThan(AT_ONCE_MS);
  expect(ended.message).toContain('stopped by SIGTERM');
  expect(await remains(victim)).toEqual([]);
  await expectOnlyOlder(victim);
  await until('its children are gone', 5_000, () => Promise.resolve(children.every(pid => processesBelow(pid).length === 0)));
});

test('SIGTERM while the store answers nothing at all: gone within 5 s all the same', async () => {
  const victim = await hangingRun(isPart);
  victim.proxy.inject({ kind: 'hang' }, () => true, Infinity);
  const told = Date.now();
  victim.running.process.kill('SIGTERM');
  expect((await victim.running.ended).code).toBe(143);
  expect(Date.now() - told).toBeLessThan(AT_ONCE_MS);
  victim.proxy.heal();
  await expectOnlyOlder(victim);
});

test('SIGKILL at each stage: no record, and the next run after its deadline removes what it left', async () => {
  const victims: Victim[] = [];
  for (const [, hangsAt] of STAGES) {
    const victim = await hangingRun(hangsAt, SHORT_DEADLINE_SECONDS);
    killAllBelow(victim.running.process.pid!);
    expect((await victim.running.ended).code).toBe(137);
    victim.proxy.heal();
    victims.push(victim);
    await expectOnlyOlder(victim);
  }
  const left = await Promise.all(victims.map(remains));
  expect(left.filter(names => names.length > 0).length).toBeGreaterThanOrEqual(6); // or there would be nothing to test

  // By the clock of the next run their deadlines have passed: nobody waits for that.
  const later = { through: ['faketime', '-f', `+${SHORT_DEADLINE_SECONDS + GRACE_SECONDS}s`], env: { FAKETIME_DONT_FAKE_MONOTONIC: '1' } };
  for (const victim of victims) {
    const { id } = await backup({ ...victim.options, through: later.through, env: { ...victim.options.env, ...later.env } });
    // One that was killed while it made its claim has left no claim to know it by: what is beside is an unfinished upload to everybody, and the work of prune.
    expect((await remains(victim)).filter(name => !name.includes(id) && !name.includes('.started.creating-'))).toEqual([]);
    expect((await list(victim.options)).backups.map(({ id: listed }) => listed)).toEqual([victim.olderId, id]);
  }
}, 600_000);

test('while a run lives, another leaves its upload alone', async () => {
  const victim = await hangingRun(isPart);
  victim.proxy.heal();
  const other = await backup(victim.options); // the hung run is older, and still within its deadline
  expect((await remains(victim)).filter(name => !name.includes(other.id))).not.toEqual([]);
  killAllBelow(victim.running.process.pid!);
  await victim.running.ended;
});

test('a run that is stopped while the file system does not answer an fsync is gone within 5 s, and says so', async () => {
  const home = tempDir('hanging');
  const marker = path.join(home, 'hangs');
  const code = path.join(home, 'fsync.c');
  writeFileSync(code, `#include <fcntl.h>\n#include <unistd.h>\nint fsync(int fd) { (void)fd; close(open("${marker}", O_CREAT | O_WRONLY, 0600)); for (;;) sleep(1000); }\n`);
  execFileSync('gcc', ['-shared', '-fPIC', '-o', path.join(home, 'fsync.so'), code]);
  const config = configOf({ source: sqlite(sqliteFile), stores: [folder(tempDir('volume'))] });
  const running = start(['backup'], { config, env: { LD_PRELOAD: path.join(home, 'fsync.so') } });
  await until('an fsync hangs', 60_000, async () => existsSync(marker));
  const stoppedAt = performance.now();
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  expect([ended.code, ended.message]).toEqual([143, expect.stringContaining('a file system or a server does not answer')]);
  expect(performance.now() - stoppedAt).toBeLessThan(15_000); // 5 s, on a busy machine; without it, never
});
