import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fanOut } from '../../../src/runner/stream/fan-out';

const signal = new AbortController().signal;
const chunks = Array.from({ length: 200 }, (_, i) => Buffer.alloc(64 * 1024, i));
const body = () => Readable.from(chunks, { objectMode: false });

test('every sink gets all bytes', async () => {
  const [a, b] = await fanOut(body(), [branch => buffer(branch), branch => buffer(branch)], signal);
  expect(a!.equals(Buffer.concat(chunks))).toBe(true);
  expect(b!.equals(a!)).toBe(true);
});

test('no sink runs further ahead of the slowest than its buffer', async () => {
  let fast = 0;
  let slow = 0;
  let lead = 0;
  await fanOut(body(), [
    async branch => {
      for await (const chunk of branch) fast += (chunk as Buffer).length;
    },
    async branch => {
      for await (const chunk of branch) {
        await new Promise(resolve => setTimeout(resolve, 1));
        slow += (chunk as Buffer).length;
        lead = Math.max(lead, fast - slow);
      }
    },
  ], signal);
  expect(fast).toBe(slow);
  expect(lead).toBeLessThanOrEqual(3 * 1024 * 1024);
});

test('when a sink fails, the others are told to stop, and all have ended', async () => {
  const source = body();
  let otherEnded: unknown;
  const failing = fanOut(source, [
    async branch => {
      for await (const _ of branch) throw new Error('disk full');
    },
    async (branch, either) => {
      try {
        await buffer(branch);
      } finally {
        otherEnded = either.reason;
      }
    },
  ], signal);
  await expect(failing).rejects.toThrow('disk full');
  expect(otherEnded).toEqual(new Error('disk full'));
  expect(source.destroyed).toBe(true);
});

test('when a sink fails that never reads, nothing hangs', async () => {
  await expect(fanOut(body(), [() => Promise.reject(new Error('access denied')), branch => buffer(branch)], signal)).rejects.toThrow('access denied');
});

test('a sink that destroys its branch, and says why only after it has cleaned up, is heard', async () => {
  const failing = fanOut<unknown>(body(), [
    async branch => {
      await new Promise(resolve => setTimeout(resolve, 20)); // until the branch is full, and the others wait for it
      branch.destroy(new Error('The operation was aborted'));
      await new Promise(resolve => setTimeout(resolve, 20));
      throw new Error('disk full');
    },
    branch => buffer(branch),
  ], signal);
  await expect(failing).rejects.toThrow('disk full');
});

test('when the body fails, no sink takes what came for the whole', async () => {
  const source = Readable.from((function* () {
    yield chunks[0];
    throw new Error('dump died');
  })(), { objectMode: false });
  const ends: string[] = [];
  const sink = (branch: Readable) => buffer(branch).then(() => ends.push('whole'), () => ends.push('failed'));
  await expect(fanOut<unknown>(source, [sink, sink], signal)).rejects.toThrow('dump died');
  expect(ends).toEqual(['failed', 'failed']);
});

test('an aborted signal ends all, with its reason', async () => {
  const stop = new AbortController();
  const endless = Readable.from((async function* () {
    for (;;) {
      await new Promise(resolve => setImmediate(resolve));
      yield chunks[0];
    }
  })(), { objectMode: false });
  const running = fanOut(endless, [branch => buffer(branch)], stop.signal);
  setTimeout(() => stop.abort(new Error('told to stop')), 20);
  await expect(running).rejects.toThrow('told to stop');
  expect(endless.destroyed).toBe(true);
});
