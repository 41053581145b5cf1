/*
 * Data are wrong or gone, and the cluster works: the whole database from a backup, a table, or the state from before a migration.
 */
import { Scenario } from './scenario';
import { ask, fromCluster, look, startJob, startJobAnd, startJobWith, startRestore } from './shell';
import { dayToDayOf, goBackOf, isReachable, isSealed, NAMES, outsideOf, promised, promiseOf, restoreOf } from './words';
import { SCENARIOS } from '../../../contract/runbook';
import { showSeconds } from '../../core/check';
import { RecoveryScenario } from '../../recovery/recovery-scenario';
import { Block, code, commands, heading, joined, list, marked, paragraph, say, steps, Text, to } from '../document/document';
import { BackupFacts, RestoreFacts, RunbookFacts, Subject } from '../facts/runbook-facts';

export function corruption({ subjects }: RunbookFacts): Scenario {
  const restores = subjects.flatMap(({ restore }) => restore ?? []);
  const goesBack = restores.length > 0 && restores.every(({ keepsPrevious }) => keepsPrevious);
  return {
    heading: SCENARIOS.corruption,
    sees: say`rows are wrong or gone, and the server runs; or it is new and empty`,
    promised: RecoveryScenario.CORRUPTION,
    blocks: [
      list(
        say`A restore verifies the backup before anything changes.${goesBack ? say` What it replaces is kept: ${to(NAMES.AFTER)}.` : ''}`,
        say`A restore that dies is started again with the same command.`,
        ...subjects.some(({ restore }) => restore && restore.config.workloads.length > 0)
          ? [say`Pause a controller that scales workloads up again, such as Argo CD with ${code('selfHeal')}: a restore stops what uses the data, and starts it again.`] : [],
      ),
      ...subjects.flatMap(subject => marked({ about: subject.name }, restoreSubject(subject))),
    ],
  };
}

function restoreSubject(subject: Subject): Block[] {
  const { restore, backup, kubectl } = subject;
  if (!restore) return [heading(3, restoreOf(subject)), paragraph(say`No restore of it is defined in the cluster. ${elsewhere(subject)}`)];
  if (isSealed(subject)) {
    return [heading(3, restoreOf(subject)), paragraph(say`Its backups are sealed, and no identity is in the cluster. ${elsewhere(subject)}`)];
  }
  return [
    heading(3, restoreOf(subject)),
    paragraph(aboutRestore(subject, restore)),
    steps(
      ...backup?.prunes ? [holdStep(subject, backup)] : [],
      [paragraph(say`See which backups there are. The age of the newest is what you lose.`), commands(...look(subject, 'list'))],
      [paragraph(say`See the plan. It changes nothing, and names what is missing.`), commands(...startJobAnd(kubectl, restore.cronJob, '--dry-run'))],
      [
        paragraph(say`Restore the newest backup. The last line of the log says what is live now, and how to go back.`),
        commands(...startJob(kubectl, restore.cronJob)),
      ],
      [
        paragraph(say`If the newest backup has the damage too, restore an older one instead. Give its name from the list:`),
        ...marked({ skip: 'the newest backup is restored, and this would restore another one instead' }, [
          commands(ask('BACKUP', `backup, such as ${restore.config.name}_20261122_020000`)),
          paragraph(say`Then:`),
          commands(...startRestore(subject, restore, ['--backup "$BACKUP"'])),
        ]),
      ],
      [paragraph(restore.keepsPrevious ? say`Look at the data, and decide: ${to(goBackOf(subject))}.` : say`Look at the data. There is no way back.`)],
    ),
  ];
}

function elsewhere(subject: Subject): Text {
  return isReachable(subject) ? say`The way is ${to(outsideOf(subject))}.` : say`Fetch a backup, as in ${to(dayToDayOf(subject))}.`;
}

