import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, postgres, redis, sqlite } from './_configs';
import { backup, Ended, filesIn, killAllBelow, run, Running, RunOptions, start } from './_runner';
import { drillOf } from './drill/_drill';
import { targetOf } from './restore/_postgres';
import { restoreOf } from './restore/_restore';
import { tempDir, until } from './servers/_process';
import { s3Store } from './servers/_s3';
import { FaultProxy, isRead, startFaultProxy } from './servers/fault-proxy';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { startTcpFaultProxy } from './servers/tcp-fault-proxy';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupConfig, Config, DRILL_DATABASE } from '../../src/contract/config';
import { aPair, Pair } from '../runner/age/_age';

/* Runs are killed, or stopped, while what they have decrypted lies on disk. */

const PLANTED = 'planted-row';
/** Half a megabyte of plaintext takes some seconds then; the tests wait until the first of it is there. */
const BYTES_PER_SECOND = 100_000;

let key: Pair;
let s3: Versitygw;
let proxy: FaultProxy;
let pg: PostgresServer;
let cache: RedisServer;
let file: string;
let env: NodeJS.ProcessEnv;
const configs = new Map<string, BackupConfig>();

beforeAll(async () => {
  [key, s3, pg, cache] = await Promise.all([aPair(), startVersitygw(), startPostgres({ major: 17 }), startRedis()]);
  await s3.makeBucket('scratch');
  proxy = await startFaultProxy(s3.endpoint);
  const store = s3Store({ ...s3, endpoint: proxy.endpoint }, 'scratch');
  env = { ...store.env, POSTGRES_PASSWORD: pg.password };
  const rows = `'${PLANTED} ' || i || ' of a table'`;
  await pg.psql('create database shop');
  await pg.psql(`create table orders as select i as id, ${rows} as note from generate_series(1, 20000) i`, 'shop');
  await cache.cli(['eval', `for i = 1, 20000 do redis.call('set', '${PLANTED}:' .. i, i) end return 'OK'`, '0']);
  file = path.join(tempDir('app'), 'app.db');
  const database = new DatabaseSync(file);
  database.exec(`CREATE TABLE t (i INTEGER, x TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, ${rows} FROM n`);
  database.close();
  for (const source of [postgres(pg, 'shop', { globals: false }), redis(cache), sqlite(file)]) {
    const config = configOf({
      name: source.engine, source, stores: [store.config], encryption: { recipients: [key.recipient] }, compression: { algorithm: 'none', level: 0 },
    });
    await backup({ config, env });
    configs.set(source.engine, config);
  }
});

afterAll(async () => {
  await proxy?.stop();
  await Promise.all([s3?.stop(), pg?.stop(), cache?.stop()]);
});

afterEach(() => proxy.heal());

const backupOf = (engine: string): BackupConfig => configs.get(engine)!;
const opening = <C extends Config>(config: C) => ({ ...config, decryption: { identityFile: key.file } });
const scratchIn = (directory: string, limitBytes: number | null = null) => ({ scratch: { directory, limitBytes } });

/** A command that has plaintext below a directory. */
interface Case {
  readonly args: readonly string[];
  readonly config: Config;
}

const CASES: readonly [string, (directory: string) => Case][] = [
  ['a restore of PostgreSQL', directory => ({
    args: ['restore', '--yes'], config: opening({ ...restoreOf(backupOf('postgres'), targetOf(pg, 'shop', { globals: false })), ...scratchIn(directory) }),
  })],
  ['a restore of Redis', directory => ({
    args: ['restore', '--yes'],
    config: opening({
      ...restoreOf(backupOf('redis'), { ...redis(cache), mode: 'replication', replace: false, advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: false, assertions: [] }),
      ...scratchIn(directory),
    }),
  })],
  ['a restore of SQLite', directory => ({ args: ['restore', '--yes'], config: opening({ ...sqliteRestore(), ...scratchIn(directory) }) })],
  ['a restore of SQLite into a new file', directory => ({ args: ['restore', '--yes', '--to', path.join(directory, 'new.db')], config: opening(sqliteRestore()) })],
  ['a drill', directory => ({ args: ['drill'], config: sqliteDrill(directory, null) })],
  ['a drill without room for a copy', directory => ({ args: ['drill'], config: sqliteDrill(directory, 10_000_000) })],
  ['a verification', directory => ({ args: ['verify', '--identity', key.file], config: { ...backupOf('sqlite'), ...scratchIn(directory) } })],
  ['fetch --decrypt', directory => ({ args: ['fetch', '--decrypt', '--identity', key.file, '--to', directory], config: backupOf('redis') })],
];

function sqliteRestore() {
  return restoreOf(backupOf('sqlite'), { engine: 'sqlite', path: path.join(path.dirname(file), 'other.db'), lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] });
}

