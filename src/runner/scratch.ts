import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf, RunnerError } from './errors';
import { ScratchConfig } from '../contract/config';
import { ExitCode } from '../contract/exit-code';

/** Makes a directory for one purpose, which begins its name; whoever made it removes it. */
export async function scratchDirectory({ directory }: ScratchConfig, purpose: string): Promise<string> {
  try {
    return await mkdtemp(path.join(directory, `${purpose}-`));
  } catch (error) {
    throw new RunnerError(
      `the scratch directory ${directory} can't be used (${messageOf(error)}): it has to exist and be writable`,
      codeOf(error) === 'ENOSPC' ? ExitCode.NO_SPACE : ExitCode.BAD_CONFIG, { cause: error },
    );
  }
}
