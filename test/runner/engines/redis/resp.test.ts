import { renderCommand, RespReader } from '../../../../src/runner/engines/redis/resp';

const MARK = '0123456789abcdef0123456789abcdef01234567';

describe('a reply', () => {
  const REPLIES = Buffer.from('+OK\r\n:42\r\n$6\r\na\r\nbé\r\n$0\r\n\r\n-WRONGPASS no\r\n');

  test('is read whatever the chunks are', async () => {
    for (const chunks of allCuts(REPLIES)) {
      const reader = readerOf(chunks);
      expect(await reader.reply()).toBe('OK');
      expect(await reader.reply()).toBe('42');
      expect(await reader.reply()).toBe('a\r\nbé');
      expect(await reader.reply()).toBe('');
      await expect(reader.reply()).rejects.toMatchObject({ name: 'ServerError', message: 'WRONGPASS no' });
    }
  });

  test.each([
    ['-ERR unknown command `HELLO`, with args beginning with: `3` `AUTH` `planted` \r\n', 'ERR unknown command `HELLO`'],
    ['-ERR Error compiling function: f:1: unexpected symbol near \'planted\'\r\n', 'ERR Error compiling function: f:1: unexpected symbol '],
    ['-ERR bad value "planted"\r\n', 'ERR bad value "…"'],
    ['-NOPERM User backup has no permissions to run the \'psync\' command\r\n', 'NOPERM User backup has no permissions to run the \'psync\' command'],
  ])('that is an error is told without keys, values and passwords: %j', async (bytes, message) => {
    await expect(readerOf([Buffer.from(bytes)]).reply()).rejects.toMatchObject({ name: 'ServerError', message });
  });

  test.each([
    ['*1\r\n$1\r\na\r\n', 'not understood'],
    ['HTTP/1.1 400 Bad Request\r\n', 'not understood'],
    ['$-1\r\n', 'a length that is none'],
    ['$99999999999\r\n', 'an answer of 99999999999 bytes'],
    ['x'.repeat(70_000), 'a line without an end'],
    ['+OK', 'the connection was closed'],
    ['$10\r\nabc', 'the connection was closed'],
  ])('of %j is refused', async (bytes, message) => {
    await expect(readerOf([Buffer.from(bytes)]).reply()).rejects.toThrow(message);
  });
});

describe('a snapshot', () => {
  test('with its length is read whatever the chunks are, without what surrounds it', async () => {
    for (const chunks of allCuts(Buffer.from('\n\n$11\r\nREDIS\n\n\r\nab*1\r\n$4\r\nPING\r\n'))) {
      expect(await snapshotOf(chunks)).toBe('REDIS\n\n\r\nab');
    }
  });

  test('with a mark is read whatever the chunks are, without the mark', async () => {
    const almost = MARK.slice(0, 39);
    for (const chunks of allCuts(Buffer.from(`\n$EOF:${MARK}\r\nREDIS\n${almost}x${MARK}\n`))) {
      expect(await snapshotOf(chunks)).toBe(`REDIS\n${almost}x`);
    }
  });

  test('that ends early fails, wherever it ends', async () => {
    for (const whole of [`$EOF:${MARK}\r\nREDIS${MARK}`, '$5\r\nREDIS']) {
      for (let length = 0; length < whole.length; length++) {
        await expect(snapshotOf([Buffer.from(whole.slice(0, length))])).rejects.toThrow('the connection was closed');
      }
    }
  });

  test('that the server refuses fails with what it says', async () => {
    await expect(snapshotOf([Buffer.from('\n-ERR BGSAVE failed, replication can\'t continue\r\n')])).rejects.toThrow('BGSAVE failed');
    await expect(snapshotOf([Buffer.from('+CONTINUE\r\n')])).rejects.toThrow('no snapshot but "+CONTINUE"');
    await expect(snapshotOf([Buffer.from('$EOF:short\r\n')])).rejects.toThrow('an end mark of 5 bytes');
  });
});

test('a command counts bytes, not characters', () => {
  expect(renderCommand(['AUTH', 'é\r\n']).toString()).toBe('*2\r\n$4\r\nAUTH\r\n$4\r\né\r\n\r\n');
});

async function snapshotOf(chunks: readonly Buffer[]): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of readerOf(chunks).snapshot()) parts.push(part);
  return Buffer.concat(parts).toString();
}

function readerOf(chunks: readonly Buffer[]): RespReader {
  const left = [...chunks];
  return new RespReader(async () => left.shift());
}

/** The bytes in two chunks, cut at every place, and in one chunk for each byte. */
function allCuts(bytes: Buffer): Buffer[][] {
  const inTwo = Array.from({ length: bytes.length - 1 }, (_, index) => [bytes.subarray(0, index + 1), bytes.subarray(index + 1)]);
  return [...inTwo, [...bytes].map(byte => Buffer.from([byte]))];
}
