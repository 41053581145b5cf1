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

export const LEVEL_WORDS: Readonly<Record<Level, string>> = { ok: 'ok', unchecked: 'not checked', warning: 'WARNING', error: 'ERROR' };

export function sentenceOf({ message, advice }: DoctorFinding): string {
  return advice === null ? message : `${message}: ${advice}`;
}

/** Which errors of several give the exit code: what a person has to mend before the rest. */
const SEVERITY: readonly ExitCode[] = [
  ExitCode.BAD_CONFIG, ExitCode.DENIED, ExitCode.NOT_FOUND, ExitCode.VERSION_MISMATCH, ExitCode.CORRUPT, ExitCode.NO_SPACE, ExitCode.UNAVAILABLE,
  ExitCode.FAILED,
];

/** The exit code of a command that has these to tell. */
export function worstOf(findings: readonly DoctorFinding[]): ExitCode {
  const codes = findings.filter(({ level }) => level === 'error').map(({ exitCode }) => exitCode);
  return codes.length === 0 ? ExitCode.OK : SEVERITY.find(code => codes.includes(code)) ?? codes[0]!;
}

export interface StoreCheckOptions {
  readonly config: InspectionConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Of the next backup; `null` if the source did not say. */
  readonly expectedBytes: number | null;
}
