import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { configOf, folder, postgres } from './_configs';
import { dumpWith, flip, hoursAgo, importFrom, sha256sum } from './_import';
import { filesIn, list, run, RunOptions } from './_runner';
import { targetOf } from './restore/_postgres';
import { restore, restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { clientBin, PostgresServer, startPostgres } from './servers/postgres';
import { BackupConfig } from '../../src/contract/config';
import { BackupRecord } from '../../src/contract/record';

/* Archives of pg_dump that scripts have compressed once more, and those that postgres-backup-local calls .sql.gz. */

let pg: PostgresServer;

beforeAll(async () => {
  pg = await startPostgres({ major: 17 });
  await pg.psql('CREATE DATABASE whispercache');
  await pg.psql('CREATE TABLE notes AS SELECT i AS id, md5(i::text) AS note FROM generate_series(1, 5000) i', 'whispercache');
});
afterAll(() => pg?.stop());

const dump = (file: string, ...more: readonly string[]) => dumpWith(pg, file, 'whispercache', ...more);
const rows = () => pg.psql('SELECT count(*), md5(string_agg(note, \',\' ORDER BY id)) FROM notes', 'whispercache');

interface Place {
  readonly old: string;
  readonly directory: string;
  readonly config: BackupConfig;
  readonly options: RunOptions;
}

function place(): Place {
  const [old, directory] = [tempDir('old-backups'), tempDir('volume')];
  const config = configOf({ name: 'whispercache', source: postgres(pg, 'whispercache'), stores: [folder(directory)] });
  return { old, directory, config, options: { config, env: { POSTGRES_PASSWORD: pg.password } } };
}

test('archives that are compressed as a whole are imported as what is in them, whatever their names end in; their .sha256 is of either', async () => {
  const at = place();
  const file = (name: string) => path.join(at.old, name);
  const plain = path.join(tempDir('dumped'), 'a.dump');
  dump(plain, '--compress=0');
  const [gzipped, zstd, misnamed, bare] = [hoursAgo(8), hoursAgo(7), hoursAgo(6), hoursAgo(5)];
  const [inside, script, otherScript] = [hoursAgo(4), hoursAgo(3), hoursAgo(2)];
  execFileSync('bash', ['-c', `gzip < ${plain} > ${file(`${gzipped.id}.dump.gz`)}`]);
  sha256sum(at.old, `${gzipped.id}.dump.gz`, `${gzipped.id}.dump.gz.sha256`);
  execFileSync('zstd', ['--quiet', plain, '-o', file(`${zstd.id}.dump.zst`)]);
  // Taken before it was compressed.
  writeFileSync(file(`${zstd.id}.dump.sha256`), execFileSync('sha256sum', [plain], { encoding: 'utf8' }).replace(plain, `${zstd.id}.dump`));
  await pg.psql('COMMENT ON TABLE notes IS \'another night\'', 'whispercache'); // dumps of the same second are the same otherwise
  const more = path.join(tempDir('dumped'), 'b.dump');
  dump(more, '--compress=1');
  writeFileSync(file(`${misnamed.id}.dump`), gzipSync(readFileSync(more)));
  await pg.psql('COMMENT ON TABLE notes IS \'a third\'', 'whispercache');
  dump(file(`whispercache-${bare.stamp.replace('_', '-')}.sql.gz`), '-Z1');
  writeFileSync(file(`${inside.id}.sql.gz`), gzipSync(readFileSync(file(`whispercache-${bare.stamp.replace('_', '-')}.sql.gz`))));
  dump(file(`${script.id}.dump`), '--format=plain');
  dump(file(`${otherScript.id}.sql.gz`), '--format=plain');
  const before = await rows();

  expect(await importFrom(at.old, at.options)).toEqual({
    code: 0,
    files: {
      [`${gzipped.id}.dump.gz`]: ['imported', gzipped.id],
      [`${zstd.id}.dump.zst`]: ['imported', zstd.id],
      [`${misnamed.id}.dump`]: ['imported', misnamed.id],
      [`whispercache-${bare.stamp.replace('_', '-')}.sql.gz`]: ['imported', bare.id],
      [`${inside.id}.sql.gz`]: ['imported', inside.id],
      [`${script.id}.dump`]: ['not-taken', expect.stringContaining('it is plain SQL')],
      [`${otherScript.id}.sql.gz`]: ['not-taken', expect.stringContaining('docs/how-to/import.md#restore-plain-sql')],
    },
  });
  const record = ({ id }: Ago) => JSON.parse(readFileSync(path.join(at.directory, `${id}.json`), 'utf8')) as BackupRecord;
  expect(readFileSync(path.join(at.directory, `${gzipped.id}.dump`))).toEqual(readFileSync(plain));
  expect(record(gzipped).imported).toMatchObject({ checksumFile: `${gzipped.id}.dump.gz.sha256`, sha256: readFileSync(file(`${gzipped.id}.dump.gz.sha256`), 'utf8').slice(0, 64) });
  expect(record(zstd).imported!.checksumFile).toBe(`${zstd.id}.dump.sha256`);
  expect(record(inside).artifacts).toMatchObject([{ file: `${inside.id}.dump`, compression: { algorithm: 'gzip', where: 'inside' } }]);
  expect(await run(['verify', '--all'], at.options)).toMatchObject({ code: 0 });
  for (const { id } of [gzipped, inside]) {
    await pg.psql('DROP TABLE notes', 'whispercache');
    expect(await restore({ ...at.options, config: restoreOf(at.config, targetOf(pg, 'whispercache')) }, id)).toMatchObject({ code: 0 });
    expect(await rows()).toBe(before);
  }
});

test('compressed archives that are cut short, flipped, followed by something, or not those of their checksum are refused by name, and nothing is stored', async () => {
  const at = place();
  const plain = path.join(tempDir('dumped'), 'a.dump');
  dump(plain, '--compress=0');
  const good = gzipSync(readFileSync(plain));
  const names = [9, 8, 7, 6, 5, 4].map(hours => `${hoursAgo(hours).id}.dump.gz`) as [string, string, string, string, string, string];
  const put = (name: string, bytes: Buffer) => writeFileSync(path.join(at.old, name), bytes);
  const [cut, flipped, followed, padded, other, cutInside] = names;
  put(cut, good.subarray(0, -5));
  put(flipped, good);
  flip(path.join(at.old, flipped), length => length - 300);
  put(followed, Buffer.concat([good, Buffer.from('rest of a disk')]));
  put(padded, Buffer.concat([good, Buffer.alloc(1024)]));
  put(other, good);
  writeFileSync(path.join(at.old, `${other}.sha256`), `${'0'.repeat(64)}  ${other}\n`);
  put(cutInside, gzipSync(readFileSync(plain).subarray(0, -3000)));

  const undecompressible = ['failed', expect.stringMatching(/^it can't be decompressed \(.+\): it is cut short or damaged$/)];
  expect(await importFrom(at.old, at.options)).toEqual({
    code: 11,
    files: {
      [cut]: undecompressible,
      [flipped]: undecompressible,
      [followed]: undecompressible,
      [padded]: ['failed', `something follows its gzip data, which end after ${good.length} bytes: if "gzip --test" has nothing against it, decompress it, and import that`],
      [other]: ['failed', expect.stringMatching(new RegExp(`^it has the SHA-256 [0-9a-f]{64}, and ${other}\\.sha256 says 0{64}$`))],
      [cutInside]: ['failed', expect.stringMatching(/^it can't be read to its end by pg_restore/)],
    },
  });
  expect(filesIn(at.directory)).toEqual([]);
});

test('of postgres-backup-local with -Fc, a file that is linked in several folders is imported once', async () => {
  const at = place();
  const last = hoursAgo(1);
  const lastName = `whispercache-${last.stamp.replace('_', '-')}.sql.gz`;
  for (const name of ['last', 'daily', 'weekly', 'monthly']) mkdirSync(path.join(at.old, name));
  dump(path.join(at.old, 'last', lastName), '-Z1');
  const [, day] = /Archive created at (\S+)/.exec(execFileSync(path.join(clientBin(17), 'pg_restore'), ['--list', path.join(at.old, 'last', lastName)], { encoding: 'utf8', env: { TZ: 'Etc/UTC' } }))!;
  const dailyName = `whispercache-${day!.replaceAll('-', '')}.sql.gz`;
  const weeklyName = `whispercache-${execFileSync('date', ['--date', day!, '+%G%V'], { encoding: 'utf8' }).trim()}.sql.gz`;
  const monthlyName = `whispercache-${day!.slice(0, 7).replace('-', '')}.sql.gz`;
  linkSync(path.join(at.old, 'last', lastName), path.join(at.old, 'daily', dailyName));
  linkSync(path.join(at.old, 'last', lastName), path.join(at.old, 'monthly', monthlyName));
  await pg.psql('COMMENT ON TABLE notes IS \'the last of an earlier week\'', 'whispercache');
  dump(path.join(at.old, 'weekly', weeklyName), '-Z1');
  linkSync(path.join(at.old, 'last', lastName), path.join(at.old, 'last', 'whispercache-latest.sql.gz'));

  const twin = ['already-there', 'the same file is there, under another name'];
  expect((await importFrom(path.join(at.old, 'last'), at.options)).files).toEqual({
    [lastName]: ['imported', last.id], 'whispercache-latest.sql.gz': ['not-taken', expect.stringContaining('its name has no time')],
  });
  expect((await importFrom(path.join(at.old, 'daily'), at.options)).files).toEqual({ [dailyName]: twin });
  expect((await importFrom(path.join(at.old, 'monthly'), at.options)).files).toEqual({ [monthlyName]: twin });
  expect((await importFrom(path.join(at.old, 'weekly'), at.options)).files).toEqual({ [weeklyName]: ['imported', expect.stringMatching(/^whispercache_\d{8}_\d{6}$/)] });
  expect((await list(at.options)).backups).toHaveLength(2);
});

type Ago = ReturnType<typeof hoursAgo>;
