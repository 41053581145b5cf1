import fc from 'fast-check';
import { artifactFile, backupId, CHECKSUM_SUFFIX, formatChecksums, keyPrefix, NAME_PATTERN, parseKey, RECORD_SUFFIX, STARTED_SUFFIX } from '../../src/contract/layout';

const AT = new Date('2026-11-22T02:00:05.999Z');

const name = fc.stringMatching(NAME_PATTERN);
const time = fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
const part = fc.option(fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' }));
const extension = fc.constantFrom('dump', 'rdb', 'db', 'globals.sql');
const compression = fc.constantFrom('zstd' as const, 'gzip' as const, 'none' as const);

test('keeps the names that backups have in stores', () => {
  const id = backupId('whispercache', AT);
  expect(id).toBe('whispercache_20261122_020005');
  expect([
    artifactFile(id, null, 'dump', 'none'),
    artifactFile(id, null, 'rdb', 'zstd'),
    artifactFile(id, null, 'db', 'gzip'),
    artifactFile(id, 'app', 'dump', 'none'),
    artifactFile(id, 'a b.c/ü(1)', 'dump', 'none'),
    artifactFile(id, null, 'globals.sql', 'none'),
    artifactFile(id, null, 'dump', 'none', true),
    artifactFile(id, null, 'rdb', 'zstd', true),
    id + RECORD_SUFFIX, id + CHECKSUM_SUFFIX, id + STARTED_SUFFIX,
  ]).toEqual([
    'whispercache_20261122_020005.dump',
    'whispercache_20261122_020005.rdb.zst',
    'whispercache_20261122_020005.db.gz',
    'whispercache_20261122_020005.app.dump',
    'whispercache_20261122_020005.a%20b%2Ec%2F%C3%BC%281%29.dump',
    'whispercache_20261122_020005.globals.sql',
    'whispercache_20261122_020005.dump.age',
    'whispercache_20261122_020005.rdb.zst.age',
    'whispercache_20261122_020005.json', 'whispercache_20261122_020005.sha256', 'whispercache_20261122_020005.started',
  ]);
});

test('an artifact tells its backup', () => {
  fc.assert(fc.property(name, time, part, extension, compression, (backup, at, of, ext, algorithm) => {
    const id = backupId(backup, at);
    const file = artifactFile(id, of, ext, algorithm);
    expect(file).toMatch(/^[A-Za-z0-9._%-]+$/);
    expect(parseKey(file)).toEqual({ id, name: backup, startedAt: new Date(Math.floor(at.getTime() / 1000) * 1000), suffix: file.slice(id.length) });
  }));
});

test('parts never share a file name', () => {
  const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
  fc.assert(fc.property(text, text, (a, b) => {
    expect(artifactFile('x_20261122_020005', a, 'dump', 'none') === artifactFile('x_20261122_020005', b, 'dump', 'none')).toBe(a === b);
  }));
});

test('a key belongs to exactly one backup: "app" never matches "app_x"', () => {
  fc.assert(fc.property(name, name, time, time, (a, b, at, then) => {
    const name2 = `${a}_${b}`.slice(0, 63);
    const key = `${backupId(name2, at)}.dump`;
    expect(key.startsWith(keyPrefix(a)) || name2 !== `${a}_${b}`).toBe(true);
    expect(parseKey(key)?.name).toBe(name2);
    // Not even where the second name looks like a time.
    const timed = backupId(a, then);
    if (timed.length <= 63) expect(parseKey(backupId(timed, at))?.name).toBe(timed);
  }));
});

test.each([
  ['31 February', 'app_20260231_020000.dump'],
  ['hour 24', 'app_20261122_240000.dump'],
  ['second 60', 'app_20261122_020060.dump'],
  ['month 13', 'app_20261322_020000.dump'],
  ['no time', 'app.dump'],
  ['no name', '_20261122_020000.dump'],
  ['a name that begins with a dash', '-app_20261122_020000.dump'],
  ['a name of 64 characters', `${'a'.repeat(64)}_20261122_020000.dump`],
  ['a folder', 'x/app_20261122_020000.dump'],
  ['more than the time', 'app_20261122_0200001.dump'],
  ['nothing', ''],
])('%s is none of ours', (_case, key) => {
  expect(parseKey(key)).toBeUndefined();
});

test('an id is a key without a suffix', () => {
  expect(parseKey('app_20261122_020005')).toMatchObject({ name: 'app', suffix: '' });
  expect(parseKey('app_20240229_020005')).toMatchObject({ name: 'app' });
});

test('checksums are what sha256sum -c reads', () => {
  expect(formatChecksums([{ file: 'a.dump', sha256: 'ab'.repeat(32) }, { file: 'a.globals.sql', sha256: 'cd'.repeat(32) }]))
    .toBe(`${'ab'.repeat(32)}  a.dump\n${'cd'.repeat(32)}  a.globals.sql\n`);
});
