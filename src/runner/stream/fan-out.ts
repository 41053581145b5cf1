import { PassThrough, Readable } from 'node:stream';

const BRANCH_BUFFER_BYTES = 1024 * 1024;

/**
 * Sends one stream into several sinks at the pace of the slowest.
 *
 * Ends well only if the body and every sink do. As soon as one fails, the signal of the others is aborted, and the promise
 * rejects with that first error after all of them have ended.
 */
export async function fanOut<T>(
  body: Readable,
  sinks: readonly ((branch: Readable, signal: AbortSignal) => Promise<T>)[],
  signal: AbortSignal,
): Promise<T[]> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const halt = () => body.destroy(either.reason as Error); // also ends a body that is waiting for data
  either.addEventListener('abort', halt, { once: true });
  const branches = sinks.map(() => new PassThrough({ highWaterMark: BRANCH_BUFFER_BYTES }));
  for (const branch of branches) branch.on('error', () => {}); // whoever reads the branch reports it
  const results = sinks.map((sink, i) => sink(branches[i]!, either));

  async function pump(): Promise<void> {
    try {
      for await (const chunk of body) {
        const full = branches.filter(branch => !branch.write(chunk));
        await Promise.all(full.map(branch => drained(branch, either)));
      }
      for (const branch of branches) branch.end();
    } catch (error) {
      for (const branch of branches) branch.destroy(error as Error);
      throw error;
    }
  }

  const pumped = pump();
  try {
    const [, ...confirmed] = await Promise.all([pumped, ...results]);
    return confirmed;
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled([pumped, ...results]);
    throw signal.aborted ? signal.reason : error;
  } finally {
    either.removeEventListener('abort', halt);
  }
}

/**
 * Waits until a branch takes more. One that its sink has destroyed never does: that sink is about to fail, and its own error, not
 * the one on the branch, says why.
 */
function drained(branch: PassThrough, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      branch.off('drain', ready);
      reject(signal.reason as Error);
    };
    const ready = () => {
      signal.removeEventListener('abort', stopped);
      resolve();
    };
    if (signal.aborted) return reject(signal.reason as Error);
    branch.once('drain', ready);
    signal.addEventListener('abort', stopped, { once: true });
  });
}
