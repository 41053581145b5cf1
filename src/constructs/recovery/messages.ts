/*
 * What is said about a backup that is not as good as its objectives say, each with its arithmetic and the way out.
 */
import { Duration, Size } from 'cdk8s';
import { secondsFor, slackSeconds } from './objective-times';
import { RestoreEstimate } from './recovery-objectives';
import { StoreRecovery } from './recovery-report';
import { RecoveryScenario } from './recovery-scenario';
import { retrievalSeconds } from './retrieval-times';
import { show, showSeconds } from '../core/check';
import { Gaps } from '../schedule/longest-gap';

/** A schedule as messages show it. */
export interface Schedule {
  readonly schedule?: string;
  readonly timeZone: string;
}

/** By how much a run may be late. */
export interface Deadlines {
  readonly startingDeadlineSeconds: number;
  readonly deadlineSeconds: number;
}

const SCENARIOS = Object.values(RecoveryScenario).map(name => show(name)).join(', ');

const NEEDED: { readonly [scenario in RecoveryScenario]: string } = {
  [RecoveryScenario.CORRUPTION]: 'add one',
  [RecoveryScenario.NODE_LOSS]: 'add one that is not on a node, or leave the scenario out',
  [RecoveryScenario.ZONE_LOSS]: 'add one in several zones or in another one, or leave the scenario out',
  [RecoveryScenario.REGION_LOSS]: 'add one in another region, or leave the scenario out',
  [RecoveryScenario.CLUSTER_LOSS]: 'add one outside of the cluster, or leave the scenario out',
};

export const ON_DEMAND = '\'objectives\' need a schedule, got \'onDemand\': nobody knows how old the newest backup is; set \'schedule\', or drop the objectives';

export const NO_SCENARIO = `'objectives' promise nothing: give at least one of ${SCENARIOS}`;

export function emptyScenario(scenario: RecoveryScenario): string {
  return `'objectives.${scenario}' promises nothing: give it an 'rpo' or an 'rto', or leave the scenario out`;
}

export function newestTooOld(
  property: string, rpo: Duration, worstSeconds: number, gaps: Gaps, { schedule, timeZone }: Schedule, deadlines: Deadlines,
): string {
  const { longestSeconds, longestFrom, longestTo } = gaps;
  const when = longestFrom ? `, as from ${instant(longestFrom)} to ${instant(longestTo)}` : '';
  const arithmetic = `${showSeconds(longestSeconds)} from run to run (${show(schedule)} in ${show(timeZone)}${when}) + ${late(deadlines)}`;
  const wayOut = rpo.toSeconds() === 0
    ? 'a backup can\'t promise to lose nothing, that is what replication is for: leave the scenario out'
    : `run more often, shorten the deadlines, or promise ${showSeconds(worstSeconds)}`;
  return `'${property}' is ${showSeconds(rpo.toSeconds())}, but the newest backup can be ${showSeconds(worstSeconds)} old: ${arithmetic}; ${wayOut}`;
}

/** What is left of backups that are as old as damage is when it is noticed. */
export interface Thinned {
  /** The rule that keeps them, how far apart, and how old that makes the data. */
  readonly rule: string;
  readonly spacingSeconds: number;
  readonly worstSeconds: number;
  /** For so long all backups would have to be kept. */
  readonly allForSeconds: number;
}

export function thinnedOut(property: string, rpo: Duration, noticeSeconds: number, thinned: Thinned, deadlines: Deadlines): string {
  const { rule, spacingSeconds, worstSeconds, allForSeconds } = thinned;
  return `'${property}' is ${showSeconds(rpo.toSeconds())}, but damage is noticed up to ${showSeconds(noticeSeconds)} later, and of backups that old 'retention' keeps ${show(rule)} only: `
    + `${showSeconds(spacingSeconds)} from one to the next + ${late(deadlines)}; keep all of them for ${showSeconds(allForSeconds)} with 'age', or promise ${showSeconds(worstSeconds)}`;
}

/** @param missing what has to be said before anybody can tell */
export function noStoreLeft(scenario: RecoveryScenario, stores: readonly string[], missing: string | undefined): string {
  return `'objectives.${scenario}' needs a store that is still there, got ${stores.join(' and ')}: ${missing === undefined ? NEEDED[scenario] : `say ${missing}`}`;
}

/** @param movedTo the class that has put a bucket of several zones into one, and how old a backup in it may be */
export function whereStoreIs(name: string, location: string, movedTo: { readonly storageClass: string; readonly days: number } | undefined): string {
  return `${show(name)} ${location}${movedTo === undefined ? '' : ` (${movedTo.storageClass}, ${canBeIn(movedTo.days)})`}`;
}

export function noEstimate(rtoProperty: string): string {
  return `'objectives.restore' is missing, and '${rtoProperty}' can't be checked without it: give the size of a backup and how fast it is downloaded and restored, as you measured it`;
}

/** How a restore takes as long as it does. */
export interface RestoreTime {
  readonly preparationSeconds: number;
  readonly restore: RestoreEstimate;
  readonly downloads: 1 | 2;
  /** How old a backup may be that is restored. */
  readonly days: number;
  /** The restore whose scratch volume is too small, and how large it should be. */
  readonly tooSmall: { readonly path: string; readonly scratchSize: Size; readonly neededKibibytes: number } | undefined;
}

export function tooSlow(property: string, rto: Duration, scenario: RecoveryScenario, best: StoreRecovery, time: RestoreTime): string {
  const faster = best.retrievalSeconds > 0 ? 'keep backups in a class that is read at once for as long, ' : '';
  return `'${property}' is ${showSeconds(rto.toSeconds())}, but a restore after ${show(scenario)} takes up to ${showSeconds(best.totalSeconds!)} from store ${show(best.store)}: `
    + `${sumOf(best, time)}; ${faster}${largerScratch(time)}make the restore faster, or promise ${showSeconds(best.totalSeconds!)}`;
}

