import { Cron, Duration, Size } from 'cdk8s';
import { newChart, props } from './synth';
import { BackupAlertRules, BackupCronJob, BackupCronJobProps, BackupStore, RecoveryObjectives, Retention } from '../src';

/*
 * The numbers of the guide, entered literally: PostgreSQL daily at 02:00 UTC, kept 7 days, at most 2 hours a run, on one volume and "optionally"
 * in S3 in the cluster's region; and its table of targets. One by one they fail, and each message is the reason why they don't hold.
 */
const VOLUME = BackupStore.volume({ size: Size.gibibytes(20) });
const S3 = BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'whispercache/backups', region: 'eu-central-1' });
const RESTORE = { backupSize: Size.gibibytes(2), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) };
const HERE = { region: 'eu-central-1' };

function guide(objectives: RecoveryObjectives, changes: Partial<BackupCronJobProps> = {}): BackupCronJob {
  return new BackupCronJob(newChart('whispercache'), 'db-backup', props({
    stores: [VOLUME, S3],
    schedule: Cron.schedule({ minute: '0', hour: '2' }),
    retention: Retention.days(7),
    activeDeadline: Duration.hours(2),
    startingDeadline: Duration.hours(1),
    objectives,
    ...changes,
  }));
}

test.each<[string, string, RecoveryObjectives, Partial<BackupCronJobProps>]>([
  [
    'database corruption, RPO 24 hours: a run takes time, and may start late',
    '\'objectives.corruption.rpo\' is 1 day, but the newest backup can be 1 day 3 hours old: 1 day from run to run ("0 2 * * *" in "Etc/UTC"',
    { corruption: { rpo: Duration.hours(24) } }, {},
  ],
  [
    'the same in a zone with daylight saving: once a year two days lie between two runs',
    'the newest backup can be 2 days 2 hours old: 1 day 23 hours from run to run',
    { corruption: { rpo: Duration.hours(27) } }, { timeZone: 'Europe/Berlin' },
  ],
  [
    'database corruption, RTO 30 minutes: nobody has measured a restore',
    '\'objectives.restore\' is missing, and \'objectives.corruption.rto\' can\'t be checked without it',
    { corruption: { rto: Duration.minutes(30) } }, {},
  ],
  [
    'pod and node failure, RPO 0: a backup is no replica',
    'a backup can\'t promise to lose nothing, that is what replication is for',
    { nodeLoss: { rpo: Duration.seconds(0) } }, {},
  ],
  [
    'node failure, RTO 5 minutes: Kubernetes alone waits longer',
    '\'objectives.nodeLoss.rto\' is 5 minutes, but a restore after "nodeLoss" takes up to 29 minutes 31 seconds from store "volume": 12 minutes of preparation',
    { nodeLoss: { rto: Duration.minutes(5) }, restore: RESTORE }, {},
  ],
  [
    'region failure: the only copy that is not in the cluster is in the same region',
    '\'objectives.regionLoss\' needs a store that is still there, got "volume" in the cluster and "s3" in region "eu-central-1": add one in another region',
    { regionLoss: { rto: Duration.hours(1) }, restore: RESTORE, cluster: HERE }, {},
  ],
  [
    'complete cluster loss, with S3 left out, which the guide calls optional',
    '\'objectives.clusterLoss\' needs a store that is still there, got "volume" in the cluster: add one outside of the cluster',
    { clusterLoss: { rto: Duration.hours(2) }, restore: RESTORE }, { stores: [VOLUME] },
  ],
  [
    'Redis, kept 24 hours: over a weekend nobody looks',
    '\'retention\' keeps backups for 1 day, but the last good one is 3 days 4 hours old when somebody acts',
    { corruption: { rpo: Duration.hours(3) } },
    { schedule: Cron.hourly(), activeDeadline: Duration.hours(1), retention: Retention.hours(24) },
  ],
])('%s', (_promise, reason, objectives, changes) => {
  expect(() => guide(objectives, changes)).toThrow(reason);
});

test('complete cluster loss, RTO 2 hours: the lifecycle moves dumps to GLACIER on day 30, and they are kept for 90', () => {
  const chart = newChart('whispercache');
  const backup = new BackupCronJob(chart, 'db-backup', props({
    stores: [S3],
    retention: Retention.days(90),
    objectives: { clusterLoss: { rto: Duration.hours(2) }, restore: RESTORE, restoreHorizon: Duration.days(90) },
  }));
  backup._recovery.addStorageClasses({ storageClassesWithin: (_store, days) => [...days > 7 ? ['STANDARD_IA'] : [], ...days > 30 ? ['GLACIER'] : []] });
  expect(chart.node.root.node.findAll().flatMap(construct => construct.node.validate()).join()).toContain(
    '\'objectives.clusterLoss.rto\' is 2 hours, but a restore after "clusterLoss" takes up to 5 hours 17 minutes 31 seconds from store "s3": 5 hours to thaw GLACIER, which a backup of up to 90 days can be in');
});

test('the alert on a missing backup comes when the objective is broken, not 12 hours later', () => {
  const backup = guide({ corruption: { rpo: Duration.hours(27) } });
  const rules = new BackupAlertRules(backup.node.scope!, 'alerts', { backups: [backup] }).prometheusRules[0].toJson().spec.groups[0].rules;
  expect(rules.find((rule: any) => rule.alert === 'BackupJobMissing' && rule.labels.severity === 'critical').expr).toMatch(/^\) > 97200$/m);
});
