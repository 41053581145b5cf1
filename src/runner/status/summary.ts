import { ExportedBackupConfig } from '../../contract/config';
import { assess, Assessment, secondsSince } from '../monitor/assess';
import { MonitoredBackup } from '../monitor/monitor';
import { Observation } from '../monitor/observe';

/** A backup as the pages show it. */
export interface Shown {
  readonly config: ExportedBackupConfig;
  readonly observation: Observation;
  readonly assessment: Assessment;
}

export function assessAll(watched: readonly MonitoredBackup[], now: Date): readonly Shown[] {
  return watched.map(each => ({ ...each, assessment: assess(each.observation, each.config, now) }));
}

const ORDER = ['no', 'unknown', 'but', 'yes'] as const;

/** Those first that somebody has to look at; otherwise in the order of the config. */
export function worstFirst(all: readonly Shown[]): readonly Shown[] {
  const rank = ({ assessment: { verdict, problems } }: Shown) => ORDER.indexOf(verdict) * 2 + (problems.some(({ severity }) => severity === 'bad') ? 0 : 1);
  return [...all].sort((a, b) => rank(a) - rank(b));
}

/** The backup that a number for all of them stands for, and that number. */
export interface Extreme {
  readonly of: Shown;
  readonly seconds: number;
  /** What it is measured against; `null` where nothing is declared. */
  readonly limitSeconds: number | null;
}

/** The newest data that is the oldest, in relation to what is allowed. */
export function oldestData(all: readonly Shown[]): Extreme | undefined {
  return worst(all, ({ config, assessment }) => ({ seconds: assessment.ageSeconds, limitSeconds: config.rpoSeconds ?? config.staleAfterSeconds }));
}

/** The drill that took longest, in relation to what is allowed. */
export function slowestRestore(all: readonly Shown[]): Extreme | undefined {
  return worst(all, ({ config, assessment }) => ({ seconds: assessment.measuredRtoSeconds, limitSeconds: config.rtoSeconds }));
}

/** The proof that is the oldest. */
export function oldestProof(all: readonly Shown[], now: Date): Extreme | undefined {
  return worst(all, ({ config, assessment: { lastPassedDrill } }) => ({
    seconds: lastPassedDrill ? secondsSince(lastPassedDrill.finishedAt, now) : null, limitSeconds: config.drilledWithinSeconds,
  }));
}

function worst(all: readonly Shown[], measure: (shown: Shown) => { seconds: number | null; limitSeconds: number | null }): Extreme | undefined {
  const measured = all.flatMap(of => {
    const { seconds, limitSeconds } = measure(of);
    return seconds === null ? [] : [{ of, seconds, limitSeconds }];
  });
  // What has a limit comes before what has none, which may be as old as it likes.
  const share = ({ seconds, limitSeconds }: Extreme) => limitSeconds === null ? -1 : seconds / limitSeconds;
  return measured.sort((a, b) => share(b) - share(a) || b.seconds - a.seconds)[0];
}
