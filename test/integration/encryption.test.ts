import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, folder, postgres, redis, sqlite } from './_configs';
import { age, directoryOf, home, key, makeKeys, other, removeKeys, restoring, sqliteConfig, sqliteOf } from './_encryption';
import { backup, filesIn, list, run, RunOptions } from './_runner';
import { drill, drillOf } from './drill/_drill';
import { damage, dumpOf, makeEverything, restoreOptions, Site } from './restore/_postgres';
import { backUpAndDamage, digestOf } from './restore/_redis';
import { artifactOf, cutShort, flipByte, restore } from './restore/_restore';
import { tempDir } from './servers/_process';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { BackupConfig, DRILL_DATABASE, RestoreConfig } from '../../src/contract/config';
import { BackupRecord } from '../../src/contract/record';
import { opened, sealed } from '../runner/age/_age';

let pg: PostgresServer;
let cache: RedisServer;

beforeAll(async () => {
  [pg, cache] = await Promise.all([startPostgres({ major: 17 }), startRedis(), makeKeys()]);
});

afterAll(async () => {
  await Promise.all([pg?.stop(), cache?.stop()]);
  removeKeys();
});

test('a drill opens an encrypted backup with its identity, and fails without one, and with another', async () => {
  const config = sqliteConfig();
  const { id } = await backup({ config });
  const scratch = tempDir('scratch');
  const target = { engine: 'sqlite', path: path.join(scratch, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 5, keepPrevious: false, assertions: [] } as const;
  const drilled = (identityFile: string | null) => drill(drillOf(config, target, {
    scratch: { directory: scratch, limitBytes: null }, decryption: identityFile === null ? null : { identityFile },
  }));
  expect(await drilled(key.file)).toMatchObject({ code: 0, record: { backup: id, outcome: 'passed', items: 5000 } });
  expect(await drilled(null)).toMatchObject({ code: 10, record: { outcome: 'failed', faults: [expect.stringContaining('no identity is given')] } });
  expect(await drilled(other.file)).toMatchObject({ code: 14, record: { outcome: 'failed' } });
  expect(filesIn(scratch)).toEqual([]);
});

describe('the stock age program', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 10_000_000])('opens %i bytes that we have sealed, and we what it has', async bytes => {
    const plain = randomBytes(bytes);
    const ours = path.join(home, `ours-${bytes}`);
    writeFileSync(ours, await sealed(plain, [other.recipient, key.recipient]));
    expect(age(['--decrypt', '--identity', key.file, ours]).equals(plain)).toBe(true);
    expect((await opened(age(['--recipient', key.recipient, '--recipient', other.recipient], plain), key)).equals(plain)).toBe(true);
  });

  test('opens a backup, and what is in it is the database', async () => {
    const config = sqliteConfig();
    const { id } = await backup({ config });
    const file = artifactOf(directoryOf(config), id);
    expect(path.basename(file)).toBe(`${id}.db.zst.age`);
    const database = execFileSync('zstd', ['--decompress', '--stdout'], { input: age(['--decrypt', '--identity', key.file, file]), maxBuffer: 2 ** 30 });
    expect(database.subarray(0, 15).toString()).toBe('SQLite format 3');
    // Whoever has no identity can still see that the file is whole.
    execFileSync('sha256sum', ['-c', `${id}.sha256`], { cwd: directoryOf(config) });
  });
});

test('a record says to whom its artifacts are sealed, and no file has anything of the content', async () => {
  const config = sqliteConfig({ encryption: { recipients: [key.recipient, other.recipient] }, compression: { algorithm: 'none', level: 0 } });
  execFileSync('sqlite3', [sqliteOf(config), 'INSERT INTO t VALUES (0, \'planted-in-the-data\')']);
  const { id } = await backup({ config });
  const directory = directoryOf(config);
  const record = JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8')) as BackupRecord;
  expect(record.artifacts).toMatchObject([{ file: `${id}.db.age`, recipients: [key.recipient, other.recipient] }]);
  expect(record.artifacts[0]!.bytes).toBe(readFileSync(artifactOf(directory, id)).length);
  for (const file of filesIn(directory)) expect(readFileSync(path.join(directory, file)).includes('planted-in-the-data')).toBe(false);
});

test('PostgreSQL: roles and database come back, as a stream, from a file with two jobs, and read twice', async () => {
  await makeEverything(pg, 'shop', 17);
  const before = await dumpOf(pg, 'shop');
  const directory = tempDir('volume');
  const scratch = { directory: tempDir('scratch'), limitBytes: null };
  const backupConfig = configOf({ source: postgres(pg, 'shop'), stores: [folder(directory)], encryption: { recipients: [key.recipient] }, scratch });
  const env = { POSTGRES_PASSWORD: pg.password };
  const { id, artifacts } = await backup({ config: backupConfig, env });
  expect(artifacts.map(({ file }) => file).sort()).toEqual([`${id}.dump.age`, `${id}.globals.sql.zst.age`]);
  const site: Site = { server: pg, database: 'shop', directory, id, backupConfig, env };
  const decryption = { identityFile: key.file };
  for (const options of [
    restoreOptions(site, {}, { decryption }),
    restoreOptions(site, { parallelJobs: 2 }, { decryption }),
    restoreOptions(site, {}, { decryption, scratch: { ...scratch, limitBytes: 16 * 1024 * 1024 + 1 } }), // no room for anything
  ]) {
    await damage(pg, 'shop');
    const ended = await restore(options);
    expect([ended.code, ended.message]).toEqual([0, expect.anything()]);
    expect(await dumpOf(pg, 'shop')).toBe(before);
    expect(filesIn(scratch.directory)).toEqual([]);
  }
});

