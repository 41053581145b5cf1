/*
 * Without pods: from a machine with the manifest and the keys, and from the bucket with the programs of the engines.
 */
import { askSecrets, authoritiesFromCluster, configOutside, fromCluster } from './shell';
import { codes, isEncrypted, keysOf, NAMES, outsideOf, restorableOutside, stockOf } from './words';
import { S3StoreConfig } from '../../../contract/config';
import { ENCRYPTED_SUFFIX } from '../../../contract/layout';
import { shellWord } from '../../core/shell-word';
import { runbookOf } from '../../engines/engines';
import { Block, code, commands, heading, paragraph, say, steps } from '../document/document';
import { AuthorityFacts } from '../facts/authorities';
import { BackupFacts, RestoreFacts, RunbookFacts, StoreFacts, Subject } from '../facts/runbook-facts';
import { SecretVariable } from '../facts/secrets';

export function outside({ subjects }: RunbookFacts): Block[] {
  const possible = restorableOutside(subjects);
  if (possible.length === 0) return [];
  return [
    heading(2, NAMES.OUTSIDE),
    paragraph(say`The machine needs Node.js 24 and the manifests beside this page. The application is yours to stop and to start.`),
    ...possible.flatMap(({ subject, restore }) => fromMachine(subject, restore)),
  ];
}

function fromMachine(subject: Subject, restore: RestoreFacts): Block[] {
  const { outside: { forwards, api, settings, notes }, secrets: { variables }, authorities } = restore;
  const store = subject.stores.find(({ reachable }) => reachable)!.name;
  const identity = isEncrypted(subject) ? ['--identity backup.key'] : [];
  const options = [configOutside(restore), `--store ${store}`, ...settings, ...identity].join(' ');
  return [
    heading(3, outsideOf(subject)),
    ...notes.length === 0 ? [] : [paragraph(say`${notes.join(' ')}`)],
    steps(
      ...variables.length === 0 ? [] : [keysStep(subject.kubectl, variables)],
      ...authoritySteps(subject.kubectl, authorities),
      ...forwards.length === 0 ? [] : [[paragraph(say`Reach the server, in a second terminal:`), ...forwards.map(forward => commands(forward))]],
      ...api ? [[paragraph(say`Lend the rights of kubectl, in a second terminal, and tell where:`), commands('kubectl proxy --port=8001'), commands('export CDK8S_BACKUP_KUBERNETES_URL=http://127.0.0.1:8001')]] : [],
      ...identity.length === 0 ? [] : [[paragraph(say`Put a file with an identity here: ${code('backup.key')}.`)]],
      [paragraph(say`See the plan:`), commands(`npx cdk8s-backup restore --dry-run ${options}`)],
      [paragraph(say`Restore the newest backup:`), commands(`npx cdk8s-backup restore --yes ${options}`)],
    ),
  ];
}

/** Out of the cluster while it is there, and otherwise from whoever has them. */
function keysStep(kubectl: string, variables: readonly SecretVariable[]): Block[] {
  return [
    paragraph(say`Take the keys out of the cluster:`),
    commands(...fromCluster(kubectl, variables)),
    paragraph(say`Without the cluster, type them. They are not shown.`),
    commands(askSecrets(variables.map(({ variable }) => variable))),
  ];
}

/** The files of authorities of one's own: a cluster that is gone has none to give. */
function authoritySteps(kubectl: string, authorities: readonly AuthorityFacts[]): Block[][] {
  if (authorities.length === 0) return [];
  return [[
    paragraph(say`Take the certificate of the store's authority out of the cluster. Without the cluster, put it here from where you keep it: ${codes(authorities.map(({ file }) => file))}.`),
    commands(...authoritiesFromCluster(kubectl, authorities)),
  ]];
}

export function stockTools({ subjects }: RunbookFacts): Block[] {
  const possible = subjects.flatMap(subject => {
    const store = subject.stores.find(({ bucket }) => bucket);
    return subject.backup && store ? [{ subject, backup: subject.backup, store, bucket: store.bucket! }] : [];
  });
  if (possible.length === 0) return [];
  return [
    heading(2, NAMES.STOCK),
    paragraph(say`Even without our program: files in the bucket are what the stock programs write. Type this in an empty folder, with the keys of the bucket in the environment.`),
    ...possible.flatMap(({ subject, backup, store, bucket }) => withStock(subject, backup, store, bucket)),
  ];
}

function withStock(subject: Subject, backup: BackupFacts, store: StoreFacts, bucket: S3StoreConfig): Block[] {
  const authorities = backup.authorities.filter(authority => authority.store === store.name);
  const place = shellWord(`s3://${bucket.bucketName}/${bucket.prefix === '' ? '' : `${bucket.prefix}/`}`);
  const aws = `aws${bucket.endpoint === null ? '' : ` --endpoint-url ${shellWord(bucket.endpoint)}`}${authorities.map(({ file }) => ` --ca-bundle ${file}`).join('')} s3`;
  const { backupName } = backup;
  const keys = keysOf(store, backup.secrets).map(({ variable }) => variable);
  return [
    heading(3, stockOf(subject)),
    ...keys.length === 0 ? [] : [paragraph(say`In the environment: ${codes(keys)}.`)],
    steps(
      ...authoritySteps(subject.kubectl, authorities),
      [
        paragraph(say`Copy the newest backup:`),
        commands(
          `BACKUP=$(${aws} ls ${place} | awk '{print $4}' | grep -E '^${backupName}_[0-9]{8}_[0-9]{6}\\.json$' | sort | tail -n 1 | cut -d. -f1)`,
          `${aws} cp ${place} . --recursive --exclude '*' --include "$BACKUP.*"`,
        ),
      ],
      [paragraph(say`Compare its files with their digests:`), commands('sha256sum -c "$BACKUP.sha256"')],
      ...backup.recipients.length === 0 ? [] : [[
        paragraph(say`Open it, with an identity in ${code('backup.key')}:`),
        commands(`for FILE in "$BACKUP".*${ENCRYPTED_SUFFIX}; do age --decrypt --identity backup.key --output "\${FILE%${ENCRYPTED_SUFFIX}}" "$FILE"; done`),
      ]],
      [paragraph(say`Unpack what is packed as a whole:`), commands('for FILE in "$BACKUP".*.zst; do [ ! -e "$FILE" ] || zstd --decompress --quiet "$FILE"; done', 'for FILE in "$BACKUP".*.gz; do [ ! -e "$FILE" ] || gunzip --keep "$FILE"; done')],
      [paragraph(say`Bring it back:`), commands(...runbookOf(backup.source).stockTools(backup.source, '"$BACKUP"'))],
    ),
  ];
}
