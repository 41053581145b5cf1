import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { damaged, endless, refusalIn, refusalOf, runs } from './_hostile';
import { ExitCode } from '../../src/contract/exit-code';
import { decrypt } from '../../src/runner/age/decrypt';
import { Identities, sealHeader } from '../../src/runner/age/keys';
import { RunnerError } from '../../src/runner/core/errors';
import { parseObjects, renderObjects } from '../../src/runner/engines/kubernetes/portable-objects';
import { readArchiveHead } from '../../src/runner/engines/postgres/restore-archive';
import { parseGlobals } from '../../src/runner/engines/postgres/restore-globals';
import { RdbCheck } from '../../src/runner/engines/redis/rdb/check';
import { parseRdbHead } from '../../src/runner/engines/redis/rdb/head';
import { RdbLook } from '../../src/runner/engines/redis/rdb/look';
import { RespError, RespReader, ServerError } from '../../src/runner/engines/redis/resp';
import { contentOf } from '../../src/runner/engines/redis/restore-keys-read';
import { countsOf, parseInfo, refusalOf as refusalOfServer } from '../../src/runner/engines/redis/source';
import { foreignDatabases } from '../../src/runner/engines/sqlite/foreign';
import { parseSqliteHeader, SQLITE_MAGIC } from '../../src/runner/engines/sqlite/header';
import { readText } from '../../src/runner/stream/read-text';
import { aPair } from '../runner/age/_age';

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const directory = mkdtempSync(path.join(tmpdir(), 'hostile-formats-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** In chunks of any size. */
function pieces(bytes: Buffer, size: number): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return Readable.from(chunks);
}

const chunkSize = fc.constantFrom(1, 2, 7, 64, 65_536);

describe('a snapshot of Redis', () => {
  const real = Buffer.from((JSON.parse(readFileSync(path.join(__dirname, '..', 'runner', 'engines', 'redis', 'rdb', 'redis-7.4.json'), 'utf8')) as { snapshot: string }).snapshot, 'base64');
  const lengths = fc.constantFrom(
    [0x80, 0xff, 0xff, 0xff, 0xff], [0x81, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0],
    [0xc3, 0x80, 0x7f, 0xff, 0xff, 0xff, 1], [0xc3, 1, 0x80, 0x20, 0, 0, 0, 1], [0xc0, 1], [0x7f, 0xff], [0],
  ).map(bytes => Buffer.from(bytes));
  const opcode = fc.oneof(fc.integer({ min: 244, max: 255 }), fc.integer({ min: 0, max: 25 })).map(byte => Buffer.from([byte]));
  const made = fc.array(fc.oneof(opcode, lengths, fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes))), { maxLength: 30 })
    .chain(parts => fc.constantFrom('REDIS0012', 'VALKEY080').map(header => Buffer.concat([Buffer.from(header), ...parts])));
  const changed = fc.tuple(fc.nat(real.length - 1), fc.uint8Array({ maxLength: 9 }), fc.nat(9))
    .map(([at, put, skipped]) => Buffer.concat([real.subarray(0, at), put, real.subarray(at + skipped)]));

  test('that is none, or was changed, is refused by the name of its file', async () => {
    let refused = 0;
    await fc.assert(fc.asyncProperty(fc.oneof(made, changed, fc.uint8Array().map(bytes => Buffer.from(bytes))), chunkSize, async (bytes, size) => {
      const result = await refusalIn(() => contentOf(pieces(bytes, size), 'app.rdb', 0));
      if ('refused' in result) {
        refused++;
        expect(result.refused.message).toMatch(/^app\.rdb (can't be read key by key|has a value of the module)/);
      }
      const head = parseRdbHead(bytes);
      if (head) expect(Number.isInteger(head.format.version)).toBe(true);
      const look = new RdbLook(); // whatever passes, it lets it pass
      for (let at = 0; at < bytes.length; at += size) look.add(bytes.subarray(at, at + size));
      look.end();
      const check = new RdbCheck('app.rdb');
      const checked = refusalOf(() => {
        for (let at = 0; at < bytes.length; at += size) check.add(bytes.subarray(at, at + size));
        check.end();
      });
      if ('refused' in checked) expect(checked.refused.exitCode).toBe(ExitCode.CORRUPT);
    }), runs(1500));
    expect(refused).toBeGreaterThan(500);
  });

  test.each([['a list of 2^53 elements', [1, 1, 97, 0x81, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]], ['a value of 2^52 bytes', [0, 1, 97, 0x81, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]])(
    'that says it has %s takes no memory for what is not there', async (_, bytes) => {
      await expect(contentOf(pieces(Buffer.concat([Buffer.from('REDIS0012'), Buffer.from(bytes)]), 1), 'app.rdb', 0)).rejects.toThrow('it ends in the midst');
    });

  test.each([['a database that no server has', [254, 0x81, 0, 0, 1, 0, 0, 0, 0, 0]], ['a name of 4 GB', [0, 0x80, 0xff, 0xff, 0xff, 0xff]]])('with %s is refused', async (_, bytes) => {
    const result = await refusalIn(() => contentOf(pieces(Buffer.concat([Buffer.from('REDIS0012'), Buffer.from(bytes)]), 1), 'app.rdb', 0));
    expect((result as { refused: RunnerError }).refused.message).toMatch(/a database with the number 1099511627776|a name of 4294967295 bytes/);
  });
});

test('the head of a SQLite file of any bytes is read, or is none', async () => {
  let refused = 0;
  const numbers = fc.uint8Array({ minLength: 0, maxLength: 120 }).map(bytes => Buffer.concat([SQLITE_MAGIC, bytes]));
  await fc.assert(fc.asyncProperty(fc.oneof(numbers, fc.uint8Array().map(bytes => Buffer.from(bytes))), chunkSize, async (bytes, size) => {
    const result = await refusalIn(() => foreignDatabases.look(pieces(bytes, size), 'app.db'));
    if ('refused' in result) {
      refused++;
      expect([result.refused.exitCode, result.refused.message]).toEqual([ExitCode.CORRUPT, 'app.db is no SQLite database, or is encrypted']);
    }
    const header = parseSqliteHeader(bytes);
    if (header) expect([header.bytes === null || header.bytes >= 0, header.version]).toEqual([true, expect.stringMatching(/^(\d+\.\d+\.\d+|unknown)$/)]);
    expect(header === undefined).toBe('refused' in result);
  }), runs(500));
  expect(refused).toBeGreaterThan(100);
});

describe('an archive of pg_dump', () => {
  const int = (value: number) => Buffer.from([value < 0 ? 1 : 0, ...Buffer.from(Uint32Array.of(Math.abs(value)).buffer)]);
  const text = (value: string | null) => value === null ? int(-1) : Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
  const entry = (id: number, definition: string) => Buffer.concat([
    int(id), int(0), text('1259'), text('1'), text('orders'), text('TABLE'), int(1), text(definition), text('DROP'), text(null), text('public'), text(''), text('heap'), int(114),
    text('app'), text('false'), text('1'), text(null), Buffer.alloc(9),
  ]);
  const head = (entries: number, ...bodies: Buffer[]) => Buffer.concat([
    Buffer.from('PGDMP'), Buffer.from([1, 16, 0, 4, 8, 1, 0]), ...Array.from({ length: 7 }, () => int(0)), text('app'), text('17.1'), text('17.1'), int(entries), ...bodies,
  ]);
  const valid = head(2, entry(1, 'CREATE TABLE'), entry(2, 'CREATE TABLE'));

  test('is read as it was made', async () => {
    const { database, entries } = await readArchiveHead(pieces(valid, 3), 'app.dump');
    expect([database, entries.map(({ id, tag, owner }) => `${id} ${tag} ${owner}`)]).toEqual(['app', ['1 orders app', '2 orders app']]);
  });

  test('that is cut off anywhere is refused', async () => {
    for (let length = 0; length < valid.length; length++) {
      await expect(readArchiveHead(pieces(valid.subarray(0, length), 64), 'app.dump')).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
    }
  });

  test('that was changed is read or refused by its name', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(valid.length - 1), fc.uint8Array({ maxLength: 9 }), chunkSize, async (at, put, size) => {
      const result = await refusalIn(() => readArchiveHead(pieces(Buffer.concat([valid.subarray(0, at), put, valid.subarray(at + put.length)]), size), 'app.dump'));
      if ('refused' in result) expect(result.refused.message).toMatch(/^app\.dump /);
    }), runs(1000));
  });

  test('with more objects than there are bytes, or an endless definition, is refused without reading for ever', async () => {
    await expect(readArchiveHead(pieces(head(0x7fffffff, entry(1, 'x')), 100), 'app.dump')).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
    const body = endless();
    const start = head(1, int(1), int(0), text('1'), text('1'), text('t'), text('TABLE'), int(1), Buffer.from([0, 0, 0, 0, 0x10]));
    async function* all() {
      yield start;
      yield* body.open();
    }
    // 256 MiB in chunks of 64 KiB: joined chunk by chunk that would copy half a terabyte.
    await expect(readArchiveHead(Readable.from(all()), 'app.dump')).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
    expect(body.read()).toBeLessThan(260 * 1024 * 1024);
  });

  test('a script of roles is read in one go, whatever quotes it opens', () => {
    const open = `CREATE ROLE "x";\nALTER ROLE "x" WITH LOGIN PASSWORD 'a''b\\'c';\nCOMMENT ON ROLE "x" IS '\n${'a line that could be the end;\n'.repeat(200_000)}`;
    expect(parseGlobals(open).roles).toEqual([{ name: 'x', statements: ['CREATE ROLE "x";', 'ALTER ROLE "x" WITH LOGIN PASSWORD \'a\'\'b\\\'c\';'], attributes: ['LOGIN'] }]);
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('\'', '"', ';', '\n', '\\', 'a', ' ', 'CREATE ROLE ', 'ALTER ROLE ', 'GRANT ', ' TO ', ' WITH ') }), script => {
      for (const { name } of parseGlobals(script).roles) expect(typeof name).toBe('string');
    }), runs(1000));
  });
});

