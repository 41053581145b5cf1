import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { ExitCode } from '../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../core/errors';

/** When what was last proved, by the name of the backup. It names no secret, and is made to be kept in Git or beside the runbook. */
export interface Proofs {
  readonly [backupName: string]: { readonly [subject: string]: string } | undefined;
}

const PROOFS = z.record(z.string(), z.record(z.string(), z.string()));

/** None where there is no file yet. */
export function readProofs(file: string): Proofs {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw new RunnerError(`the dates of the last proofs can't be read from ${file} (${messageOf(error)}): name another file with --proofs FILE`, ExitCode.BAD_CONFIG, { cause: error });
  }
  try {
    return PROOFS.parse(JSON.parse(text));
  } catch (error) {
    throw new RunnerError(`${file} has no dates of proofs in it: it is left as it is; name another file with --proofs FILE`, ExitCode.BAD_CONFIG, { cause: error });
  }
}

/** In the order of names, so that a change is a change of dates. */
export function writeProofs(file: string, proofs: Proofs): void {
  const sorted = (object: object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => a < b ? -1 : 1));
  const text = `${JSON.stringify(sorted(Object.fromEntries(Object.entries(proofs).map(([name, of]) => [name, sorted(of ?? {})]))), null, 2)}\n`;
  try {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new RunnerError(`the dates of the proofs can't be written to ${file} (${messageOf(error)}): name another file with --proofs FILE`, ExitCode.BAD_CONFIG, { cause: error });
  }
}
