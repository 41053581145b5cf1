import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { sendInParts } from '../../../src/runner/store-api/send-parts';

const SIZE = 1000;

/** A body in chunks that fit no part, and how much of it was taken. */
function aBody(bytes: number, chunk = 77) {
  const content = randomBytes(bytes);
  const body = { content, taken: 0, stream: undefined as unknown as Readable };
  function* chunks(): Generator<Buffer> {
    for (; body.taken < bytes; body.taken += chunk) yield content.subarray(body.taken, body.taken + chunk);
  }
  body.stream = Readable.from(chunks(), { objectMode: false, highWaterMark: 1 });
  return body;
}

test.each([0, 1, SIZE - 1, SIZE, SIZE + 1, 10 * SIZE, 10 * SIZE + 7])('a body of %i bytes arrives whole, in parts of which only the last one is smaller', async bytes => {
  const { stream, content } = aBody(bytes);
  const sent: { body: Buffer; last: boolean }[] = [];
  await sendInParts(stream, SIZE, 3, async ({ number, body, last }) => {
    await setImmediate();
    sent[number - 1] = { body: Buffer.from(body), last };
  });
  expect(Buffer.concat(sent.map(({ body }) => body)).equals(content)).toBe(true);
  expect(sent.map(({ last }) => last)).toEqual(sent.map((_, i) => i === sent.length - 1));
  expect(sent.slice(0, -1).every(({ body }) => body.length === SIZE)).toBe(true);
});

test.each([1, 2, 5])('no more of the body than %i buffers is in memory, whatever it has and however slowly it goes', async buffers => {
  const body = aBody(50 * SIZE);
  const memory = new Set<ArrayBufferLike>();
  let done = 0;
  let most = 0;
  await sendInParts(body.stream, SIZE, buffers, async part => {
    memory.add(part.body.buffer);
    for (let i = 0; i < 20; i++) await setImmediate();
    most = Math.max(most, body.taken - done);
    done += part.body.length;
  });
  expect(memory.size).toBeLessThanOrEqual(buffers);
  expect([...memory].every(({ byteLength }) => byteLength === SIZE)).toBe(true);
  expect(most).toBeLessThanOrEqual(buffers * SIZE + 3 * 77); // and what is in the stream itself
  expect(done).toBe(50 * SIZE);
});

test('reading ends at the first part that fails', async () => {
  const body = aBody(1000 * SIZE);
  await expect(sendInParts(body.stream, SIZE, 3, async ({ number }) => {
    if (number === 4) throw new Error('lost');
  })).rejects.toThrow('lost');
  expect(body.stream.destroyed).toBe(true);
  expect(body.taken).toBeLessThan(10 * SIZE);
});

test('a body that fails is no whole one', async () => {
  const failing = Readable.from((function* fail() { yield Buffer.alloc(2500); throw new Error('dump died'); })(), { objectMode: false });
  const parts: boolean[] = [];
  await expect(sendInParts(failing, SIZE, 3, async ({ last }) => void parts.push(last))).rejects.toThrow('dump died');
  expect(parts).not.toContain(true);
});