function sumOf(store: StoreRecovery, { preparationSeconds, restore, downloads, days }: RestoreTime): string {
  const { backupSize, downloadPerSecond, restorePerSecond } = restore;
  const slowest = store.storageClasses.find(name => retrievalSeconds(name) === store.retrievalSeconds);
  return [
    ...preparationSeconds > 0 ? [`${showSeconds(preparationSeconds)} of preparation`] : [],
    ...store.retrievalSeconds > 0 ? [`${showSeconds(store.retrievalSeconds)} to thaw ${slowest}, ${canBeIn(days)}`] : [],
    `${showSeconds(downloads * secondsFor(backupSize, downloadPerSecond))} to download ${backupSize.asString()} ${downloads === 1 ? '' : 'twice '}at ${downloadPerSecond.asString()} a second`,
    `${showSeconds(secondsFor(backupSize, restorePerSecond))} to restore it at ${restorePerSecond.asString()} a second`,
    `${showSeconds(slackSeconds(restore))} 'slack'`,
  ].join(' + ');
}

function largerScratch({ tooSmall }: RestoreTime): string {
  if (tooSmall === undefined) return '';
  const { path, scratchSize, neededKibibytes } = tooSmall;
  return `give ${path} a 'scratchSize' of ${Math.ceil(neededKibibytes / 1024)}Mi or more, for the backup does not fit into its ${scratchSize.asString()} and is read twice, `;
}

/** From the damage until somebody acts, in seconds. */
export interface Delays {
  readonly alert: number;
  readonly human: number;
}

/** @param rule whose backups are closest to being kept for long enough; `undefined`: it keeps every run */
export function goneBeforeNoticed(
  retentionSeconds: number, delays: Delays, spacingSeconds: number, rule: string | undefined, deadlines: Deadlines,
): string {
  const oldest = delays.alert + delays.human + spacingSeconds + deadlines.startingDeadlineSeconds + deadlines.deadlineSeconds;
  const apart = rule === undefined ? 'from run to run' : `from one of ${show(rule)} to the next`;
  return `${kept(retentionSeconds)}, but the last good one is ${showSeconds(oldest)} old when somebody acts: ${showSeconds(delays.alert)} 'alertDelay' + `
    + `${showSeconds(delays.human)} 'humanDelay' + ${showSeconds(spacingSeconds)} ${apart} + ${late(deadlines)}; keep them longer, or shorten the delays if you can`;
}

export function noneAfterOneFailure(retentionSeconds: number, gapSeconds: number): string {
  return `${kept(retentionSeconds)}, which is less than twice the ${showSeconds(gapSeconds)} from run to run: after one failed run there would be none but the floor; keep them for ${showSeconds(2 * gapSeconds)}`;
}

export function shorterThanHorizon(retentionSeconds: number, horizonSeconds: number): string {
  return `${kept(retentionSeconds)}, less than the 'restoreHorizon' of ${showSeconds(horizonSeconds)}: keep them longer, or shorten it`;
}

export function skippedHour({ schedule, timeZone }: Schedule, { longestSeconds, longestFrom, longestTo }: Gaps): string {
  return `${show(schedule)} in ${show(timeZone)} falls into the hour that the clock skips, and the controller leaves the run out: ${showSeconds(longestSeconds)} from ${instant(longestFrom)} to ${instant(longestTo)}; take another hour, or "Etc/UTC"`;
}

export function doubledHour({ schedule, timeZone }: Schedule, { shortestSeconds }: Gaps): string {
  return `${show(schedule)} in ${show(timeZone)} falls into the hour that comes twice when the clock is put back, and runs twice, ${showSeconds(shortestSeconds)} apart; take another hour, or "Etc/UTC"`;
}

export function perhapsOnNode(stores: readonly string[]): string {
  return `'objectives.nodeLoss' is held by store ${stores.map(name => show(name)).join(', ')} only, whose storage class is not known here: the default classes of k3s, kind and minikube keep a volume on one node, and it is lost with it; name the 'storageClassName', or say the 'location'`;
}

export function keysLost(store: string, secretName: string): string {
  return `the keys to store ${show(store)} are in the Secret ${show(secretName)}, which is lost with the cluster: keep a copy of them outside, where it is found in an emergency`;
}

export function doesNotFit(store: string, backupSize: Size, capacity: Size): string {
  return `'objectives.restore.backupSize' is ${backupSize.asString()}, and store ${show(store)} has ${capacity.asString()}: not one backup fits into it; give it a larger 'size', or say how large a backup is`;
}

export function sparse({ name, count }: { readonly name: string; readonly count: number }, betweenSeconds: number): string {
  return `'retention' has '${name}: ${count}', and runs are ${showSeconds(betweenSeconds)} apart: each is the newest of its period, so the newest ${count} are kept, the oldest of them for ${showSeconds(count * betweenSeconds)}; `
    + 'say \'count\' or a longer period if that is meant, or run more often';
}

function kept(retentionSeconds: number): string {
  return `'retention' keeps backups for ${showSeconds(retentionSeconds)}`;
}

function canBeIn(days: number): string {
  return `which a backup of up to ${days} days can be in`;
}

function late({ startingDeadlineSeconds, deadlineSeconds }: Deadlines): string {
  return `${showSeconds(startingDeadlineSeconds)} 'startingDeadline' + ${showSeconds(deadlineSeconds)} 'activeDeadline'`;
}

function instant(date: Date | undefined): string {
  return date!.toISOString().replace(/:00\.000Z$/, 'Z');
}
