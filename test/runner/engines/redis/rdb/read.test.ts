import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { RdbError } from '../../../../../src/runner/engines/redis/rdb/cursor';
import { RdbFormat } from '../../../../../src/runner/engines/redis/rdb/format';
import { payloadOf } from '../../../../../src/runner/engines/redis/rdb/payload';
import { RdbEntry, RdbKey, readRdb } from '../../../../../src/runner/engines/redis/rdb/read';
import { ModuleValueError, nameOfType } from '../../../../../src/runner/engines/redis/rdb/value';

/** A snapshot of a Redis 7.4 with every type that it knows, what it answers to DUMP for each key, and one with a value of a module. */
const fixture = JSON.parse(readFileSync(path.join(__dirname, 'redis-7.4.json'), 'utf8')) as { snapshot: string; withModule: string; dumps: { [key: string]: string } };
const snapshot = Buffer.from(fixture.snapshot, 'base64');
/** The same of a Valkey 9.1, one of whose hashes has a field that expires. */
const valkey = JSON.parse(readFileSync(path.join(__dirname, 'valkey-9.json'), 'utf8')) as { snapshot: string; dumps: { [key: string]: string } };

test.each([1, 2, 7, 100, 65_536])('each value of a snapshot is what DUMP answers, read in chunks of %d bytes', async chunk => {
  for (const [{ snapshot: file, dumps }, expected] of [[fixture, { family: 'redis', version: 12 }], [valkey, { family: 'valkey', version: 80 }]] as const) {
    const { format, entries } = await read(Buffer.from(file, 'base64'), chunk);
    expect(format).toEqual(expected);
    const keys = entries.filter(entry => entry.kind === 'key');
    expect(Object.fromEntries(keys.map(entry => [nameOf(entry), Buffer.concat(payloadOf(entry.value, format.version)).toString('base64')]))).toEqual(dumps);
  }
});

test('it knows when keys expire, what decides on eviction, and functions', async () => {
  const { entries } = await read(snapshot);
  const keys = new Map(entries.filter(entry => entry.kind === 'key').map(entry => [nameOf(entry), entry]));
  expect(keys.get('0:expiring')).toMatchObject({ expiresAt: 4102444800000 });
  expect(keys.get('0:string')).toMatchObject({ expiresAt: null });
  expect(keys.get('0:frequent')!.eviction[0]).toBe('FREQ');
  expect([...new Set([...keys.values()].map(({ type }) => nameOfType(type)))].sort()).toEqual(['hash', 'list', 'set', 'sorted set', 'stream', 'string']);
  expect([...new Set([...keys.values()].map(({ type }) => type))].sort((a, b) => a - b)).toEqual([0, 2, 4, 5, 11, 16, 17, 18, 20, 21, 24, 25]);
  expect(entries.filter(({ kind }) => kind === 'function')).toHaveLength(1);
});

test('a value of a module has the name of the module, and what stands behind it is read', async () => {
  const { entries } = await read(Buffer.from(fixture.withModule, 'base64'));
  expect(entries.filter(entry => entry.kind === 'key' && entry.module !== null)).toMatchObject([{ type: 7, module: 'MBbloom--' }]);
});

test('a value of a module whose end only the module knew is refused by the name of the module', async () => {
  const file = Buffer.concat([Buffer.from('REDIS0008'), bytes(6, text('key'), [0x81, ...moduleId('MBbloom--')])]);
  await expect(read(file)).rejects.toEqual(new ModuleValueError('MBbloom--'));
});

/** Types that servers in use do not write any more, and load: each with the bytes that end it in another way. */
test.each<[number, string, Buffer]>([
  [1, 'list', bytes(2, text('a'), [0xc0, 7])],
  [3, 'sorted set', bytes(4, text('a'), text('1.5'), text('b'), 253, text('c'), 254, text('d'), 255)],
  [9, 'hash', text('a zipmap')],
  [10, 'list', text('a ziplist')],
  [12, 'sorted set', text('a ziplist')],
  [13, 'hash', text('a ziplist')],
  [14, 'list', bytes(2, text('a ziplist'), [0xc3, 3, 5, 1, 97, 98])],
  [15, 'stream', bytes(1, text('0123456789abcdef'), text('a listpack'), 1, 5, 0, 1, text('group'), 5, 0, 1, Buffer.alloc(24), 1, 1, text('consumer'), Buffer.alloc(8), 1, Buffer.alloc(16))],
  [19, 'stream', bytes(1, text('0123456789abcdef'), text('a listpack'), 1, 5, 0, 1, 0, 0, 0, [0x81, ...Buffer.alloc(8, 0xff)], 1, text('group'), 5, 0, 3,
    1, Buffer.alloc(24), 1, 1, text('consumer'), Buffer.alloc(8), 1, Buffer.alloc(16))],
  [22, 'hash', bytes(1, 9, text('field'), text('value'))],
  [23, 'hash', text('a listpack')],
])('the end of a value of type %d, a %s, is found', async (type, name, value) => {
  const file = Buffer.concat([Buffer.from('REDIS0012'), bytes(type, text('first'), value, 0, text('second'), text('x'), 255), Buffer.alloc(8)]);
  for (const chunk of [1, 3, 1000]) {
    const { entries } = await read(file, chunk);
    expect(entries).toMatchObject([{ key: Buffer.from('first'), type }, { key: Buffer.from('second'), type: 0 }]);
    expect(Buffer.concat([...(entries[0] as RdbKey).value])).toEqual(Buffer.concat([Buffer.from([type]), value]));
  }
  expect(nameOfType(type)).toBe(name);
});

