/*
 * Which storage class may follow which, when, and what an early move costs: rules 12 to 20 and 22 of the table.
 */
import { error, Finding, warning } from './lifecycle-findings';
import { ModelRule, Move, When } from './lifecycle-model';
import { Profile } from './lifecycle-profiles';
import { show } from '../core/check';
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

export function checkMoves(rule: ModelRule, profile: Profile): Finding[] {
  return [
    ...checkSeries(rule, rule.transitions, rule.expiration, profile),
    ...checkSeries(rule, rule.noncurrentTransitions, rule.noncurrentExpiration, profile),
    ...checkMixture(rule),
  ];
}

function checkSeries(rule: ModelRule, moves: readonly Move[], expiration: When | undefined, profile: Profile): Finding[] {
  const findings = moves.flatMap(move => [...checkClass(rule, move, profile), ...checkEarliest(rule, move, profile)]);
  const classes = moves.map(({ storageClass }) => storageClass);
  const noncurrent = moves[0]?.unit === 'NoncurrentDays';
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) findings.push(error(noncurrent ? 'oldVersionMoves' : 'oneMoveToAClass', `${rule.name} moves to ${twice} twice: drop one of the two`));
  if (profile.maxTransitions !== undefined && moves.length > profile.maxTransitions) {
    findings.push(error('oneMoveToAClass', `${rule.name} has ${moves.length} transitions, and ${profile.title} takes ${profile.maxTransitions} in a rule: a second one silently replaces the first; drop one`));
  }
  if (profile.ordered && twice === undefined) findings.push(...checkOrder(rule, moves, noncurrent));
  if (expiration) findings.push(...checkExpiration(rule, moves, expiration, profile));
  return findings;
}

function checkClass(rule: ModelRule, { storageClass, unit }: Move, { classes, title }: Profile): Finding[] {
  const broken = unit === 'NoncurrentDays' ? 'oldVersionMoves' : 'knownClass';
  if (classes && !classes.includes(storageClass)) {
    const known = classes.length === 0 ? 'takes no transitions' : `takes ${classes.join(', ')}`;
    return [error(broken, `${rule.name} moves to ${show(storageClass)}, and ${title} ${known}: ${classes.length === 0 ? 'leave the objects where they are, or name the \'provider\'' : 'use one of them'}`)];
  }
  if (title === 'MinIO' && ORDER.includes(storageClass)) {
    return [warning(broken, `${rule.name} moves to ${show(storageClass)}: MinIO takes the name of a remote tier that its operator has made ("mc ilm tier ls"), and refuses others with InvalidStorageClass`)];
  }
  if (title === 'Ceph RGW' && isArchive(storageClass)) {
    return [warning(broken, `${rule.name} moves to ${show(storageClass)}, which Ceph reads at once, but AWS's own clients refuse to read: give the class of the placement another name`)];
  }
  return [];
}

function checkEarliest(rule: ModelRule, { unit, day, storageClass }: Move, profile: Profile): Finding[] {
  const earliest = profile.earliest[storageClass];
  if (unit !== 'Days' || earliest === undefined || day >= earliest) return [];
  return [profile.earliestIsRefused
    ? error('earliestDay', `${rule.name} moves to ${storageClass} at day ${day}, and ${profile.title} takes day ${earliest} or later ('Days' in Transition action must be greater than or equal to ${earliest} for storageClass '${storageClass}')`)
    : warning('earliestDay', `${rule.name} moves to ${storageClass} at day ${day}: AWS takes that since ${profile.asOf} only, AWS in China and others refuse days before ${earliest}, and each object is billed ${factsOf(storageClass).minimumDays} days there`)];
}

function checkOrder(rule: ModelRule, moves: readonly Move[], noncurrent: boolean): Finding[] {
  const findings: Finding[] = [];
  const known = moves.filter(({ storageClass }) => ORDER.includes(storageClass));
  const byColdness = [...known].sort((a, b) => ORDER.indexOf(a.storageClass) - ORDER.indexOf(b.storageClass));
  byColdness.slice(1).forEach((colder, i) => {
    const warmer = byColdness[i];
    if (colder.unit !== warmer.unit) return;
    if (colder.day <= warmer.day) {
      findings.push(error(noncurrent ? 'oldVersionMoves' : 'colderIsLater', `${rule.name} must move to ${colder.storageClass} later than to ${warmer.storageClass}, got ${at(colder)} and ${at(warmer)} for filter ${rule.filter}`));
      return;
    }
    if (!isAllowedMove(warmer.storageClass, colder.storageClass)) {
      findings.push(error('possibleMove', `${rule.name} moves from ${warmer.storageClass} to ${colder.storageClass}: S3 moves objects of ${warmer.storageClass} to ${ALLOWED[warmer.storageClass].join(' or ') || 'no other class'} only`));
      return;
    }
    const { minimumDays } = factsOf(warmer.storageClass);
    const stay = colder.day - warmer.day;
    if (stay < minimumDays) {
      findings.push(error(noncurrent ? 'oldVersionMoves' : 'minimumStay', `${rule.name} leaves ${warmer.storageClass} for ${colder.storageClass} after ${stay} days (${at(warmer)} to ${at(colder)}), and one rule may not do so before the ${minimumDays} days that ${warmer.storageClass} bills at least: ${minimumDays - stay} days of each object would be paid for nothing; move to ${colder.storageClass} at day ${warmer.day + minimumDays} or later`));
    }
  });
  return findings;
}

function checkExpiration(rule: ModelRule, moves: readonly Move[], expiration: When, profile: Profile): Finding[] {
  const comparable = moves.filter(({ unit }) => unit === expiration.unit);
  const late = comparable.find(({ day }) => day >= expiration.day);
  if (late) {
    return [error(expiration.unit === 'NoncurrentDays' ? 'oldVersionMoves' : 'expirationIsLast', `${rule.name} must delete later than it moves to ${late.storageClass}, got ${at(expiration)} and ${at(late)}: delete later, or drop the transition`)];
  }
  const last = [...comparable].sort((a, b) => b.day - a.day)[0];
  if (!last || !profile.ordered) return [];
  const { minimumDays } = factsOf(last.storageClass);
  const stay = expiration.day - last.day;
  return stay >= minimumDays ? [] : [warning('paidForNothing', `${rule.name} deletes at ${at(expiration)}, ${stay} days after the move to ${last.storageClass}, which bills ${minimumDays}: ${minimumDays - stay} days of each object are paid for nothing; delete at day ${last.day + minimumDays} or later, or move to a class with a shorter minimum`)];
}

function checkMixture(rule: ModelRule): Finding[] {
  const units = new Set([...rule.transitions, ...rule.expiration ? [rule.expiration] : []].map(({ unit }) => unit));
  return units.size > 1 ? [error('oneUnit', `${rule.name} mixes Days and Date in its Transitions and Expiration for filter ${rule.filter}: give days for all of them`)] : [];
}

function at({ unit, day }: When): string {
  return unit === 'Date' ? new Date(day * 86_400_000).toISOString().slice(0, 10) : `day ${day}`;
}
