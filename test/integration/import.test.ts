import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { configOf, folder, postgres } from './_configs';
import { dumpWith, flip, hoursAgo, sha256sum } from './_import';
import { filesIn, list, run, RunOptions } from './_runner';
import { targetOf } from './restore/_postgres';
import { restore, restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { clientBin, PostgresServer, startPostgres } from './servers/postgres';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupConfig } from '../../src/contract/config';
import { backupId } from '../../src/contract/layout';
import { BackupRecord } from '../../src/contract/record';
import { openStore } from '../../src/runner/stores/open';
import { shellBlock } from '../pages';

/* The folder of a script that ran pg_dump every night, as the guide has it, and those of two well-known images. */

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

let pg: PostgresServer;
let s3: Versitygw;

beforeAll(async () => {
  [pg, s3] = await Promise.all([startPostgres({ major: 17 }), startVersitygw()]);
  await pg.psql('CREATE ROLE whispercache LOGIN PASSWORD \'whisper secret\'');
  await pg.psql('CREATE DATABASE other');
});
beforeEach(async () => {
  await pg.psql('DROP DATABASE IF EXISTS whispercache WITH (FORCE)');
  await pg.psql('CREATE DATABASE whispercache OWNER whispercache');
  await pg.psql('CREATE TABLE notes AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 5000) i; ALTER TABLE notes OWNER TO whispercache', 'whispercache');
});
afterAll(() => Promise.all([pg?.stop(), s3?.stop()]));

/** The command of the guide. */
const dump = (file: string, database = 'whispercache', ...more: readonly string[]) => dumpWith(pg, file, database, ...more);

const sumOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const contentOf = (directory: string) => readdirSync(directory).sort().map(file => {
  const there = path.join(directory, file);
  return [file, sumOf(there), statSync(there).mtimeMs];
});
const rows = (database = 'whispercache') => pg.psql('SELECT count(*), md5(string_agg(note, \',\' ORDER BY id)) FROM notes', database);

interface Place {
  readonly config: BackupConfig;
  readonly options: RunOptions;
  /** The store that is a folder. */
  readonly directory: string;
}

async function place(bucket: string, changes: Partial<BackupConfig> = {}): Promise<Place> {
  await s3.makeBucket(bucket);
  const directory = tempDir('volume');
  const { config: offsite, env } = s3Store(s3, bucket);
  const config = configOf({ name: 'whispercache', source: postgres(pg, 'whispercache'), stores: [folder(directory), offsite], ...changes });
  return { config, directory, options: { config, env: { ...env, POSTGRES_PASSWORD: pg.password } } };
}

function restoring({ config, options }: Place): RunOptions {
  return { ...options, config: restoreOf(config, targetOf(pg, 'whispercache')) };
}

/** As in `20261122`. */
function dayOf(file: string): string {
  const [, day] = /Archive created at (\S+)/.exec(execFileSync(path.join(clientBin(17), 'pg_restore'), ['--list', file], { encoding: 'utf8', env: { TZ: 'Etc/UTC' } }))!;
  return day!.replaceAll('-', '');
}

