import { RestoreArtifacts } from './artifacts';
import { Config, RestoreConfig } from '../../contract/config';
import { ExitCode, RETRYABLE } from '../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { Obstacle } from '../core/obstacle';
import { Store } from '../store-api/store';

/** What is to be restored. */
export interface RestoreInput {
  readonly record: BackupRecord;
  readonly artifacts: RestoreArtifacts;
}

/** What a restore is going to do, and what it needs. */
export interface RestorePlan {
  /** What will be done to the target, in order, each as a sentence without a full stop: what is created, renamed, dropped. */
  readonly steps: readonly string[];
  /** What stops being live, for the confirmation: `database shop on db:5432, 12.3 MB`; `null` if nothing that exists is touched. */
  readonly replaces: string | null;
  /** Where that is afterwards, for the confirmation: `the database shop_before_YYYYMMDD_HHMMSS`; `null` where it is gone, or nothing is replaced. */
  readonly keeps: string | null;
  /** What stands in the way. All of it, so that nobody has to find it one run at a time. */
  readonly missing: readonly Obstacle[];
  /** What does not stand in the way, but a person should know. */
  readonly notes: readonly string[];
  /** Versions of the programs that will take part, by program. */
  readonly tools?: { readonly [program: string]: string };
}

/** A plan that its restorer can carry out. */
export interface PreparedRestore<Found = unknown> {
  readonly input: RestoreInput;
  readonly plan: RestorePlan;
  /** What the restorer has found out, for itself alone: it is never shown. `null` where it looks anew when it restores. */
  readonly found: Found;
}

/** A restore, or a rollback, that has ended well. */
export interface Restored {
  /** What the live name holds now: `database shop is app_20261122_020000`. */
  readonly state: string;
  /** Where that which was live before is now; `null` if there is no such thing. */
  readonly previous: Previous | null;
  /** What was not brought back, or differs from the backup. */
  readonly notes: readonly string[];
}

/** Where that which a restore has replaced is now: beside it under a name of its own, as a backup, or each member of a set somewhere. */
export type Previous =
  | { readonly kind: 'beside' | 'backup'; readonly name: string }
  | { readonly kind: 'members'; readonly members: { readonly [member: string]: Previous } };

/** In words. */
export function describePrevious(previous: Previous): string {
  switch (previous.kind) {
    case 'beside': return previous.name;
    case 'backup': return `the backup ${previous.name}`;
    case 'members': return Object.entries(previous.members).map(([member, own]) => `${member}: ${describePrevious(own)}`).join(', ');
  }
}

/** As {@link Restorer.rollbackPoints} calls it. */
export function nameOfPrevious(previous: Previous): string {
  return previous.kind !== 'members' ? previous.name : Object.entries(previous.members).map(([member, own]) => `${member}: ${nameOfPrevious(own)}`).join(', ');
}

/** Where a restore that stores what it replaces has it afterwards: {@link RestorePlan.keeps}. */
export function safetyBackupOf({ config }: Pick<RestorerContext, 'config'>): string {
  return `a backup of ${config.name}, which is not the latest`;
}

/** What is kept under `name`, if anything is. */
export function keptAs(kind: 'beside' | 'backup', name: string | null): Previous | null {
  return name === null ? null : { kind, name };
}

/** Something that an earlier restore has put aside. */
export interface RollbackPoint {
  /** Name of the database, path of the file, id of the backup. */
  readonly name: string;
  /** When it was put aside. */
  readonly keptAt: Date;
  readonly bytes: number | null;
}

/**
 * Where a backup is restored to.
 *
 * The promise that all of it serves: at every moment, whatever dies, the live name holds either what it held or what the backup
 * holds, whole; and the same restore run again finishes, or starts over. A target that can't change in one step (key by key, object by
 * object, the members of a set) holds some of both in between, until the same restore was run again.
 *
 * Methods reject with a `RunnerError` that names the target and the way out, and with the signal's reason when that was aborted. Where
 * {@link restore} or {@link rollback} has begun, it is a {@link RestoreFailure} with that reason in its message. Nothing is kept in the object
 * from one call to the next. Held by test/integration/engines/restorer-conformance.ts.
 */
export interface Restorer<Found = unknown> {
  /** For messages: `postgres database shop on db:5432`. */
  readonly description: string;

  /** Which artifacts of the backup it reads. Rejects a backup that has none for this target. */
  select(record: BackupRecord): readonly RecordedArtifact[];

  /** Looks at the target, the rights, the versions and the head of the archive. Changes nothing; what is missing is a finding, not an error. */
  inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<Found>>;

  /**
   * Puts right what an earlier run left half done when it was killed, as far as the live name is concerned: it is usable afterwards.
   * Called before everything else that changes something, also where there is nothing to put right, and then does nothing.
   *
   * @returns what was put right, a sentence each
   */
  repair(signal: AbortSignal): Promise<readonly string[]>;

  /**
   * Carries out a plan of {@link inspect} that has nothing missing, once: after the artifacts were verified, and the workloads were stopped.
   *
   * @throws RestoreFailure that says what the live name holds
   */
  restore(prepared: PreparedRestore<Found>, signal: AbortSignal): Promise<Restored>;

  /** What earlier restores have kept: first what a rollback brings back, then the others, newest first. Of a set, only the newest of each member. */
  rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]>;

  /**
   * Makes what was kept live again, and keeps what is live now in its place.
   *
   * @throws RestoreFailure, or a RunnerError where nothing was changed, as where that is gone
   */
  rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored>;

  /** Removes what was kept for good. */
  discard(kept: RollbackPoint, signal: AbortSignal): Promise<void>;
}

export interface RestoreFailureOptions extends ErrorOptions {
  /** Whether the live name holds what was to be restored, so that restoring again would only undo what is written from now on. */
  readonly live?: boolean;
}

/** A restore that failed, and what that means for the target. */
export class RestoreFailure extends RunnerError {
  /** See {@link RestoreFailureOptions}. Then the exit code is none that a Job retries. */
  public readonly live: boolean;

  /**
   * @param state what the live name holds now, a sentence without a full stop: `database shop is as it was`
   * @param usable whether an application can work with that: only then the workloads are started again
   */
  constructor(
    message: string, public readonly state: string, public readonly usable: boolean, exitCode: ExitCode,
    { live = false, ...options }: RestoreFailureOptions = {},
  ) {
    super(`${message}. ${state}`, live && RETRYABLE.includes(exitCode) ? ExitCode.DEADLINE : exitCode, options);
    this.live = live;
  }
}

/** The most telling exit code of what is missing: one that no retry helps, if there is one. */
export function exitCodeOfMissing(missing: readonly Obstacle[]): ExitCode {
  return (missing.find(({ exitCode }) => exitCode !== ExitCode.UNAVAILABLE) ?? missing[0])?.exitCode ?? ExitCode.OK;
}

/** The failure to do what something is missing for. */
export function notReady(what: string, missing: readonly Obstacle[], more = ''): RunnerError {
  return new RunnerError(`${what}: ${missing.map(({ message }) => message).join('; and ')}${more}`, exitCodeOfMissing(missing));
}

/** What a restorer may use beside its own target. */
export interface RestorerContext extends Pick<Context<Config>, 'env' | 'reporter'> {
  readonly config: RestoreConfig;
  /** Those of the backup: a safety backup goes there too. */
  readonly stores: readonly Store[];
}