describe('an encrypted artifact', () => {
  let identities: Identities;
  let sealed: Buffer;

  beforeAll(async () => {
    identities = (await aPair()).identities;
    sealed = (await sealHeader(identities.recipients)).header;
  });

  const open = (bytes: Readable) => refusalIn(async () => pipeline(bytes, decrypt(header => identities.openHeader(header, 'app.age'), 'app.age'), async stream => {
    for await (const _ of stream);
  }));

  test('whose header was changed or cut off anywhere is refused by its name', async () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(await open(pieces(sealed.subarray(0, length), 16))).toMatchObject({ refused: { exitCode: ExitCode.CORRUPT } });
    }
    await fc.assert(fc.asyncProperty(fc.nat(sealed.length - 1), fc.uint8Array({ minLength: 1, maxLength: 9 }), chunkSize, async (at, put, size) => {
      const result = await open(pieces(Buffer.concat([sealed.subarray(0, at), put, sealed.subarray(at + put.length)]), size));
      expect('refused' in result && result.refused.message.includes('app.age')).toBe(true);
    }), runs(200));
  });

  test.each([
    ['one line without an end', Buffer.alloc(64 * 1024, 'x')],
    ['recipients without an end', Buffer.from(`-> X25519 ${'A'.repeat(43)}\n${'B'.repeat(43)}\n`.repeat(600))],
    ['lines without an end', Buffer.from('\n'.repeat(64 * 1024))],
  ])('with a header of %s is refused before more of it is read', async (_, content) => {
    const body = endless(content);
    async function* all() {
      yield Buffer.from('age-encryption.org/v1\n');
      yield* body.open();
    }
    expect(await open(Readable.from(all()))).toMatchObject({ refused: { exitCode: ExitCode.CORRUPT, message: expect.stringContaining('a header of more than 65536 bytes') } });
    expect(body.read()).toBeLessThan(1024 * 1024);
  });

  test('a file that should have identities in it is refused, and not quoted', async () => {
    const file = path.join(directory, 'other');
    const { identity: valid } = await aPair();
    await fc.assert(fc.asyncProperty(fc.nat(valid.length - 1), fc.string({ minLength: 1, maxLength: 3 }), async (at, put) => {
      const text = valid.slice(0, at) + put + valid.slice(at + 1);
      writeFileSync(file, text);
      const result = await refusalIn(() => Identities.load(file));
      if ('refused' in result) expect(result.refused.message).not.toContain(valid.slice(20, 40));
      else expect(text.toUpperCase().trim().includes(valid)).toBe(true);
    }), runs(100));
  });
});

