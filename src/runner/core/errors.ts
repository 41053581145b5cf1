import { types } from 'node:util';
import { ExitCode } from '../../contract/exit-code';

/** A failure the runner understands. The message says what happened, to what, and what to do; `exitCode` whether a retry can help. */
export class RunnerError extends Error {
  public override readonly name = 'RunnerError';

  constructor(message: string, public readonly exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The exit code of anything that was thrown: what the runner did not foresee has failed, and no more is known of it. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof RunnerError ? error.exitCode : ExitCode.FAILED;
}

/** Whether a store, a server or a file system has refused for want of rights. */
export function isDenied(error: unknown): boolean {
  return error instanceof RunnerError && error.exitCode === ExitCode.DENIED;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return types.isNativeError(error) ? error.message : String(error); // also one of another realm
}

/** The system's or library's code of an error, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
