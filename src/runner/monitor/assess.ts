import { isOnlyLate, stateOf } from './drills';
import { Observation, ObservedStore } from './observe';
import * as say from './problem-messages';
import { ExportedBackupConfig } from '../../contract/config';
import { DrillRecord } from '../../contract/drill-record';
import { FailedRun } from '../../contract/failed-run';
import { VerificationRecord } from '../../contract/verification-record';
import { Backup } from '../catalog/catalog';
import { isUsable, latest, newestOf, passedOver } from '../catalog/choose-backup';
import { copiesAsRead, isWhole } from '../catalog/copy-state';

/** What is declared about a backup; `null` where nothing is. */
export type Targets = Pick<ExportedBackupConfig, 'staleAfterSeconds' | 'rpoSeconds' | 'rtoSeconds' | 'verifiedWithinSeconds' | 'drilledWithinSeconds'>;

/**
 * Whether a restore could begin right now: `yes`; `but`: yes, and something is wrong all the same; `no`: there is no backup, or no copy that
 * can be read; `unknown`: no store could be read so far.
 */
export type Verdict = 'yes' | 'but' | 'no' | 'unknown';

/** How bad each problem is; `bad`: a promise is broken. The worst comes first. */
const SEVERITIES = {
  'nothing-usable': 'bad',
  'no-readable-copy': 'bad',
  'every-copy-damaged': 'bad',
  'records-differ': 'bad',
  'drill-failed': 'bad',
  'rpo-exceeded': 'bad',
  'rto-exceeded': 'bad',
  'run-failed': 'warning',
  'run-missing': 'warning',
  'copy-damaged': 'warning',
  'copy-not-whole': 'warning',
  'store-unreadable': 'warning',
  'newest-damaged': 'warning',
  'newest-suspect': 'warning',
  'newest-not-whole': 'warning',
  'never-drilled': 'warning',
  'drill-missing': 'warning',
  'never-verified': 'warning',
  'verification-missing': 'warning',
  'from-future': 'warning',
  'record-unreadable': 'warning',
} as const;

export type ProblemKind = keyof typeof SEVERITIES;

/** What somebody has to look at. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly severity: typeof SEVERITIES[ProblemKind];
  readonly text: string;
  /** The same for whoever has two seconds; absent where the text is short. */
  readonly brief?: string;
}

/** The state of a backup in one word: the worst that is known of it. */
export type BackupState = 'not-restorable' | 'records-differ' | 'drill-failed' | 'rpo-exceeded' | 'rto-exceeded' | 'unknown' | 'at-risk' | 'restorable';

/** What an observation means, at one moment. */
export interface Assessment {
  readonly verdict: Verdict;
  readonly state: BackupState;
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

/** Worst first. */
export const PROBLEM_KINDS = Object.keys(SEVERITIES) as readonly ProblemKind[];
const BROKEN_PROMISES = ['records-differ', 'drill-failed', 'rpo-exceeded', 'rto-exceeded'] as const satisfies readonly (ProblemKind & BackupState)[];

type Tell = (kind: ProblemKind, text: string, brief?: string) => void;

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
  const tell: Tell = (kind, text, brief) => problems.push({ kind, severity: SEVERITIES[kind], text, ...brief !== undefined && { brief } });

  const restorable = isRestorable(observation);
  const [damaged] = catalog ? passedOver(catalog, chosen) : [];
  if (catalog && !chosen) {
    if (damaged) tell('every-copy-damaged', say.everyCopyDamaged(damaged.record.id));
    else tell('nothing-usable', say.nothingUsable(catalog.backups.length));
  } else if (restorable === false) {
    tell('no-readable-copy', say.NO_READABLE_COPY);
  }
  if (chosen && damaged) tell('newest-damaged', say.newestDamaged(damaged.record, chosen.record));

