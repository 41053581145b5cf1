import { Command } from './_command';
import { Dice } from './_dice';
import { Place } from './_place';
import { Ended, RunOptions, Running } from '../integration/_runner';

/** What an undisturbed run of a command does: faults strike somewhere within. */
export interface Baseline {
  readonly ms: number;
  readonly s3Requests: number;
  readonly postgresBytes: number;
  readonly redisBytes: number;
}

export interface Strike {
  readonly command: Command;
  readonly place: Place;
  readonly baseline: Baseline;
  readonly dice: Dice;
  /** Notes that it strikes now. The answer is whether the run is still going on: else it is too late, and nothing may be done. */
  hit(): boolean;
}

/** A fault that is ready to strike. */
export interface Armed {
  /** Where and when, for whoever looks at a round. */
  readonly what: string;
  /** What the run needs in addition. */
  readonly options?: Partial<RunOptions>;
  /** Changes what the run is told, where that depends on it. */
  change?(options: RunOptions): RunOptions;
  /** Called when the run has started. */
  started?(running: Running): void | Promise<void>;
  /** Broken promises that only this fault can show, after the disturbed run. */
  check?(ended: readonly Ended[]): readonly string[] | Promise<readonly string[]>;
  /** Puts the world right after the run. */
  heal?(): Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** Codes that belong to this class of fault. 0: the command got over it. */
  readonly codes: readonly number[];
  /** Where a run may only end at its deadline, that is so short. */
  readonly deadlineSeconds?: number;
  /** Whether two of the command run at the same time. */
  readonly twice?: boolean;
  appliesTo(command: Command): boolean;
  arm(strike: Strike): Armed | Promise<Armed>;
}

/** A moment within a run. */
export function moment({ baseline, dice }: Strike): number {
  return Math.round(baseline.ms * dice.next());
}

/** Calls back at a point of the run that the dice choose: at the n-th request to the store, after so many bytes of a database, or after a time. */
export function atSomePoint(strike: Strike, callback: () => void): { readonly what: string; started(): void } {
  const { command, dice, baseline, place: { site } } = strike;
  const nothing = () => {};
  const strikes = () => {
    if (strike.hit()) callback();
  };
  switch (dice.oneOf(['time', 'time', ...command.links])) {
    case 's3': {
      const at = dice.between(0, baseline.s3Requests - 1);
      let n = 0;
      site.s3Proxy.inject({ kind: 'delay', ms: 0 }, () => n++ === at && (strikes(), true), 1);
      return { what: `at request ${at} to S3`, started: nothing };
    }
    case 'postgres': {
      const at = dice.between(1, baseline.postgresBytes);
      site.pgProxy.onBytes(at, strikes);
      return { what: `after ${at} bytes of PostgreSQL`, started: nothing };
    }
    case 'redis': {
      const at = dice.between(1, baseline.redisBytes);
      site.redisProxy.onBytes(at, strikes);
      return { what: `after ${at} bytes of Redis`, started: nothing };
    }
    default: {
      const ms = moment(strike);
      return { what: `after ${ms} ms`, started: () => void setTimeout(strikes, ms) };
    }
  }
}
