import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, folder, postgres, redis, sqlite } from './_configs';
import { backup, environmentOf, filesIn, list, programArgs, run, RunOptions } from './_runner';
import { drill, drillOf } from './drill/_drill';
import { damage, dumpOf, makeEverything, restoreOptions, Site } from './restore/_postgres';
import { backUpAndDamage, digestOf } from './restore/_redis';
import { artifactOf, cutShort, flipByte, restore, restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { PostgresServer, startPostgres } from './servers/postgres';
import { RedisServer, startRedis } from './servers/redis';
import { BackupConfig, DRILL_DATABASE, RestoreConfig } from '../../src/contract/config';
import { BackupRecord } from '../../src/contract/record';
import { aPair, opened, Pair, sealed } from '../runner/age/_age';

const home = tempDir('encryption');
let key: Pair;
let other: Pair;
let pg: PostgresServer;
let cache: RedisServer;

beforeAll(async () => {
  [key, other, pg, cache] = await Promise.all([aPair(), aPair(), startPostgres({ major: 17 }), startRedis()]);
});

afterAll(async () => {
  await Promise.all([pg?.stop(), cache?.stop()]);
  rmSync(home, { recursive: true, force: true });
});

/** The stock program. */
function age(args: readonly string[], input?: Buffer): Buffer {
  return execFileSync('age', args, { input, maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'ignore'] });
}

function sqliteConfig(changes: Partial<BackupConfig> = {}): BackupConfig {
  const file = path.join(tempDir('data'), 'app.db');
  execFileSync('sqlite3', [file, 'CREATE TABLE t (i INTEGER, x TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, hex(randomblob(20)) FROM n']);
  return configOf({ source: sqlite(file), stores: [folder(tempDir('volume'))], encryption: { recipients: [key.recipient] }, ...changes });
}

function sqliteOf({ source }: BackupConfig): string {
  return source.engine === 'sqlite' ? source.path : '';
}

function directoryOf({ stores: [store] }: BackupConfig): string {
  return store!.type === 's3' ? '' : store!.directory;
}

function restoring(config: BackupConfig, identityFile: string | null): RunOptions {
  const target = { engine: 'sqlite', path: sqliteOf(config), lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] } as const;
  return { config: { ...restoreOf(config, target), decryption: identityFile === null ? null : { identityFile } } };
}

const PASSPHRASE = 'open sesame';

/** Runs a program at a terminal, where somebody types the passphrase whenever one of the prompts has come, in their order. */
async function atTerminal(command: readonly string[], prompts: RegExp[], options: RunOptions = {}, typed = PASSPHRASE) {
  const quoted = command.map(word => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { env: { ...process.env, ...environmentOf(options) } });
  let shown = '';
  const waiting = [...prompts];
  child.stdout.on('data', chunk => {
    shown += chunk;
    if (waiting[0]?.test(shown)) {
      waiting.shift();
      child.stdin.write(typed + (typed < ' ' ? '' : '\r'));
    }
  });
  const [code] = await once(child, 'close');
  return { code: code as number, shown };
}

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

