import { Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupCronJobProps, BackupSource, BackupStore, Retention, S3Credentials } from '../../../src';
import { CONFIG_ENV, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { newChart, objectsOf, props, synth } from '../../synth';

/* What works on stored backups: pruning at the end of a run or in a CronJob of its own, and scheduled verification. */

const WEEKLY = Cron.schedule({ minute: '0', hour: '5', weekDay: '0' });
const VERIFY = { schedule: WEEKLY };
const RETENTION = { retention: Retention.days(7) };

function jobOf(objects: readonly any[], name: string): any {
  return objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name);
}

function containerOf(job: any): any {
  return job.spec.jobTemplate.spec.template.spec.containers[0];
}

function configOf(job: any): any {
  return parseConfig(unescapeEnvValue(containerOf(job).env.find(({ name }: any) => name === CONFIG_ENV).value));
}

describe('pruning', () => {
  test('is at the end of each run where there is a retention, and nowhere else', () => {
    expect(configOf(jobOf(synth(RETENTION), 'db-backup')).pruneAfterBackup).toBe(true);
    expect(configOf(jobOf(synth(), 'db-backup')).pruneAfterBackup).toBe(false);
    expect(synth(RETENTION).filter(({ kind }) => kind === 'CronJob')).toHaveLength(1);
  });

  test('in a CronJob of its own has an identity of its own, and the runs do not prune', () => {
    const objects = synth({ ...RETENTION, prune: { schedule: WEEKLY, activeDeadline: Duration.hours(1) } });
    const job = jobOf(objects, 'db-backup-prune');
    expect(configOf(jobOf(objects, 'db-backup')).pruneAfterBackup).toBe(false);
    expect(containerOf(job)).toMatchObject({ name: 'prune', args: ['prune', '--scheduled'] });
    expect(configOf(job)).toMatchObject({ kind: 'backup', name: 'orders', retention: { keepHours: 168 }, activeDeadlineSeconds: 3540 });
    expect(job.spec).toMatchObject({ schedule: '0 5 * * 0', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', jobTemplate: { spec: { activeDeadlineSeconds: 3600 } } });
    expect(job.spec.jobTemplate.spec.template.spec.serviceAccountName).toBe('db-backup-prune');
    expect(objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'db-backup-prune')).toBe(true);
  });

  test('in a CronJob of its own takes the identity that it is given', () => {
    const objects = synth(chart => ({ ...RETENTION, prune: { schedule: WEEKLY, serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Pruner', 'pruner') } }));
    expect(jobOf(objects, 'db-backup-prune').spec.jobTemplate.spec.template.spec.serviceAccountName).toBe('pruner');
  });
});

describe('verification', () => {
  const objects = synth({ ...RETENTION, timeZone: 'Europe/Berlin', schedule: Cron.schedule({ minute: '0', hour: '6' }), verify: VERIFY });
  const job = jobOf(objects, 'db-backup-verify');

  test('has the stores, the zone and the identity of the backup', () => {
    expect(job.spec).toMatchObject({ schedule: '0 5 * * 0', timeZone: 'Europe/Berlin', startingDeadlineSeconds: 6 * 3600, jobTemplate: { spec: { activeDeadlineSeconds: 6 * 3600 } } });
    expect(containerOf(job)).toMatchObject({ name: 'verify', args: ['verify', '--scheduled'] });
    expect(configOf(job)).toMatchObject({ verify: { olderPercent: 10, repair: false }, stores: configOf(jobOf(objects, 'db-backup')).stores });
    expect(job.spec.jobTemplate.spec.template.spec.serviceAccountName).toBe('db-backup');
  });

  test('goes with the workload identity of the backup', () => {
    const serviceAccountAnnotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/x' };
    const stores = [BackupStore.s3({ bucketName: 'bucket', region: 'x', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations }) })];
    const made = synth({ ...RETENTION, stores, verify: VERIFY });
    expect(jobOf(made, 'db-backup-verify').spec.jobTemplate.spec.template.spec.serviceAccountName).toBe('db-backup');
    expect(made.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata: { annotations } }) => annotations)).toEqual([serviceAccountAnnotations]);
  });

  test('can\'t be taken for a backup, and fails at once on what a retry can\'t mend', () => {
    for (const labels of [job.metadata.labels, job.spec.jobTemplate.metadata.labels, job.spec.jobTemplate.spec.template.metadata.labels]) {
      expect(labels).toMatchObject({ component: 'backup-verify' });
    }
    expect(job.spec.jobTemplate.spec.podFailurePolicy.rules[1].onExitCodes.containerName).toBe('verify');
  });

  test('knows no password of the database, and mounts what the stores need', () => {
    const [, ...volumes] = synth(chart => ({
      source: BackupSource.postgres({
        host: 'postgres', databaseName: 'orders', user: 'backup', password: { secret: kplus.Secret.fromSecretName(chart, 'Login', 'login'), key: 'password' },
      }),
      stores: [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'bucket', region: 'x' })],
      verify: { ...VERIFY, repair: true, olderPercent: 50 },
    })).filter(({ kind }) => kind === 'CronJob');
    const container = containerOf(volumes[0]);
    expect(container.env.map(({ name }: any) => name)).toEqual([CONFIG_ENV, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
    expect(container.volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/tmp', '/backups']);
    expect(configOf(volumes[0]).verify).toEqual({ olderPercent: 50, repair: true });
  });

  test('is as locked down as the backup itself', () => {
    const pod = (name: string) => {
      const { containers, ...rest } = jobOf(objects, name).spec.jobTemplate.spec.template.spec;
      const { securityContext, resources, image } = containers[0];
      return { ...rest, securityContext, resources, image };
    };
    expect(pod('db-backup-verify')).toEqual(pod('db-backup'));
  });

  test('tells the alerts how long its gaps are', () => {
    const backup = new BackupCronJob(newChart(), 'db-backup', props({ verify: { ...VERIFY, activeDeadline: Duration.hours(2) } }));
    expect(backup._jobFacts.verify).toEqual({ cronJobName: 'db-backup-verify', gapSeconds: 7 * 86_400, deadlineSeconds: 7200 });
    expect(new BackupCronJob(newChart(), 'db-backup', props())._jobFacts.verify).toBeUndefined();
  });
});

test('an identity that the stores need is made for pruning too', () => {
  const objects = synth({
    ...RETENTION,
    stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: 'writer' } }) })],
    prune: { schedule: WEEKLY },
  });
  expect(objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.annotations)).toEqual([{ role: 'writer' }, { role: 'writer' }]);
});

