import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stdoutOf } from '../../../src/runner/core/process';
import { stoppable } from '../../../src/runner/core/stoppable';

test('destroying it stops what the generator waits for', async () => {
  const waiting = new AbortController();
  let ended = false;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield Buffer.from('one');
      await sleep(3_600_000, undefined, { signal: waiting.signal });
    } finally {
      ended = true;
    }
  }
  const stream = stoppable(chunks(), () => waiting.abort());
  await once(stream, 'data');
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
  expect(ended).toBe(true);
});

test('destroying the output of a program that says nothing stops the program', async () => {
  const stream = stdoutOf({ file: 'sh', args: ['-c', 'echo $$; exec sleep 3600'] }, new AbortController().signal);
  const pid = Number(String((await once(stream, 'data'))[0]));
  expect(isRunning(pid)).toBe(true);
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
  expect(isRunning(pid)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
