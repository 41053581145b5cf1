import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, postgres, redis, sqlite } from './_configs';
import { backup, filesIn, list, run, RunOptions, start } from './_runner';
import { drillOf, postgresTarget } from './drill/_drill';
import { fakeProgram } from './restore/_postgres';
import { restore, restoreOf } from './restore/_restore';
import { tempDir, until } from './servers/_process';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { BackupConfig, DatabaseConfig, SetTargetConfig } from '../../src/contract/config';
import { targetOf } from '../../src/runner/config/engines/table';

/* One application, three databases, one record. */

let pg: PostgresServer;
let cache: RedisServer;
let number = 0;

beforeAll(async () => {
  [pg, cache] = await Promise.all([startPostgres({ major: 17 }), startRedis()]);
});

afterAll(async () => {
  await Promise.all([pg?.stop(), cache?.stop()]);
});

interface Shop {
  readonly database: string;
  readonly file: string;
  readonly directory: string;
  readonly config: BackupConfig;
  readonly options: RunOptions;
  restoring(change?: (target: SetTargetConfig) => SetTargetConfig): RunOptions;
  /** What the three databases hold. */
  state(): Promise<[orders: string, visitors: string, notes: unknown]>;
}

/** An application with data in all three databases. */
async function openShop(members: { readonly [member: string]: DatabaseConfig } = {}): Promise<Shop> {
  const database = `shop${++number}`;
  await pg.psql(`CREATE DATABASE ${database}`);
  await pg.psql('CREATE TABLE orders AS SELECT generate_series(1, 100) AS id', database);
  await cache.cli(['flushall']);
  await cache.cli(['set', 'visitors', '42']);
  const file = path.join(tempDir('shop'), 'notes.db');
  const notes = new DatabaseSync(file);
  notes.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (\'first\')');
  notes.close();
  const directory = tempDir('volume');
  const source = { engine: 'set' as const, members: { db: postgres(pg, database), cache: redis(cache), notes: sqlite(file) as DatabaseConfig, ...members } };
  const config = configOf({ name: 'shop', source, stores: [folder(directory)] });
  const env = { POSTGRES_PASSWORD: pg.password };
  const target = targetOf(source) as SetTargetConfig;
  return {
    database,
    file,
    directory,
    config,
    options: { config, env },
    restoring: (change = given => given) => ({ config: restoreOf(config, change(target)), env }),
    state: async () => [
      await pg.psql('SELECT count(*) FROM orders', database),
      await cache.cli(['get', 'visitors']),
      query(file, 'SELECT group_concat(text) AS texts FROM notes'),
    ],
  };
}

async function damage({ database, file }: Shop): Promise<void> {
  await pg.psql('DELETE FROM orders WHERE id > 10', database);
  await cache.cli(['set', 'visitors', '0']);
  const notes = new DatabaseSync(file);
  notes.exec('UPDATE notes SET text = \'overwritten\'');
  notes.close();
}

function query(file: string, sql: string): unknown {
  const database = new DatabaseSync(file);
  const row = database.prepare(sql).get();
  database.close();
  return row?.texts;
}

test('a set is one backup: listed, verified and fetched as such, and restored as a whole', async () => {
  const shop = await openShop();
  const before = await shop.state();
  expect(before).toEqual(['100', '42', 'first']);
  const { id } = await backup(shop.options);

  expect(filesIn(shop.directory)).toEqual([
    `${id}.cache.rdb.zst`, `${id}.db.dump`, `${id}.db.globals.sql.zst`, `${id}.json`, `${id}.notes.db.zst`, `${id}.sha256`,
  ]);
  const { backups: [listed] } = await list(shop.options);
  expect(listed).toMatchObject({ id, source: { engine: 'set' }, members: { db: { engine: 'postgres' }, cache: { engine: 'redis' }, notes: { engine: 'sqlite' } } });
  expect(await run(['verify'], shop.options)).toMatchObject({ code: 0 });

  await damage(shop);
  const ended = await restore(shop.restoring());
  expect(ended).toMatchObject({ code: 0, result: { event: 'restore.finished', id } });
  expect(await shop.state()).toEqual(before);

  expect(await run(['rollback', '--yes'], shop.restoring())).toMatchObject({ code: 0 });
  expect(await shop.state()).toEqual(['10', '0', 'overwritten']);
});

test('a rollback that one member prevents is none: it can be run once more', async () => {
  const shop = await openShop();
  const before = await shop.state();
  await backup(shop.options);
  await damage(shop);
  expect(await restore(shop.restoring())).toMatchObject({ code: 0 });

  const user = new DatabaseSync(shop.file);
  user.exec('BEGIN EXCLUSIVE');
  const prevented = await start(['rollback', '--yes'], shop.restoring()).ended; // the lock is another process's
  user.close();
  expect(prevented.code).toBe(20);
  expect(prevented.message).toMatch(/notes: .*Run the rollback once more when that is mended\. db: .*, as before; cache: .*, as before; notes: sqlite \S+ is as it was$/s);
  expect(await shop.state()).toEqual(before);

  expect(await run(['rollback', '--yes'], shop.restoring())).toMatchObject({ code: 0 });
  expect(await shop.state()).toEqual(['10', '0', 'overwritten']);
});

