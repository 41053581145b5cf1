import { RestoreArtifacts } from './artifacts';
import { DrillConfig, TargetConfig } from '../../contract/config';
import { DrillCheck } from '../../contract/drill-record';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { Reporter } from '../core/reporter';

/** What a drill has to go by. */
export interface DrillTargetContext {
  readonly config: DrillConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: Reporter;
}

/** The backup that is to be restored, and what of it. */
export interface DrillInput {
  readonly record: BackupRecord;
  /** Those that the restorer has selected. */
  readonly selected: readonly RecordedArtifact[];
  readonly artifacts: RestoreArtifacts;
}

/** What was found in the restored data. */
export interface Checked {
  /** Rows or keys. */
  readonly items: number;
  readonly checks: readonly DrillCheck[];
}

/**
 * Where a drill restores to: an empty server beside the runner, or a file in its scratch directory. Thrown away afterwards.
 *
 * The promise that all of it serves: a drill never touches anything that is real. Methods reject with a `RunnerError` that names the
 * target and the way out, and with the signal's reason when that was aborted. Held by test/integration/engines/drill-target-conformance.ts.
 */
export interface DrillTarget {
  /** For messages: `postgres 127.0.0.1:5432`. */
  readonly description: string;
  /** What the restorer is told. The assertions of the config are not in it: they are checked one by one, by {@link check}. */
  readonly target: TargetConfig;
  /** Room in the scratch directory of the runner that the restored data will take. */
  roomFor(selected: readonly RecordedArtifact[]): number;

  /** Waits until it answers, and returns its version. */
  started(signal: AbortSignal): Promise<string>;

  /**
   * Rejects unless there is nothing in it. Removes what an earlier drill has left that was killed, where its name tells that it is of a drill.
   * Nothing else may be called before this has succeeded but {@link started}.
   */
  claim(signal: AbortSignal): Promise<void>;

  /** Rejects a backup that it can't take, for its version or its size, and makes what a restore presupposes. */
  prepare(input: DrillInput, signal: AbortSignal): Promise<void>;

  /** Looks at what was restored. What is wrong with it is a check that was not passed, not an error. */
  check(input: DrillInput, signal: AbortSignal): Promise<Checked>;

  /** Removes all that the drill has made. Does nothing unless {@link claim} has succeeded. */
  clear(signal: AbortSignal): Promise<void>;
}

/** A check, from something that fails by throwing. Only what says that it could not be done at all goes on being an error. */
export function check(name: string, fault: string | null, detail: string): DrillCheck {
  return { name, passed: fault === null, detail: fault ?? detail };
}
