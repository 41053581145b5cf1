import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Changes, redis, synth } from './_restore-job';
import { BackupCronJob, BackupSource, BackupStore, RestoreJob, RestoreMode, RestorePoint, RestoreWorkload, S3Credentials } from '../../../src';
import { newChart, objectsOf, props } from '../../synth';

describe('fails on', () => {
  const cases: [string, Changes, string][] = [
    ['a backup of another name', { restorePoint: RestorePoint.named('users_20261122_020000') }, '\'restorePoint\' must be a backup of "orders", got "users_20261122_020000": name one of those, or set \'backupName\''],
    ['no stores', { stores: [] }, '\'stores\' must have at least one store, got []'],
    ['a mode of another engine', { mode: RestoreMode.redisReplication() }, '\'mode\' is for redis, and the target is postgres: leave it out'],
    ['the label of a backup', { labels: { component: 'backup' } }, '\'labels\' must not be those of a backup, got {"component":"backup"}'],
    ['labels that include the backup\'s', chart => ({
      backup: new BackupCronJob(chart, 'b', props({ backupName: 'b', labels: { tier: 'safe' } })), labels: { tier: 'safe', also: 'this' },
    }), '\'labels\' must not be those of a backup'],
    ['53 characters', { cronJobName: 'a'.repeat(53) }, '\'cronJobName\' must be up to 52 lower-case letters'],
    ['the name of the backup', { cronJobName: 'db-backup' }, '"db-backup" of namespace "shop", which chart/db-backup makes too'],
    ['several jobs without a scratch volume', { mode: RestoreMode.postgresSwap({ parallelJobs: 2 }) }, '\'scratchSize\' is missing: several \'parallelJobs\' need the whole archive in a file'],
    ['all databases and none to restore', { target: BackupSource.postgres({ host: 'h', user: 'u', allDatabases: true }) }, '\'databaseName\' is missing: the backup has all databases'],
    ['a new database of the live one\'s name', { mode: RestoreMode.postgresNewDatabase('orders') }, '\'newName\' must be another name than that of the database, got "orders": to replace it, use RestoreMode.postgresSwap'],
    ['a workload twice', { workloads: ['web', 'web'].map(name => RestoreWorkload.fromDeploymentName(name)) }, '\'workloads\' has "Deployment web" twice'],
    ['a workload of another namespace', chart => ({
      workloads: [RestoreWorkload.deployment(new kplus.Deployment(new Chart(chart, 'other', { namespace: 'else' }), 'Web', { metadata: { name: 'web' }, containers: [{ image: 'w' }] }))],
    }), '\'workloads\' must be in the namespace of the restore, "shop", got Deployment "web" in "else"'],
    ['a health URL that is none', { healthUrl: 'web/health' }, '\'healthUrl\' must be a URL with http or https, got "web/health"'],
    ['a health URL with a password', { healthUrl: 'http://u:secret@web/' }, '\'healthUrl\' must not have credentials in it, got "http://…@web/"'],
    ['a deadline of seconds', { activeDeadline: Duration.seconds(30) }, '\'activeDeadline\' must be a whole number of seconds, at least 60 (a pod needs some time to start), got 30 seconds'],
    ['negative retries', { backoffLimit: -1 }, '\'backoffLimit\' must be a whole number from 0 to 100, got -1'],
    ['root', { user: 0 }, '\'user\' must be a whole number from 1 to 2147483647, got 0'],
    ['annotations for a service account of one\'s own', chart => ({
      serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'mine'),
      stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: 'r' } }) })],
    }), '\'serviceAccount\' is your own, "mine", and can\'t be given ["role"]'],
  ];

  test.each(cases)('%s', (_case, changes, message) => {
    expect(() => synth(changes)).toThrow(message);
  });

  test.each<[string, () => unknown, string]>([
    ['a file for a backup', () => RestorePoint.named('orders_20261122_020000.dump'), '\'backupId\' must be NAME_YYYYMMDD_HHMMSS, got "orders_20261122_020000.dump"'],
    ['a date that is none', () => RestorePoint.notAfter(new Date('x')), '\'time\' must be a date, got an invalid one'],
    ['a name of no object', () => RestoreWorkload.fromDeploymentName('Web_1'), '\'name\' must be that of an object of Kubernetes'],
    ['65 jobs', () => RestoreMode.postgresSwap({ parallelJobs: 65 }), '\'parallelJobs\' must be a whole number from 1 to 64, got 65'],
    ['room for nothing', () => RestoreMode.postgresSwap({ targetFreeSpace: Size.kibibytes(0) }), '\'targetFreeSpace\' must be more than nothing, got 0 bytes: leave it out where it is not known'],
    ['several jobs in one transaction', () => RestoreMode.postgresSwap({ singleTransaction: true, parallelJobs: 2 }), '\'singleTransaction\' can\'t be shared by several jobs: leave \'parallelJobs\' at 1, got 2'],
    ['an empty assertion', () => RestoreMode.postgresInPlace({ assertions: [' '] }), '\'assertions\' must be SQL that returns true, got " "'],
    ['a port of root', () => RestoreMode.redisReplication({ listenPort: 80 }), '\'listenPort\' must be a whole number from 1024 to 65535, got 80: the pod is not root'],
    ['no least number', () => RestoreMode.redisReplication({ assertions: [{ pattern: '*', atLeast: 0 }] }), '\'atLeast\' must be a whole number of at least 1, got 0'],
    ['a long database name', () => RestoreMode.postgresNewDatabase('a'.repeat(64)), '\'newName\' must be 1 to 63 bytes long'],
  ])('%s', (_case, make, message) => {
    expect(make).toThrow(message);
  });

  test('neither a backup nor a target, and neither a backup nor stores', () => {
    expect(() => new RestoreJob(newChart(), 'r', {})).toThrow('\'target\' is missing: give \'backup\'');
    expect(() => new RestoreJob(newChart(), 'r', { target: redis })).toThrow('\'stores\' is missing: give \'backup\'');
  });

  test('workloads without a namespace', () => {
    const chart = new Chart(new App(), 'c');
    expect(() => new RestoreJob(chart, 'r', { target: redis, stores: props().stores, workloads: [RestoreWorkload.fromDeploymentName('web')] }))
      .toThrow('\'workloads\' need the namespace of the chart, got none for Deployment "web"');
  });

  test('two restores of one name', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ schedule: Cron.daily() }));
    for (const id of ['one', 'two']) new RestoreJob(chart, id, { backup, cronJobName: 'db-restore' });
    expect(() => objectsOf(chart)).toThrow('\'cronJobName\' "db-restore" makes ServiceAccount, CronJob and NetworkPolicy "db-restore" of namespace "shop", which chart/one makes too');
  });
});
