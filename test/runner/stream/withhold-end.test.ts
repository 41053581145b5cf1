import { pipeline, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { withholdEnd } from '../../../src/runner/stream/withhold-end';

test('passes everything on, in the end', async () => {
  for (const chunks of [[], ['a'], ['a', 'b', 'c']]) {
    expect((await buffer(Readable.from(chunks.map(chunk => Buffer.from(chunk))).pipe(withholdEnd()))).toString()).toBe(chunks.join(''));
  }
});

test('keeps the last bytes back where the stream before it fails at its end', async () => {
  async function* bad() {
    yield Buffer.from('a');
    yield Buffer.from('b');
    throw new Error('damaged');
  }
  const end = withholdEnd();
  pipeline(Readable.from(bad()), end, () => {});
  const seen: string[] = [];
  await expect((async () => {
    for await (const chunk of end) seen.push(String(chunk));
  })()).rejects.toThrow('damaged');
  expect(seen.join('')).not.toContain('b');
});
