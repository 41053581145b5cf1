import { Readable } from 'node:stream';
import { Ended, endedWith, environmentOf, RunOptions } from './_runner';
import { run as runCommandLine } from '../../src/runner/cli';
import { capture } from '../runner/_fixtures';

/**
 * Runs a command line as {@link run} does, but in the process of the tests: it costs a fifth of a process of its own. For what is run dozens of
 * times over, where one run by the program itself has been seen to do the same.
 */
export async function runHere(args: readonly string[], options: Pick<RunOptions, 'config' | 'env'>): Promise<Ended> {
  const [stdout, stderr] = [capture(), capture()];
  const { signal } = new AbortController();
  const code = await runCommandLine(args, { env: environmentOf(options), stdin: Readable.from([]), stdout, stderr, signal });
  return endedWith(code, stdout.text(), stderr.text());
}