describe('SQLite', () => {
  let config: BackupConfig;
  let id: string;
  let content: string;

  beforeAll(async () => {
    config = sqliteConfig();
    content = dump(sqliteOf(config));
    ({ id } = await backup({ config }));
  });

  function dump(file: string): string {
    return execFileSync('sqlite3', [file, '.dump'], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  }

  test('comes back with an identity of the config, or one that is named', async () => {
    for (const again of [() => restore(restoring(config, key.file)), () => restore(restoring(config, null), '--identity', key.file)]) {
      execFileSync('sqlite3', [sqliteOf(config), 'DELETE FROM t']);
      expect(await again()).toMatchObject({ code: 0 });
      expect(dump(sqliteOf(config))).toBe(content);
    }
    const file = path.join(tempDir('laptop'), 'copy.db');
    expect(await run(['restore', '--to', file, '--identity', key.file], { config })).toMatchObject({ code: 0 });
    expect(dump(file)).toBe(content);
  });

  describe('with an identity that has a passphrase, as "age --passphrase" writes it', () => {
    let file: string;
    beforeAll(async () => {
      file = `${key.file}.age`;
      await atTerminal(['age', '--passphrase', '--output', file, key.file], [/Enter passphrase/, /Confirm passphrase/]);
    });

    test('the terminal is asked, and does not show what is typed', async () => {
      execFileSync('sqlite3', [sqliteOf(config), 'DELETE FROM t']);
      const { code, shown } = await atTerminal([...programArgs('restore'), '--yes', '--identity', file], [/Passphrase of .*age: /], restoring(config, null));
      expect([code, shown]).toEqual([0, expect.stringContaining(id)]);
      expect(shown).not.toContain(PASSPHRASE);
      expect(dump(sqliteOf(config))).toBe(content);
    });

    test('a wrong one changes nothing, nor does Ctrl+C; and where nobody can be asked the way out is told', async () => {
      const before = readFileSync(sqliteOf(config));
      const args = [...programArgs('restore'), '--yes', '--identity', file];
      const wrong = await atTerminal(args, [/Passphrase of/], restoring(config, null), 'wrong words');
      expect(wrong).toMatchObject({ code: 10, shown: expect.stringContaining('the passphrase is wrong') });
      expect(wrong.shown).not.toContain('wrong words');
      expect(await atTerminal(args, [/Passphrase of/], restoring(config, null), '\x03')).toMatchObject({ code: 143, shown: expect.stringContaining('no passphrase was given') });
      const nobody = await run(['restore', '--yes', '--identity', file], { ...restoring(config, null), through: ['setsid', '--wait'] });
      expect(nobody).toMatchObject({ code: 10, message: expect.stringContaining('there is no terminal to ask for it') });
      expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
    });
  });

  test.each<[string, () => string | null, number, () => string]>([
    ['without an identity', () => null, 10, () => `${id}.db.zst.age can be opened by ${key.recipient} only, and no identity is given: name the file with one of their identities (AGE-SECRET-KEY-1…) with --identity FILE`],
    ['with a wrong one', () => other.file, 14, () => `${id}.db.zst.age can be opened by ${key.recipient} only, and the identities in ${other.file} are those of ${other.recipient}`],
    ['with one that is not there', () => '/nowhere/identity', 10, () => 'the identity file can\'t be read'],
  ])('%s the restore fails before anything has happened, and says who can', async (_name, identityFile, code, message) => {
    const before = readFileSync(sqliteOf(config));
    const files = filesIn(path.dirname(sqliteOf(config)));
    for (const args of [[], ['--dry-run']]) {
      const ended = await restore(restoring(config, identityFile()), ...args);
      expect([ended.code, ended.message]).toEqual([code, expect.stringContaining(message())]);
      expect(ended.message).toMatch(/Nothing was changed$/);
    }
    expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
    expect(filesIn(path.dirname(sqliteOf(config)))).toEqual(files);
  });

  test('verify reads digests without an identity and says so, and all of it with one', async () => {
    const blind = await run(['verify'], { config });
    expect(blind).toMatchObject({ code: 0, message: expect.stringContaining('it is encrypted: to read what is in it, name the file with one of its identities with --identity FILE') });
    const elsewhere = await run(['verify'], restoring(config, '/nowhere/identity')); // the config of a pod, read on a laptop
    expect(elsewhere).toMatchObject({ code: 0, message: blind.message });
    const seeing = await run(['verify', '--identity', key.file], { config });
    expect(seeing).toMatchObject({ code: 0, events: [] });
    const wrong = await run(['verify', '--identity', other.file], { config });
    expect([wrong.code, wrong.stdout]).toEqual([14, expect.stringContaining('it is sealed to another recipient')]);
  });

  test('fetch copies it as it is, or decrypted, and overwrites nothing', async () => {
    const to = tempDir('laptop');
    const options: RunOptions = { config };
    expect(await run(['fetch', '--to', to], options)).toMatchObject({ code: 0, stdout: expect.stringContaining('age --decrypt') });
    expect(await run(['fetch', '--to', to, '--decrypt', '--identity', key.file], options)).toMatchObject({ code: 0 });
    expect(filesIn(to)).toEqual([`${id}.db.zst`, `${id}.db.zst.age`, `${id}.sha256`]);
    expect(age(['--decrypt', '--identity', key.file, path.join(to, `${id}.db.zst.age`)]).equals(readFileSync(path.join(to, `${id}.db.zst`)))).toBe(true);
    expect(await run(['fetch', '--to', to, '--decrypt', '--identity', key.file], options)).toMatchObject({ code: 2, message: expect.stringContaining('is not overwritten') });
    const empty = tempDir('laptop');
    expect(await run(['fetch', '--to', empty, '--decrypt'], options)).toMatchObject({ code: 10 });
    expect(await run(['fetch', '--to', empty, '--decrypt', '--identity', other.file], options)).toMatchObject({ code: 14 });
    expect(filesIn(empty)).toEqual([]);
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