function sqliteDrill(directory: string, limitBytes: number | null): Config {
  const target = { engine: 'sqlite', path: path.join(directory, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 5, keepPrevious: false, assertions: [] } as const;
  return opening(drillOf(backupOf('sqlite'), target, scratchIn(directory, limitBytes)));
}

function hasPlaintext(directory: string): boolean {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .some(entry => entry.isFile() && readFileSync(path.join(entry.parentPath, entry.name)).includes(PLANTED));
}

/** Starts a command; resolves while a part of the plaintext is on disk, and the rest is on its way. */
async function withPlaintext(directory: string, { args, config }: Case): Promise<Running> {
  proxy.inject({ kind: 'slow', bytesPerSecond: BYTES_PER_SECOND }, seen => isRead(seen) && seen.url.includes('.age'), Infinity);
  const running = start(args, { config, env });
  let ended = false;
  void running.ended.then(() => ended = true);
  await until('plaintext is on disk', 60_000, async () => {
    if (ended) throw new Error(`it has ended: ${(await running.ended).stderr}`);
    return hasPlaintext(directory);
  });
  return running;
}

test.each(CASES)('%s that is killed leaves its plaintext in a directory for its user only, and the next run removes that and says so', async (_case, of) => {
  const directory = tempDir('scratch');
  const killed = of(directory);
  const running = await withPlaintext(directory, killed);
  killAllBelow(running.process.pid!);
  await running.ended;
  // A drill has one for the backup, and one for what it restores.
  for (const left of filesIn(directory)) expect((statSync(path.join(directory, left)).mode & 0o777).toString(8)).toBe('700'); // eslint-disable-line no-bitwise
  expect(hasPlaintext(directory)).toBe(true);

  proxy.heal();
  const next: RunOptions & Case = killed.args.some(arg => arg.startsWith('--to'))
    ? { ...killed, env }
    : { args: ['backup'], config: configOf({ name: 'other', source: sqlite(file), stores: [folder(tempDir('volume'))], ...scratchIn(directory) }) };
  const ended = await run(next.args, next);
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.events.filter(({ event }) => event.startsWith('scratch.'))).toEqual([
    expect.objectContaining({ event: 'scratch.cleared', level: 'warn', message: expect.stringMatching(/^Removed (a directory|2 directories) \([\d.]+ k?B\), left in .* by runs that were killed$/) }),
  ]);
  expect(filesIn(directory).filter(name => name.startsWith('cdk8s-backup'))).toEqual([]);
});

test.each(CASES)('%s that is told to stop leaves nothing', async (_case, of) => {
  const directory = tempDir('scratch');
  const running = await withPlaintext(directory, of(directory));
  running.process.kill('SIGTERM');
  expect(await running.ended).toMatchObject({ code: 143 });
  expect(filesIn(directory)).toEqual([]);
});

test('a run that is told to stop while its server does not answer leaves nothing either', async () => {
  const directory = tempDir('scratch');
  const server = await startTcpFaultProxy(pg.port);
  try {
    const config = { ...restoreOf(backupOf('postgres'), { ...targetOf(pg, 'shop', { globals: false }), port: server.port }), ...scratchIn(directory) };
    const struck = new Promise<void>(resolve => server.inject({ kind: 'half-open', afterBytes: 300_000, lasting: true }, resolve));
    const running = start(['restore', '--yes'], { config: opening(config), env });
    await struck;
    expect(hasPlaintext(directory)).toBe(true);
    running.process.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 143 });
    expect(filesIn(directory)).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('what a run uses that lives is not removed by another, and doctor only tells of what dead ones have left', async () => {
  const directory = tempDir('scratch');
  const verifying = { args: ['verify', '--identity', key.file], config: { ...backupOf('sqlite'), ...scratchIn(directory) } };
  const killed = await withPlaintext(directory, verifying);
  killAllBelow(killed.process.pid!);
  await killed.ended;
  const [left] = filesIn(directory);
  const other = configOf({ name: 'other', source: sqlite(file), stores: [folder(tempDir('volume'))], ...scratchIn(directory) });
  const asked = await run(['doctor', '--json'], { config: other });
  expect(JSON.parse(asked.stdout).findings).toContainEqual(expect.objectContaining({
    level: 'warning', subject: 'scratch', message: expect.stringMatching(/^runs that were killed have left a directory \(.* in /), advice: expect.stringContaining('removes that'),
  }));
  expect(filesIn(directory)).toEqual([left]);

  const living = await withPlaintext(directory, verifying);
  await until('what was left is gone, and the verification has its own', 60_000, async () => !filesIn(directory).includes(left!) && hasPlaintext(directory));
  const before = filesIn(directory);
  await backup({ config: other });
  expect(filesIn(directory)).toEqual(before);
  expect(await living.ended).toMatchObject({ code: 0 });
  expect(filesIn(directory)).toEqual([]);
});

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });

test('where what was decrypted can\'t be removed, the run ends as it would have, names the directory, and the next run removes it', async () => {
  const directory = tempDir('scratch');
  mount('-t', 'tmpfs', 'tmpfs', directory);
  try {
    const verifying = { args: ['verify', '--identity', key.file], config: { ...backupOf('sqlite'), ...scratchIn(directory) } };
    let ended: Ended | undefined;
    let left: string | undefined;
    // A busy machine may see the run end first: then nothing was left, and it is tried again.
    for (let attempt = 0; left === undefined && attempt < 10; attempt++) {
      mount('-o', 'remount,rw', directory);
      const running = await withPlaintext(directory, verifying);
      proxy.heal();
      // As soon as no file is open for writing: while the copy is examined.
      await until('the disk is read-only', 60_000, async () => {
        try {
          mount('-o', 'remount,ro', directory);
          return true;
        } catch {
          return false;
        }
      });
      ended = await running.ended;
      [left] = filesIn(directory);
    }
    expect(ended).toMatchObject({ code: 0 });
    expect(ended!.events.filter(({ event }) => event.startsWith('scratch.'))).toEqual([
      expect.objectContaining({ level: 'warn', event: 'scratch.left', message: expect.stringMatching(`^${path.join(directory, left!)} may have row data in it, and can't be removed (.*read-only.*): the next run removes it, or`) }),
    ]);

    mount('-o', 'remount,rw', directory);
    expect(await run(verifying.args, { ...verifying, env })).toMatchObject({ code: 0 });
    expect(filesIn(directory)).toEqual([]);
  } finally {
    execFileSync('umount', [directory]);
  }
});
