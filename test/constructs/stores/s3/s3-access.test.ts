import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle, BackupCronJob, BackupCronJobProps, BackupExporter, BackupSource, BackupStore, RestoreDrill, RestoreJob,
  RestoreMode, Retention, S3Access, S3AccessPolicy, S3AccessPolicyProps, S3Credentials, S3Encryption, S3ObjectLockMode, S3StoreOptions, StoreLayout,
} from '../../../../src';
import { warningsOf } from '../../../../src/constructs/core/warnings';
import { CONFIG_ENV, unescapeEnvValue } from '../../../../src/contract/config';
import { parseConfig } from '../../../../src/runner/config/config';
import { newChart, objectsOf, props } from '../../../synth';

/* Credentials for each kind of job, the policies that fit them, and locks against retention. */

const WEEKLY = Cron.schedule({ minute: '0', hour: '5', weekDay: '0' });
const GOVERNANCE = S3ObjectLockMode.GOVERNANCE;

const bucket = (options: Partial<S3StoreOptions> = {}) => BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', ...options });

function keys(chart: Chart, name: string, access?: S3Access): S3Credentials {
  return S3Credentials.fromSecret(kplus.Secret.fromSecretName(chart, `Secret-${name}-${access}`, name), { access });
}

/** The Secrets that the container of a CronJob, Job or Deployment has variables from, and the config in it. */
function podOf(objects: readonly any[], name: string) {
  const { spec } = objects.find(({ kind, metadata }) => ['CronJob', 'Job', 'Deployment'].includes(kind) && metadata.name === name);
  const pod = (spec.jobTemplate?.spec ?? spec).template.spec;
  const [{ env }] = pod.containers;
  const secrets = env.flatMap(({ valueFrom }: any) => valueFrom?.secretKeyRef?.name ?? []);
  const config = parseConfig(unescapeEnvValue(env.find((variable: any) => variable.name === CONFIG_ENV).value));
  return { secrets: [...new Set(secrets)], account: pod.serviceAccountName, config };
}

