import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig } from '../config/load';
import { exitCodeOf, messageOf } from '../core/errors';

/** `unchecked`: nobody can tell from here. */
export type Level = 'ok' | 'unchecked' | 'warning' | 'error';

/** What was looked at, and what came out. */
export interface DoctorFinding {
  readonly level: Level;
  /** `database`, `store s3`, `Secret`. */
  readonly subject: string;
  readonly message: string;
  /** What to do about it; `null` if the message says so, or nothing has to be done. */
  readonly advice: string | null;
  /** Of a run that meets this: OK unless the level is `error`. */
  readonly exitCode: ExitCode;
}

/** What was found of the source, and how large the next backup is expected to be. */
export interface Check {
  readonly findings: readonly DoctorFinding[];
  readonly expectedBytes: number | null;
}

export function ok(subject: string, message: string): DoctorFinding {
  return { level: 'ok', subject, message, advice: null, exitCode: ExitCode.OK };
}

export function unchecked(subject: string, message: string, advice: string): DoctorFinding {
  return { level: 'unchecked', subject, message, advice, exitCode: ExitCode.OK };
}

export function warning(subject: string, message: string, advice: string | null): DoctorFinding {
  return { level: 'warning', subject, message, advice, exitCode: ExitCode.OK };
}

export function fault(subject: string, message: string, advice: string | null, exitCode: ExitCode): DoctorFinding {
  return { level: 'error', subject, message, advice, exitCode };
}

/** An error of the runner says itself what to do. */
export function faultOf(subject: string, error: unknown): DoctorFinding {
  return fault(subject, messageOf(error), null, exitCodeOf(error));
}

export interface StoreCheckOptions {
  readonly config: InspectionConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Of the next backup; `null` if the source did not say. */
  readonly expectedBytes: number | null;
}
