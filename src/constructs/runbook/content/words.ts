import { restoreHeading } from '../../../contract/runbook';
import { showSeconds } from '../../core/check';
import { ScenarioRecovery } from '../../recovery/recovery-report';
import { RecoveryScenario } from '../../recovery/recovery-scenario';
import { Block, code, commands, Inline, Text } from '../document/document';
import { RestoreFacts, StoreFacts, Subject } from '../facts/runbook-facts';
import { PodSecrets, SecretVariable } from '../facts/secrets';

/** What is promised for a subject in a scenario, if anything is. */
export function promiseOf({ backup }: Subject, scenario: RecoveryScenario): ScenarioRecovery | undefined {
  return backup?.report.scenarios.find(promise => promise.scenario === scenario);
}

/** `27 hours lost at most, back within 30 minutes`. */
export function promised({ rpoSeconds, rtoSeconds }: ScenarioRecovery): string {
  return [
    ...rpoSeconds === undefined ? [] : [`${showSeconds(rpoSeconds)} lost at most`],
    ...rtoSeconds === undefined ? [] : [`back within ${showSeconds(rtoSeconds)}`],
  ].join(', ');
}

/** A schedule with its zone. */
export function scheduled(schedule: string | undefined, timeZone: string): Text {
  return schedule === undefined ? ['when somebody starts it'] : [code(schedule), ` ${timeZone}`];
}

export function codes(texts: readonly string[]): Inline[] {
  return texts.flatMap((text, i): Inline[] => [...i === 0 ? [] : [', '], code(text)]);
}

/** Commands of one line together, and each of several lines alone. */
export function each(all: readonly (readonly string[])[]): Block[] {
  const different = [...new Map(all.map(lines => [lines.join('\n'), lines])).values()].filter(lines => lines.length > 0);
  const short = different.filter(({ length }) => length === 1).flat();
  return [...short.length === 0 ? [] : [commands(...short)], ...different.filter(({ length }) => length > 1).map(lines => commands(...lines))];
}

/** Where what follows restores this. */
export const restoreOf = ({ name }: Subject) => restoreHeading(name);
export const goBackOf = ({ name }: Subject) => `Go back, or keep it: ${name}`;
export const outsideOf = ({ name }: Subject) => `From any machine: ${name}`;
export const composeOf = ({ name }: Subject) => `Under Compose: ${name}`;
export const stockOf = ({ name }: Subject) => `With stock tools: ${name}`;
export const dayToDayOf = ({ name }: Subject) => `Day to day: ${name}`;

/** Whether its backups are encrypted. */
export function isEncrypted({ backup }: Subject): boolean {
  return backup !== undefined && backup.recipients.length > 0;
}

/** Whether the cluster has backups that none of its restores can open. */
export function isSealed(subject: Subject): boolean {
  return isEncrypted(subject) && (subject.restore === undefined || subject.restore.config.decryption === null);
}

/** Whether a machine outside of the cluster reaches a store of it. */
export function isReachable({ stores }: Subject): boolean {
  return stores.some(({ reachable }) => reachable);
}

/** Those that can be restored on such a machine. */
export function restorableOutside(subjects: readonly Subject[]): readonly { readonly subject: Subject; readonly restore: RestoreFacts }[] {
  return subjects.flatMap(subject => subject.restore && isReachable(subject) ? [{ subject, restore: subject.restore }] : []);
}

/** The variables with which a store is reached. */
export function keysOf({ variables: names }: StoreFacts, { variables }: PodSecrets): readonly SecretVariable[] {
  return variables.filter(({ variable }) => names.includes(variable));
}

/** Why a rehearsal leaves commands out that reach for a bucket, for Docker, or for a machine that nobody knows. */
export const NOT_IN_THE_CLUSTER = 'it is for a machine outside of the cluster';

export const NAMES = {
  FIRST: 'First',
  CONTACTS: 'Contacts',
  PROTECTED: 'Protected data',
  PROMISES: 'Promises and their arithmetic',
  KEEP_OUTSIDE: 'Keep outside of the cluster',
  DAY_TO_DAY: 'Day to day',
  OUTSIDE: 'Restore from any machine',
  COMPOSE: 'Restore under Compose',
  STOCK: 'Restore with stock tools alone',
  AFTER: 'After a restore',
  ALERTS: 'Alerts',
  EXIT_CODES: 'Exit codes',
} as const;