  if (ageSeconds !== null && targets.rpoSeconds !== null && ageSeconds > targets.rpoSeconds) {
    tell('rpo-exceeded', say.olderThanRpo(ageSeconds, targets.rpoSeconds));
  } else if (ageSeconds !== null && targets.staleAfterSeconds !== null && ageSeconds > targets.staleAfterSeconds) {
    tell('run-missing', say.runMissing(targets.staleAfterSeconds));
  }
  if (failedRun) tell('run-failed', say.runFailed(secondsSince(failedRun.finishedAt, now), failedRun.message));
  for (const { record: { id }, differing, ahead } of catalog?.backups ?? []) {
    if (differing) tell('records-differ', say.recordsDiffer(id, [...differing.keys()]));
    if (ahead) tell('from-future', say.neverLatest(id, ahead));
  }
  if (newest && newest !== damaged && !newest.differing && !isUsable(newest)) {
    const { id, suspect } = newest.record;
    if (suspect !== null && !newest.accepted) tell('newest-suspect', say.newestSuspect(id, suspect));
    else tell('newest-not-whole', say.newestNotWhole(id));
  }
  const { drilledWithinSeconds, verifiedWithinSeconds } = targets;
  // One that only took too long has shown that the data come back: what it missed is the RTO.
  const late = lastDrill && isOnlyLate(lastDrill) ? lastDrill : undefined;
  const proof = late ?? lastPassedDrill;
  if (lastDrill?.outcome === 'failed' && !late) {
    tell('drill-failed', say.drillFailed(lastDrill.faults));
  } else if (catalog && drilledWithinSeconds !== null && isOlder(proof?.finishedAt, drilledWithinSeconds, now)) {
    if (proof) tell('drill-missing', say.drillMissing(secondsSince(proof.finishedAt, now)));
    else tell('never-drilled', say.NO_DRILL);
  }
  const rtoSeconds = Math.min(targets.rtoSeconds ?? Infinity, late?.rtoTargetSeconds ?? Infinity);
  if (measuredSeconds !== null && measuredSeconds > rtoSeconds) {
    tell('rto-exceeded', say.slowerThanRto(measuredSeconds, rtoSeconds));
  }
  const unverified = verifiedWithinSeconds !== null && isOlder(lastGoodVerification?.finishedAt, verifiedWithinSeconds, now);
  if (unverified && catalog && catalog.backups.length > 0) {
    if (lastGoodVerification) tell('verification-missing', say.verificationMissing(secondsSince(lastGoodVerification.finishedAt, now)));
    else tell('never-verified', say.NO_VERIFICATION);
  }
  for (const store of stores) storeProblems(store, chosen, now, tell);
  for (const fault of catalog?.unreadable ?? []) tell('record-unreadable', say.recordUnreadable(fault));

  problems.sort((a, b) => PROBLEM_KINDS.indexOf(a.kind) - PROBLEM_KINDS.indexOf(b.kind));
  const verdict = restorable === null ? 'unknown' : !restorable ? 'no' : problems.length > 0 ? 'but' : 'yes';
  return {
    verdict,
    state: stateOfBackup(verdict, problems),
    problems,
    latest: chosen,
    ageSeconds,
    lastDrill,
    lastPassedDrill,
    measuredRtoSeconds: measuredSeconds,
    lastGoodVerification,
    failedRun,
  };
}

/** Whether a restore of the latest backup could begin: a copy that is whole, and was not found damaged, can be read now. `null`: no store could be read so far. */
export function isRestorable({ catalog, stores }: Observation): boolean | null {
  if (catalog === null) return null;
  const chosen = latest(catalog);
  if (!chosen) return false;
  const copies = copiesAsRead(chosen);
  return stores.some(({ name, trouble }) => trouble === null && isWhole(copies.get(name)));
}

function stateOfBackup(verdict: Verdict, problems: readonly Problem[]): BackupState {
  if (verdict === 'no') return 'not-restorable';
  if (verdict === 'unknown') return 'unknown';
  const broken = BROKEN_PROMISES.find(kind => problems.some(problem => problem.kind === kind));
  return broken ?? (verdict === 'but' ? 'at-risk' : 'restorable');
}

/** What is wrong with one store, and with what it holds. */
function storeProblems(store: ObservedStore, chosen: Backup | undefined, now: Date, tell: Tell): void {
  if (store.trouble) {
    const shownSeconds = store.readAt && secondsSince(store.readAt.toISOString(), now);
    tell('store-unreadable', say.storeUnreadable(store.name, secondsSince(store.trouble.since.toISOString(), now), shownSeconds, store.trouble.message));
    if (!store.readAt) return;
  }
  const copy = chosen?.copies.get(store.name);
  if (copy && !isWhole(copy)) tell('copy-not-whole', say.copyNotWhole(store.name, copy));
  const damaged = [...store.verifications.values()].filter(({ faults }) => faults.length > 0);
  if (damaged[0]) tell('copy-damaged', say.copyDamaged(store.name, damaged[0], damaged.length - 1), say.copyDamagedBriefly(store.name, damaged[0], damaged.length - 1));
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