test.each<[string, Partial<BackupCronJobProps>, string]>([
  ['pruning of what is kept for ever', { prune: { schedule: WEEKLY } }, '\'prune\' has nothing to do, since \'retention\' keeps everything: set \'retention\', or drop \'prune\''],
  ['a name without room for the end', { cronJobName: 'a'.repeat(46), verify: VERIFY }, '\'cronJobName\' must have up to 45 characters with \'verify\', whose CronJob is called "aaa'],
  ['a share of more than all', { verify: { ...VERIFY, olderPercent: 101 } }, '\'verify.olderPercent\' must be a whole number from 0 to 100, got 101'],
  ['repair with one store', { verify: { ...VERIFY, repair: true } }, '\'verify.repair\' needs another store to copy from'],
  ['a schedule that never runs', { verify: { schedule: Cron.schedule({ minute: '0', hour: '0', day: '31', month: '2' }) } }, '\'verify.schedule\' never runs'],
  ['a deadline beyond the next run', { verify: { schedule: Cron.hourly(), activeDeadline: Duration.hours(2) } }, '\'verify.activeDeadline\' must not exceed the shortest time between two runs, 1 hour, got 2 hours'],
  ['an unknown zone', { ...RETENTION, prune: { schedule: WEEKLY, timeZone: 'Europe/Atlantis' } }, '\'timeZone\' must be'],
])('fails on %s', (_case, changes, message) => {
  expect(() => synth(changes)).toThrow(message);
});

test('fails where another backup has the name of a verification', () => {
  const chart = newChart();
  new BackupCronJob(chart, 'db-backup-verify', props({ backupName: 'other' }));
  new BackupCronJob(chart, 'db-backup', props({ verify: VERIFY }));
  expect(() => objectsOf(chart)).toThrow('"db-backup-verify" of namespace "shop", which chart/db-backup-verify makes too');
});