/** Who, how long, and what is stopped. */
function aboutRestore(subject: Subject, { cronJob, config: { workloads, healthUrl }, keepsPrevious, deadlineSeconds }: RestoreFacts): Text {
  const promise = promiseOf(subject, RecoveryScenario.CORRUPTION);
  const totals = promise?.stores.flatMap(({ store, totalSeconds }) => totalSeconds === undefined ? [] : [`${showSeconds(totalSeconds)} from ${store}`]) ?? [];
  return [
    ...say`${code(cronJob)} restores ${subject.backup?.what ?? 'a backup that is made elsewhere'}.`,
    ...keepsPrevious ? [] : say` It does not keep what it replaces: take a backup first, if that is of any use.`,
    ...workloads.length === 0 ? say` It stops nothing: stop what writes to it.` : say` It stops ${joined(workloads.map(({ kind, name }) => code(`${kind} ${name}`)))} and starts it again.`,
    ...healthUrl === null ? [] : say` Then it asks ${code(healthUrl)}.`,
    ...promise ? say` Promised: ${promised(promise)}.` : [],
    ...totals.length > 0 ? say` By the declared speed it takes ${totals.join(', ')}.` : [],
    ...say` It is stopped after ${showSeconds(deadlineSeconds)}.`,
  ];
}

function holdStep({ kubectl }: Subject, { cronJob }: BackupFacts): Block[] {
  return [
    paragraph(say`Stop pruning, so that no good backup goes while you look.`),
    commands(...startJobWith(kubectl, cronJob, ['hold', '--reason', 'incident'])),
  ];
}

export function droppedTable({ subjects }: RunbookFacts): Scenario {
  const restorable = subjects.flatMap(subject => subject.restore && !isSealed(subject) ? [{ subject, restore: subject.restore }] : []);
  const parts = restorable.filter(({ restore }) => restore.part !== undefined);
  const others = restorable.filter(({ restore }) => restore.part === undefined);
  return {
    heading: SCENARIOS['dropped-table'],
    sees: say`one table is gone, and the rest is needed as it is`,
    promised: undefined,
    blocks: [
      ...parts.flatMap(({ subject, restore }) => marked({ about: subject.name }, restoreTable(subject, restore))),
      ...others.length === 0 ? [] : [paragraph(say`Only as a whole: ${joined(others.map(({ subject }) => to(restoreOf(subject))))}.`)],
    ],
  };
}

function restoreTable(subject: Subject, restore: RestoreFacts): Block[] {
  const { beside, copy, remove, forwards, login } = restore.part!;
  return [
    heading(3, `Bring back a table: ${subject.name}`),
    paragraph(say`The backup is restored under another name, and the table is copied from there. The application goes on. The other tables keep what was written since. Foreign keys that pointed at the table went with it, and have to be made again.`),
    steps(
      [paragraph(say`Restore the newest backup beside the live database.`), commands(...startRestore(subject, restore, [...beside, '--set \'workloads=[]\'', '--set healthUrl=null']))],
      ...forwards.length === 0 ? [] : [[paragraph(say`Reach the server, in a second terminal:`), ...forwards.map(forward => commands(forward))]],
      [paragraph(say`Name the table, with its schema:`), commands(ask('TABLE', 'table, such as public.users'))],
      [paragraph(say`Copy it. All of it is there afterwards, or nothing.`), commands(...fromCluster(subject.kubectl, login), ...copy)],
      [paragraph(say`Remove what was restored beside, when the table is right.`), commands(...remove)],
    ),
  ];
}

export function badMigration({ subjects }: RunbookFacts): Scenario {
  const all = subjects.flatMap(subject => subject.backup && subject.restore ? [{ subject, backup: subject.backup }] : []);
  return {
    heading: SCENARIOS.migration,
    sees: say`a new version of the application has changed the data, and should not have`,
    promised: undefined,
    blocks: [
      steps(
        [paragraph(say`Stop the pipeline that migrates, so that it does not do it again.`)],
        [paragraph(say`Deploy the version of the application from before the migration.`)],
        [paragraph(say`Restore the newest backup from before the migration: the step with an older backup in ${joined(all.map(({ subject }) => to(restoreOf(subject))))}.`)],
      ),
      paragraph(say`Before the next migration, take a backup. The command ends with ${code('Complete')} or ${code('Failed')}, and the migration begins only after ${code('Complete')}.`),
      ...all.flatMap(({ subject, backup }) => marked({ about: subject.name }, [commands(...startJob(subject.kubectl, backup.cronJob))])),
    ],
  };
}
