import { Kind, Place } from './_place';
import { Ended, RunOptions } from '../integration/_runner';

/** Where a fault can strike a command. */
export type Link = 's3' | 'postgres' | 'redis';

/** A command that is run while things go wrong. */
export interface Command {
  readonly name: string;
  readonly kind: Kind;
  /** Connections that it makes. */
  readonly links: readonly Link[];
  /** Whether it starts programs. */
  readonly children: boolean;
  /** Directories that it writes to. */
  readonly writes: readonly ('volume' | 'scratch' | 'target')[];
  /** Whether it ends by itself at a deadline; else a person stops it who has waited long enough. */
  readonly deadline: boolean;
  prepare(place: Place): Promise<Scene>;
}

/** All that is there for one round, and what has to be true of it. */
export interface Scene {
  readonly args: readonly string[];
  readonly options: RunOptions;
  /** Besides 0, codes of the undisturbed run which say that the disturbed one had done it after all. */
  readonly doneAlready?: readonly number[];
  /** Exit codes of one of two at once that finds what the other has done, or is doing. */
  readonly twoAtOnce?: readonly number[];
  /** Copies that were damaged on purpose, as `STORE: ` and the id. */
  readonly damaged?: readonly { readonly store: string; readonly id: string }[];
  /** Exit codes of what was wrong before, as long as it still is, since the fault has kept the command from mending it. */
  stillWrong?(): readonly number[];
  /** Whether this file of an older backup may go, or change. */
  mayGo?(key: string): boolean;
  /** Broken promises about what the command does; after the disturbed run, or runs, and at last after the undisturbed one. */
  check?(ended: Ended, last: boolean, runs: number): Promise<readonly string[]>;
  /** Removes what is not in the place. */
  remove?(): Promise<void>;
}