test('Redis: it comes back, and what was there before is sealed as well', async () => {
  const { digest, directory, options, restoring: ofRedis } = await backUpAndDamage(cache);
  const config = { ...options.config as BackupConfig, encryption: { recipients: [key.recipient] }, source: redis(cache) };
  const damaged = await digestOf(cache);
  expect(damaged).not.toBe(digest);
  const { id } = await backup({ config });
  await cache.cli(['set', 'key:1', 'changed']);
  const target = { config: { ...ofRedis().config as RestoreConfig, decryption: { identityFile: key.file }, encryption: config.encryption } };
  const ended = await restore(target);
  expect([ended.code, ended.message]).toEqual([0, expect.anything()]);
  expect(ended.result).toMatchObject({ id });
  expect(await digestOf(cache)).toBe(damaged);
  const safety = (await list({ config })).backups.find(({ suspect }) => String(suspect).endsWith(id))!;
  expect(safety.artifacts).toMatchObject([{ file: `${safety.id}.rdb.zst.age`, recipients: [key.recipient] }]);
  expect(existsSync(path.join(directory, `${safety.id}.rdb.zst.age`))).toBe(true);

  // The way back needs the identity too.
  const refused = await run(['rollback', '--yes'], { config: { ...target.config, decryption: null } });
  expect([refused.code, refused.message]).toEqual([10, expect.stringContaining(`can be opened by ${key.recipient} only, and no identity is given`)]);
  expect(await digestOf(cache)).toBe(damaged);
  expect(await run(['rollback', '--yes', '--identity', key.file], { config: { ...target.config, decryption: null } })).toMatchObject({ code: 0 });
  expect(await cache.cli(['get', 'key:1'])).toContain('changed');
});

/** What somebody makes of a record who can write to the store. */
function plant(directory: string, id: string, changes: (record: any) => void): void {
  const file = path.join(directory, `${id}.json`);
  const record = JSON.parse(readFileSync(file, 'utf8'));
  changes(record);
  writeFileSync(file, JSON.stringify(record));
}

describe('the safety backup is sealed to the recipients of the config, whatever the record says that is restored', () => {
  /** Restores, and returns the recipients of the safety backup, which are those that its bytes are sealed to. */
  async function safetyOf(options: RunOptions, directory: string, id: string): Promise<readonly string[]> {
    const ended = await restore(options);
    expect([ended.code, ended.message]).toEqual([0, expect.anything()]);
    const isSealed = readFileSync(path.join(directory, `${id}.json`), 'utf8').includes('recipients');
    expect(ended.events.some(({ event }) => event === 'backup.unsealed')).toBe(!isSealed);
    const { id: safety } = (await list(options)).backups.filter(({ suspect }) => String(suspect).endsWith(id)).at(-1)!;
    const artifact = artifactOf(directory, String(safety));
    expect(() => age(['--decrypt', '--identity', other.file, artifact])).toThrow();
    expect(age(['--decrypt', '--identity', key.file, artifact]).length).toBeGreaterThan(0);
    return (JSON.parse(readFileSync(path.join(directory, `${safety}.json`), 'utf8')) as BackupRecord).artifacts.map(({ recipients }) => recipients!.join());
  }

  async function planted(server: 'redis' | 'postgres'): Promise<{ options: RunOptions; directory: string; id: string }> {
    const encryption = { recipients: [key.recipient] };
    const decryption = { identityFile: key.file };
    if (server === 'redis') {
      const { directory, options, restoring: ofRedis } = await backUpAndDamage(cache);
      const config = { ...options.config as BackupConfig, encryption, source: redis(cache) };
      return { directory, id: (await backup({ config })).id, options: { config: { ...ofRedis().config, decryption, encryption } } };
    }
    await pg.psql('create database planted');
    await pg.psql('create table t as select 1 as i', 'planted');
    const directory = tempDir('volume');
    const backupConfig = configOf({ source: postgres(pg, 'planted'), stores: [folder(directory)], encryption });
    const env = { POSTGRES_PASSWORD: pg.password };
    const { id } = await backup({ config: backupConfig, env });
    return { directory, id, options: restoreOptions({ server: pg, database: 'planted', directory, id, backupConfig, env }, { mode: 'in-place' }, { decryption }) };
  }

  test.each(['redis', 'postgres'] as const)('%s: a record with one more recipient, and one that says nothing of encryption', async server => {
    const { options, directory, id } = await planted(server);
    plant(directory, id, record => {
      for (const artifact of record.artifacts) artifact.recipients = [other.recipient, key.recipient];
    });
    expect(new Set(await safetyOf(options, directory, id))).toEqual(new Set([key.recipient]));
    plant(directory, id, record => {
      for (const artifact of record.artifacts) {
        const file = path.join(directory, artifact.file);
        const plain = age(['--decrypt', '--identity', key.file, file]);
        writeFileSync(file, plain);
        Object.assign(artifact, { recipients: undefined, bytes: plain.length, sha256: createHash('sha256').update(plain).digest('hex') });
      }
    });
    expect(new Set(await safetyOf(options, directory, id))).toEqual(new Set([key.recipient]));
  });

  test.each(['redis', 'postgres'] as const)('%s: without recipients an encrypted backup is not restored, and the plan says so', async server => {
    if (server === 'postgres') await pg.psql('drop database planted');
    const { options, id } = await planted(server);
    const config = { ...options.config as RestoreConfig, encryption: null };
    for (const args of [['restore', '--dry-run'], ['restore', '--yes']]) {
      const ended = await run(args, { ...options, config });
      expect(ended.code).toBe(10);
      expect(ended.stdout + ended.message).toContain(`would not be encrypted, and ${id} is: set 'encryption' of the RestoreJob`);
    }
    expect(await run(['restore', '--yes', '--no-safety-backup'], { ...options, config })).toMatchObject({ code: 0 });
  });
});

