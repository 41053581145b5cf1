import { createInterface } from 'node:readline/promises';
import { Config } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';

/**
 * Asks the person at the terminal, unless they have said yes before, or nobody is there because a pod was started for this.
 *
 * @param what is going to happen, in whole sentences that name what is replaced, and its size
 */
export async function confirm(
  what: string, { yes, inPod }: { readonly yes: boolean; readonly inPod: boolean }, { stdin, stdout, signal }: Pick<Context<Config>, 'stdin' | 'stdout' | 'signal'>,
): Promise<void> {
  if (yes) return;
  if (!stdin.isTTY) {
    if (inPod) return;
    throw new RunnerError(`${what} Nobody is here to confirm that: add --yes, or look at the plan first with --dry-run`, ExitCode.USAGE);
  }
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await terminal.question(`${what}\nType "yes" to go on: `, { signal });
    if (answer.trim() !== 'yes') throw new RunnerError('not confirmed', ExitCode.USAGE);
  } finally {
    terminal.close();
  }
}
