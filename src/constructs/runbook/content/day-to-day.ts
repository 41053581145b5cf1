import { ask, authoritiesFromCluster, configOutside, fromCluster, look, newestLog, startJob, startJobWith, startRestore } from './shell';
import { dayToDayOf, each, goBackOf, isSealed, keysOf, NAMES, restoreOf } from './words';
import { Block, code, commands, heading, list, marked, paragraph, say, steps, to } from '../document/document';
import { BackupFacts, RestoreFacts, RunbookFacts, Subject } from '../facts/runbook-facts';

export function dayToDay({ subjects, exporters, lifecycles }: RunbookFacts, markdownFile: string): Block[] {
  return [
    heading(2, NAMES.DAY_TO_DAY),
    paragraph(say`A command that starts a Job shows its log, and ends with ${code('Complete')} or ${code('Failed')}. The last line of the log says why, and ${to(NAMES.EXIT_CODES)} whether trying again helps.`),
    ...exporters.flatMap(({ kubectl, name, port }) => [
      paragraph(say`Look at the status page on ${code(`http://localhost:${port}`)}, while this goes on in a second terminal:`), commands(`${kubectl} port-forward svc/${name} ${port}`),
    ]),
    ...lifecycles.length === 0 ? [] : [list(...lifecycles.map(({ file, bucket }) => say`The rules that clean up the bucket ${code(bucket)} are in ${code(file)}.`))],
    paragraph(say`Rehearse an emergency where everything may be destroyed: synthesize the app for a namespace of its own, apply it there, and type ${code(`npx cdk8s-backup rehearse ${markdownFile} --scenario corruption`)} in that folder. It shows its plan, and plays it with ${code('--yes')}.`),
    ...subjects.flatMap(subject => subject.backup ? ofBackup(subject, subject.backup) : []),
  ];
}

function ofBackup(subject: Subject, backup: BackupFacts): Block[] {
  const { kubectl } = subject;
  const { verify, prune } = backup;
  return [
    heading(3, dayToDayOf(subject)),
    paragraph(say`Take a backup now:`),
    commands(...startJob(kubectl, backup.cronJob)),
    paragraph(say`List backups, the space that they take, and drills:`),
    ...each(['list', 'usage', 'drills'].map(command => look(subject, command))),
    paragraph(say`Read the log of the newest run:`),
    commands(newestLog(kubectl, backup.cronJob)),
    ...fetchFrom(subject, backup),
    ...verify ? [paragraph(say`Read backups back now, instead of at ${code(verify.schedule!)}:`), commands(...startJob(kubectl, verify.cronJob))] : [],
    ...prune ? [paragraph(say`Remove what is past its retention now, instead of at ${code(prune.schedule!)}:`), commands(...startJob(kubectl, prune.cronJob))] : [],
    ...subject.drills.flatMap(drill => [paragraph(say`Rehearse the restore now, instead of at ${code(drill.schedule!)}:`), commands(...startJob(kubectl, drill.cronJob))]),
  ];
}

/** From the first that is reached from here: a volume is not reached from here. */
function fetchFrom({ kubectl, stores }: Subject, backup: BackupFacts): Block[] {
  const store = stores.find(({ reachable }) => reachable);
  if (store === undefined) return [];
  return [
    paragraph(say`Copy the newest backup to this machine, verified:`),
    commands(...fromCluster(kubectl, keysOf(store, backup.secrets)), ...authoritiesFromCluster(kubectl, backup.authorities), `npx cdk8s-backup fetch latest --to . --from ${store.name} ${configOutside(backup)}`),
  ];
}

export function afterRestore({ subjects }: RunbookFacts): Block[] {
  const restorable = subjects.flatMap(subject => subject.restore?.keepsPrevious && !isSealed(subject) ? [{ subject, restore: subject.restore }] : []);
  if (restorable.length === 0) return [];
  return [
    heading(2, NAMES.AFTER),
    paragraph(say`Ask the application whether the data are right. Then decide. Going back keeps the data that it replaces, so it can be undone too.`),
    ...restorable.flatMap(({ subject, restore }) => decide(subject, restore)),
  ];
}

/** A person decides that, who has looked at the data. */
const GOES_BACK = { skip: 'it goes back to what a restore has replaced' } as const;

function decide(subject: Subject, restore: RestoreFacts): Block[] {
  const { kubectl, backup } = subject;
  return [
    heading(3, goBackOf(subject)),
    steps(
      [paragraph(say`See what ${to(restoreOf(subject))} has kept, and what going back would do:`), ...marked(GOES_BACK, [commands(...startRestore(subject, restore, ['--rollback', '--dry-run']))])],
      [paragraph(say`Give its name:`), ...marked(GOES_BACK, [commands(ask('KEPT', 'name of what is kept'))])],
      [paragraph(say`To go back:`), ...marked(GOES_BACK, [commands(...startRestore(subject, restore, ['--rollback "$KEPT"']))])],
      [paragraph(say`Or, days later, to remove it for good:`), ...marked({ skip: 'it removes what a restore has kept' }, [commands(...startRestore(subject, restore, ['--discard "$KEPT"']))])],
      ...backup ? [[paragraph(say`Take a backup of what is live now:`), commands(...startJob(kubectl, backup.cronJob))]] : [],
      ...backup?.prunes ? [[paragraph(say`Let pruning go on:`), commands(...startJobWith(kubectl, backup.cronJob, ['release']))]] : [],
    ),
  ];
}
