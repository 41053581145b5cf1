/*
 * Which storage class may follow which, when, and what an early move costs.
 */
import { error, LifecycleFinding, warning } from './lifecycle-findings';
import { ModelRule, Move, When } from './lifecycle-model';
import { Profile } from './lifecycle-profiles';
import * as messages from './messages';
import { factsOf, isArchive } from '../recovery/retrieval-times';

/** From the warmest to the coldest. */
const ORDER = ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];

const ALLOWED: { readonly [from: string]: readonly string[] } = {
  STANDARD: ORDER.slice(1),
  STANDARD_IA: ORDER.slice(2),
  INTELLIGENT_TIERING: ORDER.slice(3),
  ONEZONE_IA: ['GLACIER', 'DEEP_ARCHIVE'],
  GLACIER_IR: ['GLACIER', 'DEEP_ARCHIVE'],
  GLACIER: ['DEEP_ARCHIVE'],
  DEEP_ARCHIVE: [],
};

/** Whether S3 moves objects of one class into another one. */
export function isAllowedMove(from: string, to: string): boolean {
  return ALLOWED[from]?.includes(to) ?? true;
}

export function checkMoves(rule: ModelRule, profile: Profile): LifecycleFinding[] {
  return [
    ...checkSeries(rule, rule.transitions, rule.expiration, profile),
    ...checkSeries(rule, rule.noncurrentTransitions, rule.noncurrentExpiration, profile),
    ...checkMixture(rule),
  ];
}

function checkSeries(rule: ModelRule, moves: readonly Move[], expiration: When | undefined, profile: Profile): LifecycleFinding[] {
  const findings = moves.flatMap(move => [...checkClass(rule, move, profile), ...checkEarliest(rule, move, profile)]);
  const classes = moves.map(({ storageClass }) => storageClass);
  const noncurrent = moves[0]?.unit === 'NoncurrentDays';
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) findings.push(error(noncurrent ? 'oldVersionMoves' : 'oneMoveToAClass', messages.movesTwice(rule, twice)));
  if (profile.maxTransitions !== undefined && moves.length > profile.maxTransitions) {
    findings.push(error('oneMoveToAClass', messages.tooManyMoves(rule, moves.length, profile)));
  }
  if (profile.ordered && twice === undefined) findings.push(...checkOrder(rule, moves, noncurrent));
  if (expiration) findings.push(...checkExpiration(rule, moves, expiration, profile));
  return findings;
}

function checkClass(rule: ModelRule, { storageClass, unit }: Move, profile: Profile): LifecycleFinding[] {
  const broken = unit === 'NoncurrentDays' ? 'oldVersionMoves' : 'knownClass';
  const { classes, title } = profile;
  if (classes && !classes.includes(storageClass)) return [error(broken, messages.unknownClass(rule, storageClass, profile))];
  if (title === 'MinIO' && ORDER.includes(storageClass)) return [warning(broken, messages.perhapsNoTier(rule, storageClass))];
  if (title === 'Ceph RGW' && isArchive(storageClass)) return [warning(broken, messages.refusedByClients(rule, storageClass))];
  return [];
}

function checkEarliest(rule: ModelRule, move: Move, profile: Profile): LifecycleFinding[] {
  const { unit, day, storageClass } = move;
  const earliest = profile.earliest[storageClass];
  if (unit !== 'Days' || earliest === undefined || day >= earliest) return [];
  return [profile.earliestIsRefused
    ? error('earliestDay', messages.refusedSoEarly(rule, move, earliest, profile))
    : warning('earliestDay', messages.dearSoEarly(rule, move, earliest, factsOf(storageClass).minimumDays, profile))];
}

function checkOrder(rule: ModelRule, moves: readonly Move[], noncurrent: boolean): LifecycleFinding[] {
  const findings: LifecycleFinding[] = [];
  const known = moves.filter(({ storageClass }) => ORDER.includes(storageClass));
  const byColdness = [...known].sort((a, b) => ORDER.indexOf(a.storageClass) - ORDER.indexOf(b.storageClass));
  byColdness.slice(1).forEach((colder, i) => {
    const warmer = byColdness[i];
    if (colder.unit !== warmer.unit) return;
    const { minimumDays } = factsOf(warmer.storageClass);
    if (colder.day <= warmer.day) {
      findings.push(error(noncurrent ? 'oldVersionMoves' : 'colderIsLater', messages.colderFirst(rule, warmer, colder)));
    } else if (!isAllowedMove(warmer.storageClass, colder.storageClass)) {
      findings.push(error('possibleMove', messages.impossibleMove(rule, warmer.storageClass, colder.storageClass, ALLOWED[warmer.storageClass])));
    } else if (colder.day - warmer.day < minimumDays) {
      findings.push(error(noncurrent ? 'oldVersionMoves' : 'minimumStay', messages.leavesTooEarly(rule, warmer, colder, minimumDays)));
    }
  });
  return findings;
}

function checkExpiration(rule: ModelRule, moves: readonly Move[], expiration: When, profile: Profile): LifecycleFinding[] {
  const comparable = moves.filter(({ unit }) => unit === expiration.unit);
  const late = comparable.find(({ day }) => day >= expiration.day);
  if (late) {
    const broken = expiration.unit === 'NoncurrentDays' ? 'oldVersionMoves' : 'expirationIsLast';
    return [error(broken, messages.deletesBeforeMove(rule, expiration, late))];
  }
  const last = [...comparable].sort((a, b) => b.day - a.day)[0];
  if (!last || !profile.ordered) return [];
  const { minimumDays } = factsOf(last.storageClass);
  if (expiration.day - last.day >= minimumDays) return [];
  return [warning('paidForNothing', messages.deletesTooSoonAfterMove(rule, expiration, last, minimumDays))];
}

function checkMixture(rule: ModelRule): LifecycleFinding[] {
  const units = new Set([...rule.transitions, ...rule.expiration ? [rule.expiration] : []].map(({ unit }) => unit));
  return units.size > 1 ? [error('oneUnit', messages.mixesUnits(rule))] : [];
}