test.each<[string, Buffer, RegExp]>([
  ['nothing', Buffer.alloc(0), /ends in the midst/],
  ['no snapshot', Buffer.from('a text that is none'), /does not begin as a snapshot does/],
  ['a later format', Buffer.from('REDIS0013'), /format 13, and known are 5 to 12, and 80 of Valkey/],
  ['a later format of Valkey', Buffer.from('VALKEY081'), /format 81 of Valkey, and known are/],
  ['a type of Redis in a format of Valkey', Buffer.concat([Buffer.from('VALKEY080'), Buffer.from([24])]), /0x18 where a key should be/],
  ['a type that nobody knows', Buffer.concat([Buffer.from('REDIS0012'), Buffer.from([99])]), /0x63 where a key should be/],
  ['something behind the end', Buffer.concat([snapshot, Buffer.from('x')]), /something behind its end/],
  ['a length that can\'t be', Buffer.concat([Buffer.from('REDIS0012'), Buffer.from([0, 0x81, ...Buffer.alloc(8, 0xff)])]), /a length of 18446744073709551615/],
])('%s is refused', async (_, file, message) => {
  await expect(read(file)).rejects.toThrow(message);
  await expect(read(file, 1)).rejects.toThrow(message);
});

test('wherever a snapshot is cut off, that is an error', async () => {
  for (let length = 0; length < snapshot.length; length++) {
    await expect(read(snapshot.subarray(0, length), 64)).rejects.toBeInstanceOf(RdbError);
  }
});

test('whichever byte is another one, reading ends, well or with an error that says so', async () => {
  let refused = 0;
  for (let at = 0; at < snapshot.length; at++) {
    for (const flip of [0x01, 0x40, 0x80, 0xff]) {
      const damaged = Buffer.from(snapshot);
      damaged[at]! ^= flip; // eslint-disable-line no-bitwise
      try {
        await read(damaged, 256);
      } catch (error) {
        if (!(error instanceof RdbError) && !(error instanceof ModuleValueError)) throw error;
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(500); // the rest is inside of values, which the checksum watches
});

test('an error of what is read is passed on', async () => {
  const body = Readable.from((function* () {
    yield snapshot.subarray(0, 500);
    throw new Error('the store went away');
  })());
  const { entries } = await readRdb(body, false);
  await expect((async () => {
    for await (const _ of entries);
  })()).rejects.toThrow('the store went away');
});

async function read(file: Buffer, chunk = file.length || 1): Promise<{ format: RdbFormat; entries: RdbEntry[] }> {
  const chunks: Buffer[] = [];
  for (let from = 0; from < file.length; from += chunk) chunks.push(file.subarray(from, from + chunk));
  const { format, entries } = await readRdb(Readable.from(chunks), true);
  const all: RdbEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return { format, entries: all };
}

function nameOf({ database, key }: RdbKey): string {
  return `${database}:${key.toString()}`;
}

function text(content: string): Buffer {
  return Buffer.concat([Buffer.from([content.length]), Buffer.from(content)]);
}

function bytes(...parts: (number | readonly number[] | Buffer)[]): Buffer {
  return Buffer.concat(parts.map(part => Buffer.from(typeof part === 'number' ? [part] : part)));
}

/** Nine characters of six bits each, and a version of ten. */
function moduleId(name: string): Buffer {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const id = [...name].reduce((sum, character) => sum * 64n + BigInt(characters.indexOf(character)), 0n) * 1024n;
  const result = Buffer.alloc(8);
  result.writeBigUInt64BE(id);
  return result;
}
