import { stateOf } from './drills';
import { Observation, ObservedStore } from './observe';
import * as tell from './problem-messages';
import { ExportedBackupConfig } from '../../contract/config';
import { DrillRecord } from '../../contract/drill-record';
import { FailedRun } from '../../contract/failed-run';
import { VerificationRecord } from '../../contract/verification-record';
import { Backup, isUsable, latest, newestOf } from '../catalog/catalog';
import { isWhole } from '../catalog/copy-state';

/** What is declared about a backup; `null` where nothing is. */
export type Targets = Pick<ExportedBackupConfig, 'staleAfterSeconds' | 'rpoSeconds' | 'rtoSeconds' | 'verifiedWithinSeconds' | 'drilledWithinSeconds'>;

/**
 * Whether a restore could begin right now: `yes`; `but`: yes, and something is wrong all the same; `no`: there is no backup, or no copy that
 * can be read; `unknown`: no store could be read so far.
 */
export type Verdict = 'yes' | 'but' | 'no' | 'unknown';

/** What somebody has to look at; `bad`: a promise is broken. */
export interface Problem {
  readonly severity: 'bad' | 'warning';
  readonly text: string;
}

/** What an observation means, at one moment. */
export interface Assessment {
  readonly verdict: Verdict;
  /** Worst first. */
  readonly problems: readonly Problem[];
  /** What a restore would take; absent if there is nothing. */
  readonly latest: Backup | undefined;
  /** From the point in time that a restore would go back to. */
  readonly ageSeconds: number | null;
  /** The newest drill, and the newest that passed. */
  readonly lastDrill: DrillRecord | undefined;
  readonly lastPassedDrill: DrillRecord | undefined;
  /** How long a restore took when it was last measured; `null` where it never was. */
  readonly measuredRtoSeconds: number | null;
  /** The newest verification that found a copy good. */
  readonly lastGoodVerification: VerificationRecord | undefined;
  /** The last run, if it failed. */
  readonly failedRun: FailedRun | undefined;
}

