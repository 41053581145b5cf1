/*
 * Everything that keeps objectives from being held, and what is legal but unwise.
 */
import { Duration, Size, SizeRoundingBehavior } from 'cdk8s';
import { ONE_ZONE, PromisedScenario, RecoveryArithmetic, RecoveryStore } from './arithmetic';
import * as messages from './messages';
import { alertDelay, humanDelay } from './objective-times';
import { checkObjectives } from './objectives-checks';
import { Promised, sparseRules } from './promises';
import { RecoveryScenario } from './recovery-scenario';
import { gapsOf } from '../schedule/longest-gap';
import { parseSchedule, shortestIntervalSeconds } from '../schedule/schedule';

const TWO_HOURS = 2 * 3600;

/** Everything that keeps the objectives from being held, each with its arithmetic. */
export function problemsOf(recovery: RecoveryArithmetic): string[] {
  const { objectives, schedule } = recovery.props;
  if (!objectives) return [];
  checkObjectives(objectives);
  if (schedule === undefined) return [messages.ON_DEMAND];
  const promises = recovery.promises();
  if (promises.length === 0) return [messages.NO_SCENARIO];
  return [
    ...promises.flatMap(promise => [...rpoProblems(recovery, promise), ...storeProblems(recovery, promise)]),
    ...retentionProblems(recovery),
    ...capacityProblems(recovery),
  ];
}

function capacityProblems({ props: { objectives, stores } }: RecoveryArithmetic): string[] {
  const size = objectives!.restore?.backupSize;
  const kibibytes = (of: Size) => of.toKibibytes({ rounding: SizeRoundingBehavior.NONE });
  const tooSmall = (capacity: Size | undefined) => size && capacity && kibibytes(size) > kibibytes(capacity);
  return stores.flatMap(({ name, capacity }) => tooSmall(capacity) ? [messages.doesNotFit(name, size!, capacity!)] : []);
}

function rpoProblems(recovery: RecoveryArithmetic, { scenario, rpo, rpoProperty, rto }: PromisedScenario): string[] {
  const { props, gaps, worstDataAgeSeconds } = recovery;
  if (!rpo && !rto) return [messages.emptyScenario(scenario)];
  if (!rpo || !gaps) return [];
  if (rpo.toSeconds() >= worstDataAgeSeconds!) return scenario === RecoveryScenario.CORRUPTION ? thinnedProblems(recovery, rpo, rpoProperty) : [];
  return [messages.newestTooOld(rpoProperty, rpo, worstDataAgeSeconds!, gaps, props, props)];
}

/** Damage is noticed late, and by then retention has thinned out what was there before it. */
function thinnedProblems(recovery: RecoveryArithmetic, rpo: Duration, rpoProperty: string): string[] {
  const notice = recovery.noticeSeconds();
  const promised = recovery.promisedByRetention().find(each => recovery.outlastsNotice(each));
  if (!promised) return []; // nothing is kept for so long, which is a problem of its own
  const { rule, spacingSeconds } = promised;
  const worstSeconds = spacingSeconds + recovery.lateSeconds;
  if (rpo.toSeconds() >= worstSeconds) return [];
  const allForSeconds = notice + recovery.worstDataAgeSeconds!;
  return [messages.thinnedOut(rpoProperty, rpo, notice, { rule, spacingSeconds, worstSeconds, allForSeconds }, recovery.props)];
}

function storeProblems(recovery: RecoveryArithmetic, promise: PromisedScenario): string[] {
  const { objectives, stores } = recovery.props;
  const { scenario, rto, rtoProperty, preparationSeconds } = promise;
  const survivors = recovery.scenario(promise).stores.filter(({ survives }) => survives);
  if (survivors.length === 0) {
    const outcomes = stores.map(store => recovery.locationOf(store)._survival(scenario, objectives!.cluster ?? {}));
    const missing = outcomes.find(outcome => outcome.missing !== undefined)?.missing;
    return [messages.noStoreLeft(scenario, stores.map(store => whereIs(recovery, store)), missing)];
  }
  if (!rto) return [];
  const { restore } = objectives!;
  if (!restore) return [messages.noEstimate(rtoProperty)];
  const [best] = [...survivors].sort((a, b) => a.totalSeconds! - b.totalSeconds!);
  if (best.totalSeconds! <= rto.toSeconds()) return [];
  const { downloads, horizonDays: days, scratchKibibytes: neededKibibytes } = recovery;
  const tooSmall = recovery.tooSmall && { ...recovery.tooSmall, neededKibibytes };
  return [messages.tooSlow(rtoProperty, rto, scenario, best, { preparationSeconds, restore, downloads, days, tooSmall })];
}