describe('separate credentials', () => {
  test('each job has its own, under the same variables, and nothing of the others', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({
      stores: [bucket({ credentials: keys(chart, 'writer', S3Access.BACKUP) }), BackupStore.volume({ size: Size.gibibytes(1) })],
      retention: Retention.days(7),
      prune: { schedule: WEEKLY, s3Credentials: { s3: keys(chart, 'pruner', S3Access.PRUNE) } },
      verify: { schedule: WEEKLY, s3Credentials: { s3: keys(chart, 'verifier', S3Access.VERIFY) } },
    }));
    new RestoreJob(chart, 'db-restore', { backup, s3Credentials: { s3: keys(chart, 'reader', S3Access.READ) } });
    new RestoreDrill(chart, 'db-drill', { backup, schedule: WEEKLY, s3Credentials: { s3: keys(chart, 'verifier2', S3Access.VERIFY) } });
    new BackupExporter(chart, 'exporter', { backups: [backup], s3Credentials: { s3: keys(chart, 'reader2', S3Access.READ) } });
    const objects = objectsOf(chart);
    for (const [name, secret] of Object.entries({
      'db-backup': 'writer', 'db-backup-prune': 'pruner', 'db-backup-verify': 'verifier', 'db-restore': 'reader', 'db-drill': 'verifier2', 'exporter': 'reader2',
    })) expect([name, podOf(objects, name).secrets]).toEqual([name, [secret]]);
    expect(podOf(objects, 'db-backup-prune').config).toMatchObject({ kind: 'backup', pruneAfterBackup: false, stores: podOf(objects, 'db-backup').config.kind === 'backup' ? backup._config.stores : [] });
    expect(podOf(objects, 'db-backup-verify').account).toBe('db-backup-verify');
    expect(warningsOf(backup)).toEqual([]);
  });

  test('workload identities of jobs are on their own service accounts', () => {
    const chart = newChart();
    const identity = (role: string, access: S3Access) => S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role }, access });
    new BackupCronJob(chart, 'db-backup', props({
      stores: [bucket({ credentials: identity('writer', S3Access.BACKUP) })],
      retention: Retention.days(7),
      prune: { schedule: WEEKLY, s3Credentials: { s3: identity('pruner', S3Access.PRUNE) } },
      verify: { schedule: WEEKLY, s3Credentials: { s3: identity('verifier', S3Access.VERIFY) } },
    }));
    const accounts = objectsOf(chart).filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => [metadata.name, metadata.annotations]);
    expect(Object.fromEntries(accounts)).toEqual({ 'db-backup': { role: 'writer' }, 'db-backup-prune': { role: 'pruner' }, 'db-backup-verify': { role: 'verifier' } });
  });

  test('the job that sets lifecycle rules has credentials of its own', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [bucket({ credentials: keys(chart, 'writer', S3Access.BACKUP) })] }));
    const lifecycle = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], { applyJob: { s3Credentials: keys(chart, 'rules', S3Access.LIFECYCLE) } });
    const { env } = objectsOf(chart).find(({ metadata }) => metadata.name === lifecycle.applyJobName).spec.template.spec.containers[0];
    expect(env.flatMap(({ valueFrom }: any) => valueFrom?.secretKeyRef?.name ?? [])).toEqual(['rules', 'rules']);
    expect(() => BackupBucketLifecycle.forBackups(newChart(), 'lifecycle', [backup], { applyJob: {} })).toThrow('\'applyJob\' replaces the rules of the bucket: set \'applyJob.s3Credentials\' to some of S3Access.LIFECYCLE');
  });

  const WRITER = 'the credentials of store "s3" are for S3Access.BACKUP, and ';
  test.each<[string, (chart: Chart) => Partial<BackupCronJobProps>, string]>([
    ['a backup that only reads', chart => ({ stores: [bucket({ credentials: keys(chart, 'x', S3Access.READ) })] }), 'are for S3Access.READ, and the backup writes there: give the store credentials of S3Access.BACKUP'],
    ['pruning at the end without the right to', chart => ({ retention: Retention.days(7), stores: [bucket({ credentials: keys(chart, 'x', S3Access.BACKUP) })] }), `${WRITER}each run is to prune at its end: set 'prune' with 's3Credentials' of S3Access.PRUNE, or drop the 'retention'`],
    ['pruning without the right to', chart => ({ retention: Retention.days(7), prune: { schedule: WEEKLY }, stores: [bucket({ credentials: keys(chart, 'x', S3Access.BACKUP) })] }), `${WRITER}'prune' deletes: set 'prune.s3Credentials' to some of S3Access.PRUNE`],
    ['repair without the right to', chart => ({ verify: { schedule: WEEKLY, repair: true, s3Credentials: { s3: keys(chart, 'x', S3Access.VERIFY) } }, stores: [bucket(), BackupStore.volume({ size: Size.gibibytes(1) })] }), '\'verify.repair\' deletes damaged copies and writes good ones: set \'verify.s3Credentials\' to some of S3Access.FULL, or drop \'repair\''],
    ['credentials for no store', chart => ({ retention: Retention.days(7), prune: { schedule: WEEKLY, s3Credentials: { other: keys(chart, 'x') } } }), '\'s3Credentials\' has "other", and the job has no S3 store of that name: there is ["s3"]'],
  ])('fail on %s', (_case, changes, message) => {
    const chart = newChart();
    expect(() => new BackupCronJob(chart, 'db-backup', props(changes(chart)))).toThrow(message);
  });

  test('restores that store what was there before need more than to read; drills have to be recorded; notes that can\'t be written are a warning', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ verify: { schedule: WEEKLY, s3Credentials: { s3: keys(chart, 'x', S3Access.READ) } } }));
    expect(warningsOf(backup)).toEqual([expect.stringContaining('are for S3Access.READ, and the results of \'verify\' are not noted there')]);
    const s3Credentials = { s3: keys(chart, 'y', S3Access.READ) };
    expect(() => new RestoreJob(chart, 'in-place', { backup, s3Credentials, mode: RestoreMode.postgresInPlace() })).toThrow('and this restore stores what is there before as a backup: set \'s3Credentials\' to some of S3Access.BACKUP');
    expect(() => new RestoreJob(chart, 'rules', { backup, s3Credentials: { s3: keys(chart, 'z', S3Access.LIFECYCLE) } })).toThrow('a restore reads: set \'s3Credentials\'');
    expect(() => new RestoreDrill(chart, 'drill', { backup, schedule: WEEKLY, s3Credentials })).toThrow('drills are not recorded there: neither alerts nor the status page know of them: set \'s3Credentials\' to some of S3Access.VERIFY');
    expect(() => new BackupExporter(chart, 'exporter', { backups: [backup], s3Credentials: { s3: keys(chart, 'w', S3Access.LIFECYCLE) } })).toThrow('the exporter lists and reads');
  });
});