export function assess(observation: Observation, targets: Targets, now: Date): Assessment {
  const { catalog, stores, drills, failedRuns } = observation;
  const chosen = catalog ? latest(catalog) : undefined;
  const newest = catalog ? newestOf(catalog) : undefined;
  const ageSeconds = chosen ? secondsSince(chosen.record.startedAt, now) : null;
  const { last: lastDrill, lastPassed: lastPassedDrill, measuredSeconds } = stateOf(drills);
  const verifications = stores.flatMap(store => [...store.verifications.values()]);
  const lastGoodVerification = newestBy(verifications.filter(({ faults }) => faults.length === 0), ({ finishedAt }) => finishedAt);
  const failedRun = lastRunIfFailed(failedRuns, newest);

  const problems: Problem[] = [];
  const bad = (text: string) => problems.push({ severity: 'bad', text });
  const warning = (text: string) => problems.push({ severity: 'warning', text });

  const readable = chosen && catalog ? stores.filter(store => isWhole(chosen.copies.get(store.name)) && store.trouble === null) : [];
  const faulty = readable.filter(store => (store.verifications.get(chosen!.record.id)?.faults.length ?? 0) > 0);
  if (catalog && !chosen) {
    bad(tell.nothingUsable(catalog.backups.length));
  } else if (chosen && readable.length === 0) {
    bad(tell.NO_READABLE_COPY);
  } else if (chosen && faulty.length === readable.length) {
    bad(tell.EVERY_COPY_DAMAGED);
  }

  if (ageSeconds !== null && targets.rpoSeconds !== null && ageSeconds > targets.rpoSeconds) {
    bad(tell.olderThanRpo(ageSeconds, targets.rpoSeconds));
  } else if (ageSeconds !== null && targets.staleAfterSeconds !== null && ageSeconds > targets.staleAfterSeconds) {
    warning(tell.runMissing(targets.staleAfterSeconds));
  }
  if (failedRun) warning(tell.runFailed(secondsSince(failedRun.finishedAt, now), failedRun.message));
  for (const { record: { id }, differing, ahead } of catalog?.backups ?? []) {
    if (differing) bad(tell.recordsDiffer(id, [...differing.keys()]));
    if (ahead) warning(tell.neverLatest(id, ahead));
  }
  if (newest && newest !== chosen && !newest.differing && !isUsable(newest)) {
    const { id, suspect } = newest.record;
    warning(suspect !== null && !newest.accepted ? tell.newestSuspect(id, suspect) : tell.newestNotWhole(id));
  }
  const { drilledWithinSeconds, verifiedWithinSeconds } = targets;
  if (lastDrill?.outcome === 'failed') {
    bad(tell.drillFailed(lastDrill.faults));
  } else if (catalog && drilledWithinSeconds !== null && isOlder(lastPassedDrill?.finishedAt, drilledWithinSeconds, now)) {
    warning(lastPassedDrill ? tell.drillMissing(secondsSince(lastPassedDrill.finishedAt, now)) : tell.NO_DRILL);
  }
  if (measuredSeconds !== null && targets.rtoSeconds !== null && measuredSeconds > targets.rtoSeconds) {
    bad(tell.slowerThanRto(measuredSeconds, targets.rtoSeconds));
  }
  const unverified = verifiedWithinSeconds !== null && isOlder(lastGoodVerification?.finishedAt, verifiedWithinSeconds, now);
  if (unverified && catalog && catalog.backups.length > 0) {
    warning(lastGoodVerification ? tell.verificationMissing(secondsSince(lastGoodVerification.finishedAt, now)) : tell.NO_VERIFICATION);
  }
  for (const store of stores) storeProblems(store, chosen, now, warning);
  for (const fault of catalog?.unreadable ?? []) warning(tell.recordUnreadable(fault));

  const cannot = catalog !== null && (!chosen || readable.length === 0 || faulty.length === readable.length);
  return {
    verdict: catalog === null ? 'unknown' : cannot ? 'no' : problems.length > 0 ? 'but' : 'yes',
    problems: problems.sort((a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad')),
    latest: chosen,
    ageSeconds,
    lastDrill,
    lastPassedDrill,
    measuredRtoSeconds: measuredSeconds,
    lastGoodVerification,
    failedRun,
  };
}

/** What is wrong with one store, and with what it holds. */
function storeProblems(store: ObservedStore, chosen: Backup | undefined, now: Date, warning: (text: string) => void): void {
  if (store.trouble) {
    const shownSeconds = store.readAt && secondsSince(store.readAt.toISOString(), now);
    warning(tell.storeUnreadable(store.name, secondsSince(store.trouble.since.toISOString(), now), shownSeconds, store.trouble.message));
    if (!store.readAt) return;
  }
  const copy = chosen?.copies.get(store.name);
  if (copy && !isWhole(copy)) warning(tell.copyNotWhole(store.name, copy));
  const damaged = [...store.verifications.values()].filter(({ faults }) => faults.length > 0);
  if (damaged[0]) warning(tell.copyDamaged(store.name, damaged[0], damaged.length - 1));
}

/** The newest failed run, unless a run after it has left a backup. */
export function lastRunIfFailed(failedRuns: readonly FailedRun[], newest: Backup | undefined): FailedRun | undefined {
  const last = failedRuns.at(-1);
  return last && (!newest || Date.parse(last.finishedAt) > Date.parse(newest.record.finishedAt)) ? last : undefined;
}

export function newestBy<T>(items: readonly T[], time: (item: T) => string): T | undefined {
  return items.reduce<T | undefined>((best, item) => best === undefined || Date.parse(time(item)) > Date.parse(time(best)) ? item : best, undefined);
}

export function secondsSince(instant: string, now: Date): number {
  return Math.max(0, Math.round((now.getTime() - Date.parse(instant)) / 1000));
}

function isOlder(instant: string | undefined, seconds: number, now: Date): boolean {
  return instant === undefined || secondsSince(instant, now) > seconds;
}