function whereIs(recovery: RecoveryArithmetic, store: RecoveryStore): string {
  const location = recovery.locationOf(store);
  const moved = location !== store.location;
  return messages.whereStoreIs(store.name, location.description, moved ? { storageClass: ONE_ZONE, days: recovery.horizonDays } : undefined);
}

function retentionProblems(recovery: RecoveryArithmetic): string[] {
  const { objectives } = recovery.props;
  const retention = recovery.retentionSeconds();
  const gap = recovery.gaps!.longestSeconds;
  const promised = recovery.promisedByRetention();
  if (promised.length > 0 && !promised.some(each => recovery.outlastsNotice(each))) {
    const margin = ({ lifetimeSeconds, spacingSeconds }: Promised) => lifetimeSeconds - spacingSeconds;
    const { rule, spacingSeconds } = promised.reduce((a, b) => (margin(a) >= margin(b) ? a : b));
    const delays = { alert: alertDelay(objectives!), human: humanDelay(objectives!) };
    return [messages.goneBeforeNoticed(retention, delays, spacingSeconds, spacingSeconds === gap ? undefined : rule, recovery.props)];
  }
  if (retention < 2 * gap) return [messages.noneAfterOneFailure(retention, gap)];
  const horizon = recovery.horizonSeconds();
  return retention < horizon ? [messages.shorterThanHorizon(retention, horizon)] : [];
}

/** What is legal but unwise. */
export function warningsAbout(recovery: RecoveryArithmetic): string[] {
  const { objectives } = recovery.props;
  return [
    ...clockWarnings(recovery),
    ...sparseWarnings(recovery),
    ...objectives?.nodeLoss ? nodeWarnings(recovery) : [],
    ...objectives?.clusterLoss ? keyWarnings(recovery) : [],
  ];
}

/** No clock is put forward or back by more than two hours, so what is beyond that is a run too few or one too many. */
function clockWarnings({ gaps, props }: RecoveryArithmetic): string[] {
  if (!gaps || props.schedule === undefined || props.timeZone === 'Etc/UTC') return [];
  const even = gapsOf(props.schedule, 'Etc/UTC');
  return [
    ...gaps.longestSeconds > even.longestSeconds + TWO_HOURS ? [messages.skippedHour(props, gaps)] : [],
    ...gaps.shortestSeconds < even.shortestSeconds - TWO_HOURS ? [messages.doubledHour(props, gaps)] : [],
  ];
}

/** A rule by period means less time than it keeps backups for, where runs are rarer than its periods. */
function sparseWarnings({ props }: RecoveryArithmetic): string[] {
  const between = props.schedule === undefined ? undefined : shortestIntervalSeconds(parseSchedule(props.schedule));
  return between === undefined ? [] : sparseRules(props.retention, between).map(rule => messages.sparse(rule, between));
}

function nodeWarnings({ props: { stores } }: RecoveryArithmetic): string[] {
  const left = stores.filter(({ location }) => location._survival(RecoveryScenario.NODE_LOSS, {}).survives);
  return left.length > 0 && left.every(({ location }) => location._isAssumed) ? [messages.perhapsOnNode(left.map(({ name }) => name))] : [];
}

function keyWarnings({ props: { stores } }: RecoveryArithmetic): string[] {
  return stores.flatMap(({ name, secretName }) => secretName === undefined ? [] : [messages.keysLost(name, secretName)]);
}