describe('what Redis answers', () => {
  test('is read, or refused as no answer of Redis, in whatever pieces it comes', async () => {
    const line = fc.oneof(
      fc.constantFrom('+OK\r\n', '-ERR no\r\n', ':1\r\n', '$-1\r\n', '$3\r\nabc\r\n', '*2\r\n$1\r\n0\r\n*0\r\n', '*-1\r\n', '$99999999999\r\n', '*99999999999\r\n', '$1e9\r\n', '$0x10\r\n', '*3\r\n', '%1\r\n', '$EOF:x\r\n', '\n\n', '\r\n'),
      fc.string({ maxLength: 20 }),
    );
    await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.constantFrom('reply', 'bytes', 'answer', 'list', 'page', 'snapshot'), fc.integer({ min: 1, max: 9 }), async (lines, what, size) => {
      const bytes = Buffer.from(lines.join(''));
      let at = 0;
      const reader = new RespReader(async () => {
        const chunk = bytes.subarray(at, at += size);
        return chunk.length === 0 ? undefined : chunk;
      });
      try {
        if (what === 'snapshot') for await (const _ of reader.snapshot());
        else await reader[what as 'reply']();
      } catch (error) {
        if (!(error instanceof RespError) && !(error instanceof ServerError)) throw error;
        expect(error.message.length).toBeLessThan(200);
      }
    }), runs(1500));
  });

  test('a list has an end', async () => {
    const reader = new RespReader(async () => Buffer.from('*99999999999\r\n'));
    await expect(reader.list()).rejects.toThrow('a list of 99999999999 elements');
  });

  test('INFO that makes no sense has no keys in it', () => {
    const unit = fc.constantFrom('db', '0', ':', 'keys=', ',', '\r\n', '#', 'role', 'slave', '__proto__', '9'.repeat(400), '-', 'a');
    fc.assert(fc.property(fc.string({ unit }), text => {
      const info = parseInfo(text);
      for (const [database, keys] of Object.entries(countsOf(info).items)) {
        expect(database).toMatch(/^\d+$/);
        expect(Number.isSafeInteger(keys) && keys >= 0).toBe(true);
      }
      refusalOfServer(info);
    }), runs(1500));
  });
});