describe('policies', () => {
  const statements = (json: string) => JSON.parse(json).Statement as any[];
  const backupOf = (options: Partial<S3StoreOptions> = {}, changes: Partial<BackupCronJobProps> = {}) => new BackupCronJob(newChart(), 'db-backup', props({ stores: [bucket(options)], ...changes }));

  test.each(Object.values(S3Access))('of %s have not changed', access => {
    const backup = backupOf({ prefix: 'db/nightly', objectLock: { mode: GOVERNANCE, duration: Duration.days(30) }, encryption: S3Encryption.kms('alias/backup') });
    expect(backup.policyDocument(access)).toMatchSnapshot();
  });

  test('say no more than the role: who deletes adds no backup, who adds deletes nothing, who reads writes nothing', () => {
    const actions = (access: S3Access) => statements(backupOf().policyDocument(access)).flatMap(({ Action }) => Action);
    expect(actions(S3Access.READ)).toEqual(['s3:ListBucket', 's3:GetObject']);
    expect(actions(S3Access.BACKUP)).not.toContain('s3:DeleteObject');
    const put = statements(backupOf().policyDocument(S3Access.PRUNE)).find(({ Action }) => Action.includes('s3:PutObject'));
    expect(put.Resource.filter((resource: string) => /\*$/.test(resource))).toEqual(['arn:aws:s3:::shop-backups/orders/orders_????????_??????.verified.*']);
    for (const access of Object.values(S3Access)) expect(actions(access).filter(action => action.includes('*') || /Version|Bypass|Legal/.test(action))).toEqual([]);
  });

  test('let nobody see the names of other backups, but in the flat layout those that begin alike', () => {
    const listed = (layout?: StoreLayout) => statements(backupOf({ prefix: 'db', layout }).policyDocument(S3Access.READ))[0].Condition.StringLike['s3:prefix'];
    expect(listed()).toEqual(['db/orders/orders_*', 'db/orders/orders.hold']);
    expect(listed(StoreLayout.FLAT)).toEqual(['db/orders_*', 'db/orders.hold']);
  });

  test('know partitions, keys of KMS and odd prefixes', () => {
    expect(statements(backupOf({ region: 'cn-north-1' }).policyDocument(S3Access.READ))[0].Resource).toEqual(['arn:aws-cn:s3:::shop-backups']);
    const kms = (key?: string) => statements(backupOf({ encryption: S3Encryption.kms(key) }).policyDocument(S3Access.READ)).at(-1);
    expect(kms('arn:aws:kms:eu-central-1:111122223333:key/abc')).toMatchObject({ Action: ['kms:Decrypt'], Resource: ['arn:aws:kms:eu-central-1:111122223333:key/abc'] });
    expect(kms('abc').Resource).toEqual(['arn:aws:kms:eu-central-1:*:key/abc']);
    expect(kms()).toMatchObject({ Resource: ['*'], Condition: { StringLike: { 'kms:ViaService': ['s3.eu-central-1.amazonaws.com'] } } });
    expect(statements(backupOf({ prefix: 'a*b' }).policyDocument(S3Access.READ))[1].Resource[0]).toBe('arn:aws:s3:::shop-backups/a${*}b/orders/orders_????????_??????.*');
  });

  function policyFile(changes: (backup: BackupCronJob) => Partial<S3AccessPolicyProps>): S3AccessPolicy {
    const chart = new Chart(new App(), 'chart');
    const backup = new BackupCronJob(chart, 'db-backup', props());
    return new S3AccessPolicy(chart, 'policy', { backups: [backup], ...changes(backup) });
  }

  test('go into a file, for an identity or with all roles for the bucket', () => {
    expect(policyFile(() => ({ access: S3Access.BACKUP })).fileName).toBe('s3-policies/shop-backups.backup.json');
    const all = policyFile(() => ({ grants: [S3Access.BACKUP, S3Access.READ].map(access => ({ access, principals: [`arn:aws:iam::111122223333:role/${access}`] })) }));
    expect(all.fileName).toBe('s3-policies/shop-backups.json');
    expect(statements(all.json).map(({ Sid, Principal }) => `${Sid} ${Principal.AWS}`)).toEqual([
      'List1 arn:aws:iam::111122223333:role/backup', 'Read1 arn:aws:iam::111122223333:role/backup', 'Write1 arn:aws:iam::111122223333:role/backup',
      'List2 arn:aws:iam::111122223333:role/read', 'Read2 arn:aws:iam::111122223333:role/read',
    ]);
  });

  test.each<[string, (backup: BackupCronJob) => Partial<S3AccessPolicyProps>, string]>([
    ['neither role nor grants', () => ({}), 'give either \'access\' or \'grants\', got none'],
    ['no backup', () => ({ access: S3Access.READ, backups: [] }), '\'backups\' must have at least one backup'],
    ['everybody', () => ({ grants: [{ access: S3Access.READ, principals: ['*'] }] }), '\'principals\' must name somebody each, without spaces and "*", got "*"'],
    ['nobody', () => ({ grants: [{ access: S3Access.READ, principals: [] }] }), '\'principals\' of S3Access.READ must name somebody'],
    ['another bucket', () => ({ access: S3Access.READ, store: bucket({ storeName: 'other', bucketName: 'other-bucket' }) }), '\'backups\' must write to the bucket of \'store\', "other", got "db-backup"'],
    ['two buckets', backup => ({ access: S3Access.READ, backups: [backup, backupOf({ bucketName: 'other-bucket' })] }), 'the backups write to several buckets, ["shop-backups","other-bucket"]: say which one is meant'],
  ])('fail on %s', (_case, changes, message) => {
    expect(() => policyFile(changes)).toThrow(message);
  });

  test('of one backup need a name where it has several stores', () => {
    const backup = new BackupCronJob(newChart(), 'db-backup', props({ stores: [bucket(), bucket({ storeName: 'far', bucketName: 'far-away' })] }));
    expect(() => backup.policyDocument(S3Access.READ)).toThrow('\'storeName\' must be the name of an S3 store of "db-backup", got undefined: there are ["s3","far"]');
    expect(backup.policyDocument(S3Access.READ, 'far')).toContain('arn:aws:s3:::far-away');
  });
});

