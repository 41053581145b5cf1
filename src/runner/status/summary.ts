import { urgencyOf } from './states';
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

/** Those first that somebody has to look at; otherwise in the order of the config. */
export function worstFirst(all: readonly Shown[]): readonly Shown[] {
  return [...all].sort((a, b) => urgencyOf(a.assessment.state) - urgencyOf(b.assessment.state));
}

/** The backup that a number for all of them stands for, and that number. */
export interface Extreme {
  readonly of: Shown;
  readonly seconds: number;
  /** What it is measured against; `null` where nothing is declared. */
  readonly limitSeconds: number | null;
  /** Since when; `null` for what is no age. */
  readonly since: string | null;
}

type Measure = { readonly seconds: number | null; readonly limitSeconds: number | null; readonly since?: string };

/** The newest data that is the oldest, in relation to what is allowed. */
export function oldestData(all: readonly Shown[]): Extreme | undefined {
  return worst(all, ({ config, assessment }) => ({
    seconds: assessment.ageSeconds,
    limitSeconds: config.rpoSeconds ?? config.staleAfterSeconds,
    since: assessment.latest?.record.startedAt,
  }));
}

/** The drill that took longest, in relation to what is allowed. */
export function slowestRestore(all: readonly Shown[]): Extreme | undefined {
  return worst(all, ({ config, assessment }) => ({ seconds: assessment.measuredRtoSeconds, limitSeconds: config.rtoSeconds }));
}

/** The proof that is the oldest. */
export function oldestProof(all: readonly Shown[], now: Date): Extreme | undefined {
  return worst(all, ({ config, assessment: { lastPassedDrill } }) => ({
    seconds: lastPassedDrill ? secondsSince(lastPassedDrill.finishedAt, now) : null,
    limitSeconds: config.drilledWithinSeconds,
    since: lastPassedDrill?.finishedAt,
  }));
}

function worst(all: readonly Shown[], measure: (shown: Shown) => Measure): Extreme | undefined {
  const measured = all.flatMap(of => {
    const { seconds, limitSeconds, since = null } = measure(of);
    return seconds === null ? [] : [{ of, seconds, limitSeconds, since }];
  });
  // What has a limit comes before what has none, which may be as old as it likes.
  const share = ({ seconds, limitSeconds }: Extreme) => limitSeconds === null ? -1 : seconds / limitSeconds;
  return measured.sort((a, b) => share(b) - share(a) || b.seconds - a.seconds)[0];
}
