/*
 * Somebody has what they should not have, or a key is gone.
 */
import { looksAt } from './loss';
import { Scenario } from './scenario';
import { startJob, startJobWith } from './shell';
import { codes, isReachable, NAMES, outsideOf, restoreOf } from './words';
import { SCENARIOS } from '../../../contract/runbook';
import { showSeconds } from '../../core/check';
import { Block, code, commands, joined, marked, paragraph, say, steps, table, to } from '../document/document';
import { BackupFacts, RunbookFacts, StoreFacts, Subject } from '../facts/runbook-facts';

export function leakedCredentials({ namespaces, exporters, policies, subjects }: RunbookFacts): Scenario {
  return {
    heading: SCENARIOS.credentials,
    sees: say`a password of a database, or a key of a bucket, is known to somebody else`,
    promised: undefined,
    blocks: [
      table(['Secret', 'keys', 'for'], namespaces.flatMap(({ name, secrets }) => secrets.map(secret => [
        say`${code(name === undefined ? secret.name : `${name}/${secret.name}`)}`, codes([...secret.keys, ...secret.files]), codes(secret.users),
      ]))),
      steps(
        [paragraph(say`Make new ones where the old ones come from, the database or the cloud. Do not revoke the old ones yet, so that no backup is missed.`)],
        ...policies.length === 0 ? [] : [[paragraph(say`Give keys of a bucket the least rights, by ${joined(policies.map(({ file }) => code(file)))}.`)]],
        [
          paragraph(say`Put them into the Secret. The file has a line ${code('KEY=VALUE')} for each key of the table.`),
          ...namespaces.flatMap(({ kubectl, secrets }) => secrets.filter(({ keys }) => keys.length > 0).map(({ name, files }) => commands(
            `${kubectl} create secret generic ${name} --from-env-file=${name}.env${files.map(key => ` --from-file=${key}=${name}.${key}`).join('')} --dry-run=client -o yaml | ${kubectl} apply -f -`))),
        ],
        ...exporters.length === 0 ? [] : [[
          paragraph(say`Jobs read them at their next start. The status page has to be started again.`),
          commands(...exporters.map(({ kubectl, name }) => `${kubectl} rollout restart deployment/${name}`)),
        ]],
        [
          paragraph(say`Prove that they work:`),
          ...subjects.flatMap(({ name, kubectl, backup }) => backup ? marked({ about: name }, [commands(...startJobWith(kubectl, backup.cronJob, ['doctor']))]) : []),
        ],
        [paragraph(say`Revoke the old ones.`)],
        [paragraph(say`Whoever had the key of a bucket could write there: go on with ${to(SCENARIOS.ransomware)}.`)],
      ),
    ],
  };
}

/** Only where something is sealed. */
export function lostKey({ subjects }: RunbookFacts): Scenario[] {
  const sealed = subjects.flatMap(subject => subject.backup && subject.backup.recipients.length > 0 ? [{ subject, backup: subject.backup }] : []);
  if (sealed.length === 0) return [];
  return [{
    heading: SCENARIOS.key,
    sees: say`an identity that opens sealed backups is gone, or known to somebody else`,
    promised: undefined,
    blocks: [
      table(['backup', 'sealed to: the identity of any one opens it'], sealed.map(({ subject, backup }) => [say`${subject.name}`, codes(backup.recipients)])),
      steps(
        [paragraph(say`Find another identity of the same row. With none, these backups can't be opened by anybody.`)],
        [paragraph(say`Make a new one. It prints the recipient:`), ...marked({ skip: 'nothing is sealed to the new key before the app has it' }, [commands('age-keygen -o backup-new.key')])],
        [paragraph(say`Replace the recipient in the app, synthesize it, and apply it.`)],
        [paragraph(say`Take a backup that is sealed to the new one:`), ...sealed.flatMap(({ subject, backup }) => marked({ about: subject.name }, [commands(...startJob(subject.kubectl, backup.cronJob))]))],
        [paragraph(say`Keep the old identities that are left: backups from before stay sealed to them. If one is known to somebody else, so is what is in these backups.`)],
      ),
    ],
  }];
}

export function ransomware({ subjects }: RunbookFacts): Scenario {
  const backed = subjects.flatMap(subject => subject.backup ? [{ ...subject, backup: subject.backup }] : []);
  const restorable = subjects.filter(({ restore }) => restore);
  const reachable = restorable.filter(isReachable);
  return {
    heading: SCENARIOS.ransomware,
    sees: say`ransomware, an angry admin, or a key of a bucket in wrong hands`,
    promised: undefined,
    blocks: [
      table(['backup', 'store', 'locked against deletion'], subjects.flatMap(({ name, stores }) => stores.map(store => [say`${name}`, say`${store.name} (${store.what})`, say`${lockOf(store)}`]))),
      steps(
        [paragraph(say`Call for help first: ${to(NAMES.FIRST)}. Cut off whoever is in: ${to(SCENARIOS.credentials)}.`)],
        [
          paragraph(say`Stop what could remove or replace good backups: all pruning, and all runs.`),
          ...ofEach(backed, ['hold', '--reason', 'incident']),
          ...suspended(backed, true),
        ],
        [
          paragraph(say`Read every backup back. A copy that was changed does not fit its digest. Records that differ between stores are told, and nothing is restored of those until a store is named.`),
          ...ofEach(backed, ['verify', '--all']),
        ],
        [paragraph(say`Choose the newest backup from before the attack:`), ...looksAt(restorable)],
        [paragraph(say`Restore it in a cluster that is clean, as in ${to(SCENARIOS.cluster)}, or here: ${joined(restorable.map(subject => to(restoreOf(subject))))}.`)],
        [
          paragraph(say`When it is over, let runs and pruning go on:`),
          ...suspended(backed, false),
          ...ofEach(backed, ['release']),
        ],
      ),
      ...reachable.length === 0 ? [] : [paragraph(say`Without a cluster that can be trusted: ${joined(reachable.map(subject => to(outsideOf(subject))))}.`)],
    ],
  };
}

/** A Job of each with other arguments. */
function ofEach(backed: readonly (Subject & { readonly backup: BackupFacts })[], args: readonly string[]): Block[] {
  return backed.flatMap(({ name, kubectl, backup }) => marked({ about: name }, [commands(...startJobWith(kubectl, backup.cronJob, args))]));
}

/** What the schedule of each does. */
function suspended(backed: readonly (Subject & { readonly backup: BackupFacts })[], suspend: boolean): Block[] {
  const lines = backed.filter(({ backup }) => backup.schedule !== undefined)
    .map(({ kubectl, backup }) => `${kubectl} patch cronjob/${backup.cronJob} -p '{"spec":{"suspend":${suspend}}}'`);
  return lines.length === 0 ? [] : [commands(...lines)];
}

function lockOf({ bucket }: StoreFacts): string {
  if (!bucket) return 'no';
  if (bucket.objectLock === null) return 'not by these backups; see what the bucket does itself';
  return `${bucket.objectLock.mode}, ${showSeconds(bucket.objectLock.durationSeconds)} from the upload`;
}