describe('locks', () => {
  const lockedFor = (days: number, mode = GOVERNANCE, changes: Partial<BackupCronJobProps> = { retention: Retention.days(30) }) =>
    new BackupCronJob(newChart(), 'db-backup', props({ stores: [bucket({ objectLock: { mode, duration: Duration.days(days) } })], ...changes }));

  test('are held against the retention, with the arithmetic', () => {
    expect(warningsOf(lockedFor(30))).toEqual([]);
    expect(warningsOf(lockedFor(40))).toEqual([expect.stringContaining('locks each backup for 40 days, and the \'retention\' keeps none for longer than 30 days: it is hidden then, and stays and is billed for 10 days more')]);
    expect(warningsOf(lockedFor(7))).toEqual([expect.stringContaining('locks each backup for 7 days, and the \'retention\' keeps it for 30 days: for the last 23 days whoever may delete versions can delete it')]);
    expect(() => lockedFor(40, S3ObjectLockMode.COMPLIANCE)).toThrow('billed for 10 days more, which nobody can change once it is stored: shorten the lock, keep backups longer, or take S3ObjectLockMode.GOVERNANCE');
    expect(warningsOf(lockedFor(365, S3ObjectLockMode.COMPLIANCE, {}))).toEqual([]);
    expect(warningsOf(lockedFor(30, S3ObjectLockMode.COMPLIANCE, { retention: Retention.newest(30) }))).toEqual([]);
    expect(() => lockedFor(32, S3ObjectLockMode.COMPLIANCE, { retention: Retention.newest(30) })).toThrow('keeps none for longer than 30 days');
  });

  test('are held against the lifecycle of the bucket', () => {
    const chart = newChart();
    const store = bucket({ objectLock: { mode: GOVERNANCE, duration: Duration.days(30) } });
    const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [store], retention: Retention.days(30) }));
    const { json } = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup]);
    expect(JSON.parse(json).Rules[0].NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 });
    expect(() => {
      const other = newChart();
      const plain = new BackupCronJob(other, 'db-backup', props({ stores: [store] }));
      BackupBucketLifecycle.forBackups(other, 'lifecycle', [plain], { versioned: false });
      objectsOf(other);
    }).toThrow('has \'objectLock\', and a bucket with Object Lock keeps old versions: take \'versioned: false\' back');
    const early = newChart();
    const locked = new BackupCronJob(early, 'db-backup', props({ stores: [store] }));
    const lifecycle = new BackupBucketLifecycle(early, 'lifecycle', {
      store,
      rules: [{ id: 'old', prefix: 'orders/', noncurrentVersionExpiration: Duration.days(7), abortIncompleteMultipartUploadAfter: Duration.days(2) }],
    });
    objectsOf(early);
    expect(warningsOf(lifecycle).join('\n')).toContain(`'objectLock' holds what backup "${locked.cronJobName}" stores for 30 days`);
  });

  test.each([['23 hours', Duration.hours(23), 'at least 86400'], ['40000 days', Duration.days(40_000), 'at most 36500 days']])('fail on a duration of %s', (_name, duration, message) => {
    expect(() => bucket({ objectLock: { mode: GOVERNANCE, duration } })).toThrow(message);
  });
});

test('SQLite and Redis restores that replace beside need to read only', () => {
  const chart = newChart();
  const source = BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'data'), path: 'app.db' });
  const backup = new BackupCronJob(chart, 'db-backup', props({ source }));
  expect(() => new RestoreJob(chart, 'restore', { backup, s3Credentials: { s3: keys(chart, 'reader', S3Access.READ) } })).not.toThrow();
});
