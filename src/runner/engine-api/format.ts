import { Readable } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact } from '../../contract/record';
import { RunnerError } from '../core/errors';
import { Check } from '../stream/check';

/** What has the wrong format although its digest is right was so when it was taken: no other copy is better. */
export const WAY_OUT = 'it was so when it was taken: choose another backup, and take a new one';

/** Content that is not what it should be. */
export class WrongFormat extends RunnerError {
  /** @param what is wrong, as it follows the name of the file */
  constructor(file: string, public readonly what: string) {
    super(`${file} has the recorded digest, but ${what}; ${WAY_OUT}`, ExitCode.CORRUPT);
  }
}

/** The failure for content that is not what it should be. */
export function wrongFormat({ file }: RecordedArtifact, what: string): RunnerError {
  return new WrongFormat(file, what);
}

/** Ends well only if all of the content has passed, and the check has nothing against it. */
export async function through(content: Readable, check: Check): Promise<void> {
  for await (const chunk of content as AsyncIterable<Buffer>) check.add(chunk);
  check.end();
}