test('a member can be restored alone', async () => {
  const shop = await openShop();
  await backup(shop.options);
  await damage(shop);
  expect(await restore(shop.restoring(({ members }) => ({ engine: 'set', members: { notes: members.notes! } })))).toMatchObject({ code: 0 });
  expect(await shop.state()).toEqual(['10', '0', 'first']);
});

test.each<[string, { readonly [member: string]: DatabaseConfig }, number]>([
  ['can\'t be reached', { cache: redis({ host: '127.0.0.1', port: 1 }) }, 20],
  ['is not there', { notes: sqlite('/nowhere/notes.db') as DatabaseConfig }, 15],
])('a member that %s: the set is not there, and no part of it', async (_what, members, code) => {
  const shop = await openShop(members);
  const ended = await run(['backup'], shop.options);
  expect(ended).toMatchObject({ code });
  expect(ended.message).toContain('no backup of shop was taken');
  expect(filesIn(shop.directory).filter(name => !name.endsWith('.failed.json'))).toEqual([]);
});

test('a drill rehearses one member of the set', async () => {
  const shop = await openShop();
  const { id } = await backup(shop.options);
  const scratch = await startPostgres({ major: 17 });
  try {
    const config = { ...drillOf(shop.config, postgresTarget(scratch, shop.database, { user: scratch.superuser })), member: 'db' };
    const ended = await run(['drill'], { config, env: { SCRATCH_PASSWORD: scratch.password } });
    expect(ended).toMatchObject({ code: 0 });
    const [key] = filesIn(shop.directory).filter(name => name.endsWith('.drill.json'));
    expect(JSON.parse(readFileSync(path.join(shop.directory, key!), 'utf8'))).toMatchObject({ name: 'shop', member: 'db', backup: id, outcome: 'passed', items: 100 });
  } finally {
    await scratch.stop();
  }
});

test('one member is empty all of a sudden: the set is suspect, and says which', async () => {
  const shop = await openShop();
  await backup(shop.options);
  await cache.cli(['flushall']);
  const ended = await run(['backup'], shop.options);
  expect(ended).toMatchObject({ code: 13 });
  expect(ended.stderr).toContain('cache: the source is empty');
});

test('a member fails its check: those before it are rolled back, and it is said what each of them holds', async () => {
  const shop = await openShop();
  await backup(shop.options);
  await damage(shop);
  const failing = shop.restoring(({ members }) => ({
    engine: 'set', members: { db: members.db!, cache: members.cache!, notes: { ...members.notes!, assertions: ['SELECT count(*) > 100 FROM notes'] } as typeof members.notes & object },
  }));
  const ended = await restore(failing);
  expect(ended.code).not.toBe(0);
  expect(ended.message).toMatch(/notes: .*SELECT count\(\*\) > 100 FROM notes.*db: .*as before.*cache: .*as before.*notes: .*as it was/s);
  expect(await shop.state()).toEqual(['10', '0', 'overwritten']);
});

test('a restore that fails leaves alone what another one has restored meanwhile, and says so', async () => {
  const shop = await openShop();
  const before = await shop.state();
  await backup(shop.options);
  await damage(shop);
  const databaseLast = shop.restoring(({ members: { db, cache: server, notes } }) => ({ engine: 'set', members: { notes: notes!, cache: server!, db: db! } }));
  const [reached, go] = ['reached', 'go'].map(name => path.join(tempDir('mark'), name)) as [string, string];
  const failing = start(['restore', '--yes'], { ...databaseLast, path: fakeProgram('pg_restore', `touch ${reached}; until [ -e ${go} ]; do sleep 0.1; done; exit 1`) });
  await until('it has come to its last member', 60_000, () => Promise.resolve(existsSync(reached)));
  expect(await restore(databaseLast)).toMatchObject({ code: 0 });
  writeFileSync(go, '');
  const ended = await failing.ended;
  expect(ended.code).not.toBe(0);
  const left = '.* since another restore has begun meanwhile, which has kept .*: let it end, and look at what it has restored';
  expect(ended.message).toMatch(new RegExp(`notes: ${left}; cache: ${left}; db: .*`, 's'));
  expect(await shop.state()).toEqual(before);
});

test('what can\'t work is found before anything is changed, for all members at once', async () => {
  const shop = await openShop();
  await backup(shop.options);
  await damage(shop);
  const ended = await restore(shop.restoring(({ members }) => ({
    engine: 'set', members: { db: { ...members.db!, port: 1 } as typeof members.db & object, cache: members.cache!, notes: members.notes! },
  })));
  expect(ended.code).toBe(20);
  expect(await shop.state()).toEqual(['10', '0', 'overwritten']);
});
