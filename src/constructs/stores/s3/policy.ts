/*
 * Policies in the language of IAM: what each role may do with the objects of some backups in one bucket, and nothing else in it.
 *
 * The patterns follow the names of `contract/layout.ts`. A name has no dot and its time has a fixed length, so `app_????????_??????.*` is
 * never about the backups of `app_x`. Lists are by prefix alone: in the flat layout, whoever may list `app` sees the names of `app_x` too.
 */
import { S3Access } from './s3-access';
import { S3StoreConfig } from '../../../contract/config';
import { holdKey, keyPrefix } from '../../../contract/layout';
import { hostOf, partitionOf, partitionOfHost } from '../../parts/store-place';

/** One backup in the bucket. */
export interface PolicyBackup {
  readonly name: string;
  readonly store: S3StoreConfig;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: readonly string[] } };
}

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** For whoever has the policy. */
export function identityPolicy(access: S3Access, backups: readonly PolicyBackup[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: [...statementsOf(access, backups), ...access === S3Access.LIFECYCLE ? [] : kmsStatements(access, backups)] };
}

/** For the bucket: who may do what. The use of a KMS key is not the bucket's to allow. */
export function bucketPolicy(
  grants: readonly { readonly access: S3Access; readonly principals: readonly string[] }[], backups: readonly PolicyBackup[],
): PolicyDocument {
  const several = grants.length > 1;
  return {
    Version: '2012-10-17',
    Statement: grants.flatMap(({ access, principals }, i) => statementsOf(access, backups).map(({ Sid, Effect, ...rest }) =>
      ({ Sid: several ? `${Sid}${i + 1}` : Sid, Effect, Principal: { AWS: principals }, ...rest }))),
  };
}

function statementsOf(access: S3Access, backups: readonly PolicyBackup[]): Statement[] {
  const { bucketName: bucket } = backups[0].store;
  const bucketArn = `arn:${partitionOfStore(backups[0].store)}:s3:::${bucket}`;
  if (access === S3Access.LIFECYCLE) return [allow('Lifecycle', ['s3:GetLifecycleConfiguration', 's3:PutLifecycleConfiguration'], [bucketArn])];

  const keys = (patterns: (id: string, hold: string) => readonly string[]) => unique(backups.flatMap(({ name, store }) => {
    const before = `${bucketArn}/${escape(beforeKeys(store))}`;
    return patterns(`${before}${keyPrefix(name)}????????_??????`, before + holdKey(name));
  }));
  const locks = backups.some(({ store }) => store.objectLock !== null);
  const statements = [
    allow('List', ['s3:ListBucket'], [bucketArn], {
      StringLike: {
        's3:prefix': unique(backups.flatMap(({ name, store }) => [`${escape(beforeKeys(store))}${keyPrefix(name)}*`, escape(beforeKeys(store)) + holdKey(name)])),
      },
    }),
    allow('Read', ['s3:GetObject'], keys((id, hold) => [`${id}.*`, hold])),
  ];
  if (access === S3Access.VERIFY) {
    statements.push(allow('Note', ['s3:PutObject'], keys(id => [`${id}.verified.*`, `${id}.drill.json`])));
  }
  if (access === S3Access.PRUNE) {
    statements.push(allow('Note', ['s3:PutObject'], keys((id, hold) => [`${id}.started`, `${id}.verified.*`, `${id}.pinned`, `${id}.accepted`, hold])));
  }
  if (access === S3Access.BACKUP || access === S3Access.FULL) {
    statements.push(allow('Write', [
      's3:PutObject',
      ...locks ? ['s3:PutObjectRetention'] : [],
      's3:AbortMultipartUpload',
    ], keys((id, hold) => access === S3Access.FULL ? [`${id}.*`, hold] : [`${id}.*`])));
    if (locks) statements.push(allow('LookForLock', ['s3:GetBucketObjectLockConfiguration'], [bucketArn]));
  }
  if (access === S3Access.PRUNE || access === S3Access.FULL) {
    statements.push(allow('Delete', [
      's3:DeleteObject',
      ...access === S3Access.PRUNE ? ['s3:AbortMultipartUpload'] : [],
    ], keys((id, hold) => [`${id}.*`, hold])));
    // A pin and a hold say what the bucket deletes all the same.
    statements.push(allow('LookForExpiry', ['s3:GetLifecycleConfiguration'], [bucketArn]));
    // S3 has no condition on its prefix: the names of all unfinished uploads in the bucket can be seen.
    statements.push(allow('ListUploads', ['s3:ListBucketMultipartUploads'], [bucketArn]));
  }
  return statements;
}

/** What SSE-KMS asks of whoever reads and writes. */
function kmsStatements(access: S3Access, backups: readonly PolicyBackup[]): Statement[] {
  const actions = ['kms:Decrypt', ...access === S3Access.READ ? [] : ['kms:GenerateDataKey']];
  const keys = new Map<string, S3StoreConfig>();
  for (const { store } of backups) {
    if (store.encryption?.algorithm === 'aws:kms') keys.set(store.encryption.kmsKeyId ?? '', store);
  }
  return [...keys].map(([key, store], i) => {
    const { region } = store;
    const partition = partitionOfStore(store);
    const through = { 'kms:ViaService': [`s3.${region ?? '*'}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`] };
    const sid = keys.size > 1 ? `Kms${i + 1}` : 'Kms';
    if (key.startsWith('arn:')) return allow(sid, actions, [key], { StringLike: through });
    // A policy names keys by their ARN only, which has the account in it; an alias is a condition on the key.
    if (key.startsWith('alias/')) return allow(sid, actions, ['*'], { 'StringLike': through, 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [key] } });
    return allow(sid, actions, [key === '' ? '*' : `arn:${partition}:kms:${region ?? '*'}:*:key/${key}`], { StringLike: through });
  });
}

function allow(Sid: string, Action: readonly string[], Resource: readonly string[], Condition?: Statement['Condition']): Statement {
  return { Sid, Effect: 'Allow', Action, Resource, ...Condition && { Condition } };
}

function beforeKeys({ prefix }: S3StoreConfig): string {
  return prefix === '' ? '' : `${prefix}/`;
}

/** What has a meaning in patterns, as itself. */
function escape(text: string): string {
  return text.replace(/[*?$]/g, character => `\${${character}}`);
}

function partitionOfStore({ endpoint, region }: S3StoreConfig): string {
  return (endpoint === null ? undefined : partitionOfHost(hostOf(endpoint))) ?? partitionOf(region);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
