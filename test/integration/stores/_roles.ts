import { CreateBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { App, Chart, Cron, Duration } from 'cdk8s';
import { BackupCronJob, BackupSource, BackupStore, Retention, S3Access, S3AccessPolicy, S3ObjectLockMode } from '../../../src';
import { S3StoreConfig } from '../../../src/contract/config';
import { rootClient, S3Server, s3Store } from '../servers/_s3';
import { Radosgw, startRadosgw } from '../servers/radosgw';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* Servers that enforce policies, an account for each role, and the documents that the constructs make. */

export const ROLES = Object.values(S3Access);

export interface PolicyServer {
  readonly start: () => Promise<Versitygw | Radosgw>;
  /** How its policies name an account. */
  readonly principal: (name: string) => string;
}

export const SERVERS: [string, PolicyServer][] = [
  ['versitygw', { start: () => startVersitygw({ versions: true }), principal: name => name }],
  ['radosgw', { start: startRadosgw, principal: name => `arn:aws:iam:::user/${name}` }],
];

export interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Principal: { readonly AWS: readonly string[] };
}

export interface Policy {
  readonly Statement: readonly Statement[];
}

/** A bucket with Object Lock, in which each role has an account. */
export interface RoleBucket {
  readonly bucket: string;
  /** Of the roles that it was made for. */
  readonly policy: Policy;
  /** The store as an account of this role reaches it. */
  as(access: S3Access, changes?: Partial<S3StoreConfig>): ReturnType<typeof s3Store>;
  /** Replaces the policy of the bucket. */
  put(policy: Policy): Promise<void>;
}

export const LOCK = { mode: 'GOVERNANCE', durationSeconds: 86_400 } as const;

/** Users of a server, by role. */
export async function addUsers(server: Versitygw | Radosgw) {
  const users = new Map<S3Access, { readonly accessKeyId: string; readonly secretAccessKey: string }>();
  for (const access of ROLES) users.set(access, await server.addUser(access));
  return users;
}

/** @param roles that have rights there; not too many, for versitygw takes no policy of more than 4 KB */
export async function roleBucket(
  server: S3Server, users: Awaited<ReturnType<typeof addUsers>>, { principal }: PolicyServer, bucket: string, roles: readonly S3Access[],
): Promise<RoleBucket> {
  const root = rootClient(server);
  await root.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  const policy = roles.length === 0 ? { Statement: [] } : JSON.parse(documentFor(bucket, principal, roles)) as Policy;
  const put = async (changed: Policy) => {
    await root.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(changed) }));
  };
  if (roles.length > 0) await put(policy);
  return {
    bucket,
    policy,
    put,
    // As the construct has it for a backup called `app`.
    as: (access, changes) => s3Store({ ...server, ...users.get(access)! }, bucket, { prefix: 'db/nightly/app', objectLock: LOCK, ...changes }),
  };
}

/** What the construct writes for the backup `app` in this bucket. */
export function documentFor(bucket: string, principal: (name: string) => string, roles: readonly S3Access[]): string {
  const chart = new Chart(new App(), 'chart');
  const backup = new BackupCronJob(chart, 'app', {
    backupName: 'app',
    schedule: Cron.daily(),
    source: BackupSource.postgres({ host: 'postgres', databaseName: 'app', user: 'backup' }),
    stores: [BackupStore.s3({
      bucketName: bucket,
      prefix: 'db/nightly',
      region: 'us-east-1',
      objectLock: { mode: S3ObjectLockMode.GOVERNANCE, duration: Duration.days(1) },
    })],
    retention: Retention.days(7),
  });
  return new S3AccessPolicy(chart, 'policy', { backups: [backup], grants: roles.map(access => ({ access, principals: [principal(access)] })) }).json;
}