test('Secrets and ConfigMaps that were changed are read or refused without a word of their content', () => {
  const valid = renderObjects([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop', labels: { app: 'x' } }, type: 'Opaque', data: { password: 'cGxhbnRlZA==' } }]);
  const odd = ['['.repeat(1000), `a: &a [${'x,'.repeat(100)}]\nb: &b [${'*a,'.repeat(100)}]\nc: [${'*b,'.repeat(100)}]\n`, '!!js/function x', '&a [*a]', 'cGxhbnRlZA==', '<<: *x', '? [cGxhbnRlZA==]\n: b'];
  const spoiled = damaged(valid, 4, 5);
  const warned = jest.spyOn(process, 'emitWarning');
  const look = (text: string) => {
    const result = refusalOf(() => parseObjects(text, 'app.yaml'));
    if ('refused' in result) expect(result.refused.message).toBe('app.yaml does not hold Secrets and ConfigMaps as they are backed up: restore another backup, see "cdk8s-backup list"');
    else for (const { kind } of result.value) expect(['Secret', 'ConfigMap']).toContain(kind);
  };
  odd.forEach(look);
  fc.assert(fc.property(spoiled, look), runs(300));
  expect(warned).not.toHaveBeenCalled();
});

test('what should be a short text and has no end is given up', async () => {
  const body = endless();
  await expect(readText(body.open(), 'app.globals.sql')).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
  expect(body.read()).toBeLessThan(270 * 1024 * 1024);
});
