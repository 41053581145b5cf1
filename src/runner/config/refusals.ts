import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { cut } from '../core/schema';

/** For what is asked on the command line, which may be long. */
export function usage(message: string): RunnerError {
  return new RunnerError(cut(message), ExitCode.USAGE);
}

export function badConfig(message: string): RunnerError {
  return new RunnerError(message, ExitCode.BAD_CONFIG);
}
