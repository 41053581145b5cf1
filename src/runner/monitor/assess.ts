import { stateOf } from './drills';
import { Observation, ObservedStore } from './observe';
import { ExportedBackupConfig } from '../../contract/config';
import { DrillRecord } from '../../contract/drill-record';
import { FailedRun } from '../../contract/failed-run';
import { VerificationRecord } from '../../contract/verification-record';
import { Backup, isUsable, latest, newestOf } from '../catalog/catalog';
import { describeAhead } from '../catalog/clock';
import { describeFault, isWhole } from '../catalog/copy-state';
import { formatSeconds } from '../core/format';

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
    bad(catalog.backups.length === 0 ? 'There is no backup.' : `None of the ${catalog.backups.length} backups can be used: each is suspect, from the future or has no whole copy.`);
  } else if (chosen && readable.length === 0) {
    bad('No store with a whole copy of the newest backup can be read now.');
  } else if (chosen && faulty.length === readable.length) {
    bad('Every copy of the newest backup was found damaged when it was read back.');
  }

  if (ageSeconds !== null && targets.rpoSeconds !== null && ageSeconds > targets.rpoSeconds) {
    bad(`The newest data is ${formatSeconds(ageSeconds)} old: more than the RPO of ${formatSeconds(targets.rpoSeconds)}.`);
  } else if (ageSeconds !== null && targets.staleAfterSeconds !== null && ageSeconds > targets.staleAfterSeconds) {
    warning(`A run is missing: there should be a backup that is less than ${formatSeconds(targets.staleAfterSeconds)} old.`);
  }
  if (failedRun) warning(`The last run failed ${formatSeconds(secondsSince(failedRun.finishedAt, now))} ago: ${failedRun.message}`);
  for (const { record: { id }, differing, ahead } of catalog?.backups ?? []) {
    if (differing) bad(`The records of ${id} differ between ${[...differing.keys()].join(' and ')}: one of them was changed, and a restore takes it only where a store is named.`);
    if (ahead) warning(`${id} is never the latest: it is ${describeAhead(ahead)}.`);
  }
  if (newest && newest !== chosen && !newest.differing && !isUsable(newest)) {
    warning(newest.record.suspect !== null && !newest.accepted
      ? `The newest backup, ${newest.record.id}, is suspect, and an earlier one is used: ${newest.record.suspect}.`
      : `The newest backup, ${newest.record.id}, has no whole copy, and an earlier one is used.`);
  }
  const { drilledWithinSeconds, verifiedWithinSeconds } = targets;
  if (lastDrill?.outcome === 'failed') {
    bad(`The last restore drill failed: ${lastDrill.faults.join('; ') || 'it does not say why'}.`);
  } else if (catalog && drilledWithinSeconds !== null && isOlder(lastPassedDrill?.finishedAt, drilledWithinSeconds, now)) {
    warning(lastPassedDrill
      ? `A restore drill is missing: the last one was ${formatSeconds(secondsSince(lastPassedDrill.finishedAt, now))} ago.`
      : 'No restore drill was ever made.');
  }
  if (measuredSeconds !== null && targets.rtoSeconds !== null && measuredSeconds > targets.rtoSeconds) {
    bad(`A restore took ${formatSeconds(measuredSeconds)} in the last drill: more than the RTO of ${formatSeconds(targets.rtoSeconds)}.`);
  }
  const unverified = verifiedWithinSeconds !== null && isOlder(lastGoodVerification?.finishedAt, verifiedWithinSeconds, now);
  if (unverified && catalog && catalog.backups.length > 0) {
    warning(lastGoodVerification
      ? `A verification is missing: the last good one was ${formatSeconds(secondsSince(lastGoodVerification.finishedAt, now))} ago.`
      : 'No backup was ever read back.');
  }
  for (const store of stores) storeProblems(store, chosen, now, warning);
  for (const fault of catalog?.unreadable ?? []) warning(`${capitalized(fault.message)}.`);

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
    const since = `${formatSeconds(secondsSince(store.trouble.since.toISOString(), now))}`;
    const shown = store.readAt ? `what is shown of it is ${formatSeconds(secondsSince(store.readAt.toISOString(), now))} old` : 'it never could be';
    warning(`The store ${store.name} can't be read, for ${since} now; ${shown}: ${store.trouble.message}`);
    if (!store.readAt) return;
  }
  const copy = chosen?.copies.get(store.name);
  if (copy && !isWhole(copy)) warning(`The copy in ${store.name} is not whole: ${describeFault(copy)}.`);
  const damaged = [...store.verifications.values()].filter(({ faults }) => faults.length > 0);
  const [first] = damaged;
  if (first) {
    const others = damaged.length > 1 ? ` So are ${damaged.length - 1} others.` : '';
    warning(`The copy of ${first.id} in ${store.name} was found damaged: ${first.faults.join('; ')}.${others}`);
  }
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

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
