import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { aPair, opened, openedSoFar, Pair, sealed } from './_age';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';

const CHUNK = 64 * 1024;
const SEALED = CHUNK + 16;

jest.setTimeout(120_000); // hundreds of files, each with a key agreement

let pair: Pair;

beforeAll(async () => {
  pair = await aPair();
});

/** Where the first chunk begins. */
function payloadAt(file: Buffer): number {
  return file.indexOf('\n', file.indexOf('\n--- ') + 1) + 1 + 16;
}

test('what was encrypted comes out again, whatever its length and however it is cut on the way', async () => {
  const edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK];
  await fc.assert(fc.asyncProperty(
    fc.oneof(fc.constantFrom(...edges), fc.nat(4 * CHUNK)), fc.integer({ min: 500, max: 300_000 }), fc.integer({ min: 500, max: 300_000 }),
    async (bytes, cutBefore, cutAfter) => {
      const plain = randomBytes(bytes);
      const file = await sealed(plain, [pair.recipient], cutBefore);
      // A chunk has 16 bytes more than what is in it, and there is no empty one behind a full one.
      expect(file.length - payloadAt(file)).toBe(bytes + 16 * Math.max(1, Math.ceil(bytes / CHUNK)));
      expect((await opened(file, pair, cutAfter)).equals(plain)).toBe(true);
    },
  ), { numRuns: 60 });
});

test('each of several recipients opens it, alone', async () => {
  const others = await Promise.all([aPair(), aPair()]);
  const file = await sealed(Buffer.from('content'), [pair.recipient, ...others.map(({ recipient }) => recipient)]);
  for (const one of [pair, ...others]) expect((await opened(file, one)).toString()).toBe('content');
});

test('two files of one content share nothing but the length', async () => {
  const [one, other] = [await sealed(Buffer.alloc(CHUNK), [pair.recipient]), await sealed(Buffer.alloc(CHUNK), [pair.recipient])];
  expect(one).toHaveLength(other.length);
  expect(one.subarray(payloadAt(one)).equals(other.subarray(payloadAt(other)))).toBe(false);
});

test('the identity of somebody else opens nothing, and the message says whose is needed', async () => {
  const file = await sealed(Buffer.from('content'), [(await aPair()).recipient]);
  const { plain, failure } = await openedSoFar(file, pair, 1000);
  expect(plain).toHaveLength(0);
  expect(failure).toMatchObject({
    exitCode: ExitCode.DENIED,
    message: `none of the identities in ${pair.file} opens the file: it is sealed to another recipient. Theirs are ${pair.recipient}`,
  });
  expect((failure as Error).message).not.toContain(pair.identity);
});

describe('three chunks and a half', () => {
  let plain: Buffer;
  let file: Buffer;
  let start: number;

  beforeAll(async () => {
    plain = randomBytes(3.5 * CHUNK);
    file = await sealed(plain, [pair.recipient]);
    start = payloadAt(file);
  });

  /** Fails as corrupt, and lets nothing through but a true beginning, in whole chunks. */
  async function expectRefused(damaged: Buffer): Promise<void> {
    const { plain: seen, failure } = await openedSoFar(damaged, pair, 100_000);
    expect(failure).toBeInstanceOf(RunnerError);
    expect([ExitCode.CORRUPT, ExitCode.DENIED]).toContain((failure as RunnerError).exitCode);
    expect(seen.length % CHUNK).toBe(0);
    expect(seen.length).toBeLessThan(plain.length);
    expect(seen.equals(plain.subarray(0, seen.length))).toBe(true);
  }

  test('cut off at every boundary of a chunk, and beside it, it is refused', async () => {
    for (const boundary of [0, 1, 2, 3].map(chunk => start + chunk * SEALED)) {
      const beside = [-17, -16, -1, 0, 1, 16, 17].map(offset => boundary + offset);
      for (const at of beside) await expectRefused(file.subarray(0, at));
    }
  });

  test('cut off at any byte, it is refused', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(file.length - 1), at => expectRefused(file.subarray(0, at))), { numRuns: 100 });
    for (let at = 0; at < start; at++) await expectRefused(file.subarray(0, at));
  });

  test('with any bit flipped, it is refused', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), (at, bit) => {
      const damaged = Buffer.from(file);
      // eslint-disable-next-line no-bitwise
      damaged[at]! ^= 1 << bit;
      return expectRefused(damaged);
    }), { numRuns: 150 });
    for (let at = 0; at < start; at++) {
      const damaged = Buffer.from(file);
      // eslint-disable-next-line no-bitwise
      damaged[at]! ^= 1;
      await expectRefused(damaged);
    }
  });

  test('with chunks swapped, repeated, left out or of another file, or with something behind the end, it is refused', async () => {
    const chunks = [0, 1, 2, 3].map(i => file.subarray(start + i * SEALED, start + (i + 1) * SEALED));
    const [a, b, c, d] = chunks as [Buffer, Buffer, Buffer, Buffer];
    const other = await sealed(plain, [pair.recipient]);
    const foreign = other.subarray(payloadAt(other), payloadAt(other) + SEALED);
    const orders = [
      [b, a, c, d], [a, c, b, d], [a, b, d, c], [a, a, b, c, d], [a, b, c, c, d], [a, c, d], [b, c, d], [d], [a, b, c, d, d], [foreign, b, c, d],
      [a, b, c, d, Buffer.alloc(1)], [],
    ];
    for (const order of orders) await expectRefused(Buffer.concat([file.subarray(0, start), ...order]));
  });
});

test('hostile headers neither hang nor fill the memory', async () => {
  const line = 'age-encryption.org/v1\n';
  const endless = Buffer.concat([Buffer.from(line), Buffer.alloc(50_000_000, 'a')]);
  const stanzas = Buffer.from(`${line}${'-> X25519 AAAA\nAAAA\n'.repeat(1_000_000)}`);
  for (const hostile of [
    Buffer.alloc(0), Buffer.from(line), Buffer.from('age-encryption.org/v2\n'), Buffer.alloc(1_000_000), randomBytes(1_000_000), endless, stanzas,
    Buffer.from(`${line}--- \n${'x'.repeat(1000)}`), Buffer.from(`${line}-> X25519\n\n--- AAAA\n`), Buffer.from(`${line}-> scrypt AAAA 40\nAAAA\n--- AAAA\n${'x'.repeat(1000)}`),
    Buffer.from(`${line}${`-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`.repeat(600)}--- ${'A'.repeat(43)}\n`),
  ]) {
    const started = performance.now();
    const { plain, failure } = await openedSoFar(hostile, pair, 70_000);
    expect(plain).toHaveLength(0);
    expect(failure).toBeInstanceOf(RunnerError);
    expect(performance.now() - started).toBeLessThan(10_000);
  }
});

test('random bytes in place of a header never come through', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ maxLength: 300 }), async text => {
    const { plain, failure } = await openedSoFar(Buffer.from(`age-encryption.org/v1\n${text}`), pair, 50);
    expect(plain).toHaveLength(0);
    expect(failure).toBeInstanceOf(RunnerError);
  }), { numRuns: 200 });
});