test('the folder of the guide is imported as it is: listed, verified and restored; a damaged file is named and not imported; nothing of it changes', async () => {
  const at = await place('guide');
  const old = tempDir('old-backups');
  const file = (name: string) => path.join(old, name);
  const [first, bare, flipped, cut, last] = [6, 5, 4, 3, 2].map(hours => hoursAgo(hours));
  for (const { id } of [first!, bare!, flipped!, cut!]) {
    await pg.psql(`COMMENT ON TABLE notes IS '${id}'`, 'whispercache'); // dumps of the same second are the same otherwise
    dump(file(`${id}.dump`));
  }
  const before = await rows();
  await pg.psql('INSERT INTO notes SELECT i, \'later\' FROM generate_series(5001, 6000) i', 'whispercache');
  const later = await rows();
  dump(file(`${last!.id}.dump`));
  await pg.psql('COMMENT ON TABLE notes IS NULL', 'whispercache');
  dump(file('backup.dump'));
  const byHandFile = `backup-${dayOf(file('backup.dump'))}.dump`;
  renameSync(file('backup.dump'), file(byHandFile));
  dump(file(`other_${last!.stamp}.dump`), 'other');
  for (const { id } of [first!, flipped!, last!]) sha256sum(old, `${id}.dump`, `${id}.sha256`);
  flip(file(`${flipped!.id}.dump`), length => length - 200);
  truncateSync(file(`${cut!.id}.dump`), statSync(file(`${cut!.id}.dump`)).size - 3000);
  writeFileSync(file('whispercache_latest.dump'), 'x');
  writeFileSync(file(`whispercache-${last!.stamp.replace('_', '-')}.sql.gz`), 'x');
  writeFileSync(file('README.txt'), 'x');
  const untouched = contentOf(old);

  const planned = await run(['import', '--from', old, '--dry-run', '--json'], at.options);
  expect(planned.code).toBe(11);
  expect(filesIn(at.directory)).toEqual([]);
  const files = JSON.parse(planned.stdout).files as readonly { file: string; outcome: string; reason: string | null }[];
  const outcomes = Object.fromEntries(files.map(each => [each.file, [each.outcome, each.reason]]));
  expect(outcomes).toEqual({
    [`${first!.id}.dump`]: ['would-be-imported', null],
    [`${bare!.id}.dump`]: ['would-be-imported', null],
    [`${flipped!.id}.dump`]: ['failed', expect.stringMatching(new RegExp(`^it has the SHA-256 [0-9a-f]{64}, and ${flipped!.id}\\.sha256 says [0-9a-f]{64}$`))],
    [`${cut!.id}.dump`]: ['failed', expect.stringMatching(/^it can't be read to its end by pg_restore/)],
    [`${last!.id}.dump`]: ['would-be-imported', null],
    [byHandFile]: ['would-be-imported', null],
    [`other_${last!.stamp}.dump`]: ['not-taken', 'it is of the database other, and whispercache is the backup of whispercache'],
    'whispercache_latest.dump': ['not-taken', expect.stringContaining('its name has no time in one of these forms')],
    [`whispercache-${last!.stamp.replace('_', '-')}.sql.gz`]: ['not-taken', expect.stringContaining('plain SQL')],
    'README.txt': ['not-taken', 'its name ends in none of .dump, .sql'],
  });

  const imported = await run(['import', '--from', old], at.options);
  expect(imported.code).toBe(11);
  expect(imported.result).toMatchObject({ event: 'import.finished', name: 'whispercache', from: old, timeZone: 'Etc/UTC' });
  expect(contentOf(old)).toEqual(untouched);

  const listed = await list(at.options);
  const byHand = listed.backups.at(-1)!.id;
  expect(listed.backups.map(({ id }) => id)).toEqual([first!.id, bare!.id, last!.id, byHand]);
  expect((await run(['list', '--log-format', 'text'], at.options)).stdout).toMatch(new RegExp(`${first!.id} +\\S+.* - +volume, offsite +ok, imported`));
  const record = JSON.parse(readFileSync(path.join(at.directory, `${first!.id}.json`), 'utf8')) as BackupRecord;
  expect(record).toMatchObject({
    source: { engine: 'postgres', serverVersion: expect.stringMatching(/^17\./), address: file(`${first!.id}.dump`), database: 'whispercache' },
    startedAt: first!.date.toISOString(),
    finishedAt: first!.date.toISOString(),
    tools: { pg_dump: expect.stringMatching(/^17\./) },
    artifacts: [{ file: `${first!.id}.dump`, sha256: sumOf(file(`${first!.id}.dump`)), compression: { algorithm: 'gzip', where: 'inside' }, counts: null }],
    stores: ['volume', 'offsite'],
    suspect: null,
    imported: { from: file(`${first!.id}.dump`), timeFrom: 'NAME_YYYYMMDD_HHMMSS, in Etc/UTC', checksumFile: `${first!.id}.sha256` },
  });
  expect((await run(['show', bare!.id, '--log-format', 'text'], at.options)).stdout).toContain('there was none beside it: it was read to its end');
  expect(await run(['verify', '--all'], at.options)).toMatchObject({ code: 0 });

  await pg.psql('DROP TABLE notes', 'whispercache');
  expect(await restore(restoring(at), first!.id)).toMatchObject({ code: 0 });
  expect(await rows()).toBe(before);
  expect(await restore(restoring(at))).toMatchObject({ code: 0 });
  expect(await rows()).toBe(later);

  // Once more: what is there stays as it is, and the next backup of our own is the latest.
  const again = await run(['import', '--from', old, '--json'], at.options);
  expect((JSON.parse(again.stdout).files as { outcome: string }[]).filter(({ outcome }) => outcome === 'already-there')).toHaveLength(4);
  expect(await run(['backup'], at.options)).toMatchObject({ code: 0 });
  expect((await list(at.options)).backups).toHaveLength(5);
});

test('from the prefix of a bucket, with names of postgres-backup-s3 in the zone that is given, and sealed as a backup is', async () => {
  const at = await place('sealed', { encryption: { recipients: [RECIPIENT] } });
  const old = tempDir('dumped');
  const local = new Date(Date.now() - 3_600_000 + 9 * 3_600_000); // in Tokyo
  const stamp = local.toISOString().slice(0, 19);
  const key = `whispercache_${stamp}.dump`;
  dump(path.join(old, 'a.dump'));
  const { config: there, env } = s3Store(s3, 'sealed', { prefix: 'old/nightly' });
  await openStore(there, env).put(key, Readable.from([readFileSync(path.join(old, 'a.dump'))]), null, new AbortController().signal);

  const ended = await run(['import', '--from', 's3://sealed/old/nightly/', '--zone', 'Asia/Tokyo', '--json'], at.options);
  expect(ended).toMatchObject({ code: 0 });
  const id = backupId('whispercache', new Date(`${stamp}+09:00`));
  expect(JSON.parse(ended.stdout).files).toEqual([expect.objectContaining({ file: key, outcome: 'imported', id, timeFrom: 'NAME_YYYY-MM-DDTHH:MM:SS, in Asia/Tokyo', checksumFile: null })]);
  expect(await list(at.options)).toMatchObject({ latest: id, backups: [{ artifacts: [{ file: `${id}.dump.age`, recipients: [RECIPIENT] }] }] });
});

test('plain SQL is not imported: the commands of the page restore it, and stop at one that was cut short', async () => {
  const at = await place('plain');
  const old = tempDir('plain-sql');
  const name = 'whispercache-20261122.sql.gz';
  dump(path.join(old, name), 'whispercache', '--format=plain');
  const refused = await run(['import', '--from', old, '--json'], at.options);
  expect(refused.code).toBe(15);
  expect(JSON.parse(refused.stdout).files).toEqual([expect.objectContaining({ file: name, outcome: 'not-taken', reason: expect.stringContaining('docs/how-to/import.md#restore-plain-sql') })]);

  const shell = (directory: string) => execFileSync('bash', ['-ec', shellBlock('gunzip --keep')], {
    cwd: directory, stdio: 'pipe', env: { PATH: `${clientBin(17)}:${process.env.PATH}`, PGHOST: 'localhost', PGPORT: String(pg.port), PGUSER: pg.superuser, PGPASSWORD: pg.password },
  });
  const cut = tempDir('cut-sql');
  const whole = gunzipSync(readFileSync(path.join(old, name)));
  writeFileSync(path.join(cut, name), gzipSync(whole.subarray(0, whole.length - 300)));
  expect(() => shell(cut)).toThrow();
  expect(await pg.psql('SELECT count(*) FROM pg_database WHERE datname = \'whispercache_20261122\'')).toBe('0');
  shell(old);
  expect(await rows('whispercache_20261122')).toBe(await rows());
});

test('a store of the backup itself, another engine, a zone that is none and a place without backups are refused', async () => {
  const at = await place('refused');
  const empty = tempDir('empty');
  const refused = async (options: RunOptions, ...args: readonly string[]) => {
    const { code, message } = await run(['import', ...args], options);
    return [code, message];
  };
  expect(await refused(at.options, '--from', at.directory)).toEqual([2, expect.stringContaining('is a store of the backup itself')]);
  expect(await refused(at.options, '--from', empty, '--zone', 'Mars/Olympus')).toEqual([2, expect.stringContaining('--zone takes a time zone')]);
  expect(await refused(at.options, '--from', empty)).toEqual([15, expect.stringContaining(`there is no backup of whispercache in ${empty} that can be imported`)]);
  expect(await refused(at.options, '--from', path.join(empty, 'none'))).toEqual([expect.any(Number), expect.stringContaining('none')]);
  const source = { engine: 'kubernetes', namespace: 'shop', secretNames: ['a'], configMapNames: [], labelSelector: null } as const;
  const secrets = { ...at.config, encryption: { recipients: [RECIPIENT] }, source };
  expect(await refused({ ...at.options, config: secrets }, '--from', empty)).toEqual([2, expect.stringContaining('nothing can be imported of Kubernetes Secrets')]);
  const folderOnly = { ...at.config, stores: [folder(at.directory)] };
  expect(await refused({ ...at.options, config: folderOnly }, '--from', 's3://bucket/x')).toEqual([2, expect.stringContaining('the backup has no S3 store')]);
});
