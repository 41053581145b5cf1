/*
 * The first page, and what is protected by what.
 */
import { Contact, contactsFor, contactsTable } from './contacts';
import { Scenario } from './scenario';
import { codes, NAMES, promised, promiseOf, scheduled } from './words';
import { showSeconds } from '../../core/check';
import { StoreRecovery } from '../../recovery/recovery-report';
import { Block, code, heading, joined, list, paragraph, say, strong, table, Text, to } from '../document/document';
import { BackupFacts, RunbookFacts, StoreFacts, Subject } from '../facts/runbook-facts';

/** More promises than that make a cell that nobody reads. */
const MOST_IN_A_CELL = 4;

export interface FirstPage {
  readonly title: string;
  readonly url: string | undefined;
  readonly contacts: readonly Contact[];
  readonly scenarios: readonly Scenario[];
}

export function firstPage({ subjects }: RunbookFacts, { title, url, contacts, scenarios }: FirstPage): Block[] {
  return [
    heading(1, title),
    table(['you see', 'go to', 'promised'], scenarios.map(scenario => [scenario.sees, [to(scenario.heading)], promises(subjects, scenario)])),
    heading(2, NAMES.FIRST),
    list(
      say`${strong('Delete nothing.')}${subjects.every(({ restore }) => restore === undefined || restore.keepsPrevious) ? ' A restore keeps what it replaces.' : ''}`,
      ...contacts.length === 0 ? [] : [contactsFor(contacts)],
      say`Type commands in a shell such as bash or zsh, in the folder of this page: manifests are named as they lie beside it. A block is typed as a whole, and blocks of one procedure in the same terminal.`,
      say`Commands need ${code('kubectl')}, set to the cluster. Those with ${code('npx')} need Node.js 20 or later as well.`,
    ),
    ...contactsTable(contacts),
    paragraph(say`This page is written by ${code('cdk8s synth')} from the same objects as the manifests. ${url === undefined ? '' : say`The newest one is at ${{ url }}. `}Change the app, not this file.`),
  ];
}

function promises(subjects: readonly Subject[], { promised: scenario }: Scenario): Text {
  if (scenario === undefined) return [];
  const made = subjects.flatMap(subject => {
    const promise = promiseOf(subject, scenario);
    return promise === undefined ? [] : [`${subject.name}: ${promised(promise)}`];
  });
  if (made.length === 0) return say`nothing`;
  return made.length > MOST_IN_A_CELL ? [to(NAMES.PROMISES)] : say`${made.join('; ')}`;
}

export function protection({ subjects }: RunbookFacts): Block[] {
  const backed = subjects.flatMap(subject => subject.backup ? [{ subject, backup: subject.backup }] : []);
  if (backed.length === 0) return [];
  return [
    heading(2, NAMES.PROTECTED),
    table(['name', 'what', 'when', 'kept', 'where', 'sealed for'], backed.map(({ subject, backup }) => [
      say`${subject.name}`, say`${backup.what}`, say`${scheduled(backup.schedule, backup.timeZone)}, by ${code(backup.cronJob)}`, say`${backup.kept}`,
      say`${subject.stores.map(where).join('; ')}`, backup.recipients.length === 0 ? say`nobody: readable by whoever reads the store` : codes(backup.recipients),
    ])),
    table(['name', 'restored by', 'rehearsed', 'read back'], backed.map(({ subject, backup }) => [
      say`${subject.name}`, subject.restore ? [code(subject.restore.cronJob)] : say`nothing in the cluster`,
      subject.drills.length === 0 ? say`never` : joined(subject.drills.map(({ cronJob, schedule }) => say`${code(schedule!)} by ${code(cronJob)}`)),
      backup.verify ? say`${code(backup.verify.schedule!)} by ${code(backup.verify.cronJob)}${backup.verification.repair ? ', bad copies replaced' : ''}` : say`the newest, when older ones are pruned`,
    ])),
  ];
}

function where({ name, what, location }: StoreFacts): string {
  return `${name} (${what}, ${location})`;
}

export function arithmetic({ subjects }: RunbookFacts): Block[] {
  const backed = subjects.flatMap(subject => subject.backup ? [{ subject, backup: subject.backup }] : []);
  const scheduledOnes = backed.filter(({ backup }) => backup.report.worstDataAgeSeconds !== undefined);
  const rows = backed.flatMap(({ subject, backup }) => backup.report.scenarios.flatMap(promise => promise.stores.map(store => [
    say`${subject.name}`, say`${SCENARIO_WORDS[promise.scenario]}`, say`${promised(promise)}`, say`${store.store}`, say`${store.survives ? 'yes' : 'no'}`, say`${timeFrom(store)}`,
  ])));
  if (scheduledOnes.length + rows.length === 0) return [];
  return [
    heading(2, NAMES.PROMISES),
    paragraph(say`Times of restores are from the declared speed. Drills measure the true ones: ${to(NAMES.DAY_TO_DAY)} lists them.`),
    list(...scheduledOnes.map(({ subject, backup }) => age(subject, backup))),
    ...rows.length === 0 ? [] : [table(['name', 'loss of', 'promised', 'store', 'still there', 'a restore from it takes'], rows)],
  ];
}

function timeFrom({ totalSeconds, retrievalSeconds }: StoreRecovery): string {
  const waiting = retrievalSeconds === 0 ? '' : `, ${showSeconds(retrievalSeconds)} of it until the storage class can be read`;
  return (totalSeconds === undefined ? 'not declared' : showSeconds(totalSeconds)) + waiting;
}

function age({ name }: Subject, { report }: BackupFacts): Text {
  const { longestGapSeconds, startingDeadlineSeconds, activeDeadlineSeconds, worstDataAgeSeconds, worstDataAgeAfterFailureSeconds } = report;
  return say`${name}: the newest backup is at most ${showSeconds(worstDataAgeSeconds!)} old. That is ${showSeconds(longestGapSeconds!)} from run to run, ${showSeconds(startingDeadlineSeconds)} until it starts, and ${showSeconds(activeDeadlineSeconds)} for the run. After one that failed it is at most ${showSeconds(worstDataAgeAfterFailureSeconds!)}.`;
}

const SCENARIO_WORDS = { corruption: 'the data', nodeLoss: 'a node', zoneLoss: 'a zone', regionLoss: 'a region', clusterLoss: 'the cluster' } as const;