test('after a change of keys old backups are read with the old identity, and all of them with both in one file', async () => {
  const config = sqliteConfig();
  const { id: old } = await backup({ config });
  const rotated = { ...config, encryption: { recipients: [other.recipient] } };
  const { id: current } = await backup({ config: rotated });
  const both = path.join(home, 'both');
  writeFileSync(both, `${other.identity}\n${key.identity}\n`);
  const cases = [
    [old, key.file, 0], [old, other.file, 14], [current, other.file, 0], [current, key.file, 14], [old, both, 0], [current, both, 0],
  ] as const;
  for (const [id, file, code] of cases) {
    expect([id, await run(['restore', id, '--yes'], restoring(rotated, file))]).toEqual([id, expect.objectContaining({ code })]);
  }
  expect(await run(['verify', '--all', '--identity', both], { config: rotated })).toMatchObject({ code: 0 });
});

test.each([['a flipped bit', flipByte, 11], ['a last byte cut off', cutShort, 15]])('%s in the only copy is found before the target changes', async (_name, harm, code) => {
  const config = sqliteConfig();
  const { id } = await backup({ config });
  harm(directoryOf(config), id);
  const before = readFileSync(sqliteOf(config));
  const ended = await restore(restoring(config, key.file));
  expect(ended.code).toBe(code);
  expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
});

test('what somebody has encrypted anew and put in its place, record and all, is refused unless it is a database', async () => {
  const config = sqliteConfig({ compression: { algorithm: 'none', level: 0 } });
  const { id } = await backup({ config });
  const directory = directoryOf(config);
  const forged = await sealed(Buffer.from('not a database'), [key.recipient]);
  const recordFile = path.join(directory, `${id}.json`);
  const record = JSON.parse(readFileSync(recordFile, 'utf8'));
  Object.assign(record.artifacts[0], { bytes: forged.length, sha256: execFileSync('sha256sum', { input: forged }).toString().slice(0, 64) });
  writeFileSync(artifactOf(directory, id), forged);
  writeFileSync(recordFile, JSON.stringify(record));
  const before = readFileSync(sqliteOf(config));
  expect(await restore(restoring(config, key.file))).toMatchObject({ code: 11 });
  expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
});

test('a mistyped recipient fails before anything is stored', async () => {
  const mistyped = key.recipient.slice(0, -1) + (key.recipient.endsWith('q') ? 'p' : 'q');
  const config = sqliteConfig({ encryption: { recipients: [mistyped] } });
  const ended = await run(['backup'], { config });
  expect([ended.code, ended.message]).toEqual([10, expect.stringContaining(`${mistyped} in the config is no recipient of age`)]);
  expect(filesIn(directoryOf(config)).filter(name => !name.endsWith('.failed.json'))).toEqual([]);
});

test('a backup that is larger than the memory it may have is sealed, verified and opened', async () => {
  const file = path.join(tempDir('data'), 'large.db');
  execFileSync('sqlite3', [file, 'CREATE TABLE t (x BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO t SELECT randomblob(1000000) FROM n']);
  const directory = tempDir('volume');
  const config = configOf({ source: sqlite(file), stores: [folder(directory)], encryption: { recipients: [key.recipient] }, compression: { algorithm: 'none', level: 0 } });
  const peak = path.join(home, 'peak');
  const measured: RunOptions = { config, through: ['python3', '-c', MEASURE, peak] };
  expect(await run(['backup'], measured)).toMatchObject({ code: 0 });
  expect(await run(['verify', '--identity', key.file], measured)).toMatchObject({ code: 0 });
  for (const kilobytes of readFileSync(peak, 'utf8').trim().split('\n').map(Number)) expect(kilobytes).toBeLessThan(250_000);
});

/** Runs a command and appends the most memory that it had, in kB, to a file. */
const MEASURE = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], 'a').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) + '\\n')
sys.exit(code)`;
