import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import {
  BackupBucketLifecycle, BackupCronJob, BackupCronJobProps, BackupStore, LifecycleStorageClass, RecoveryObjectives, RecoveryScenario, RestoreJob,
  Retention, S3Credentials, S3StorageClass, StoreLocation,
} from '../../../src';
import { newChart, objectsOf, props, synth } from '../../synth';

const NIGHTLY = Cron.schedule({ minute: '0', hour: '2' });
const DEADLINES = { activeDeadline: Duration.hours(1), startingDeadline: Duration.hours(1) };
const RESTORE = { backupSize: Size.gibibytes(6), downloadPerSecond: Size.mebibytes(100), restorePerSecond: Size.mebibytes(20) };
const VOLUME = BackupStore.volume({ size: Size.gibibytes(100) });
const MINIO = { bucketName: 'shop-backups', region: 'us-east-1', storeName: 'minio' };

function withObjectives(objectives: RecoveryObjectives, changes: Partial<BackupCronJobProps> = {}): () => unknown {
  return () => synth({ ...DEADLINES, objectives, ...changes });
}

function backup(objectives: RecoveryObjectives | undefined, changes: Partial<BackupCronJobProps> = {}): BackupCronJob {
  return new BackupCronJob(newChart(), 'db-backup', props({ ...DEADLINES, objectives, ...changes }));
}

describe('the recovery point', () => {
  test('is held by gap, late start and long run together, to the second', () => {
    expect(withObjectives({ corruption: { rpo: Duration.hours(26) } })).not.toThrow();
    expect(withObjectives({ corruption: { rpo: Duration.seconds(26 * 3600 - 1) } })).toThrow(
      '\'objectives.corruption.rpo\' is 1 day 1 hour 59 minutes 59 seconds, but the newest backup can be 1 day 2 hours old: ' +
      '1 day from run to run ("0 2 * * *" in "Etc/UTC", as from 2026-01-01T02:00Z to 2026-01-02T02:00Z) + 1 hour \'startingDeadline\' + 1 hour \'activeDeadline\'; ' +
      'run more often, shorten the deadlines, or promise 1 day 2 hours');
  });

  test('is 47 hours where the clock skips the run', () => {
    expect(withObjectives({ corruption: { rpo: Duration.hours(26) } }, { timeZone: 'Europe/Berlin' })).toThrow(
      'the newest backup can be 2 days 1 hour old: 1 day 23 hours from run to run ("0 2 * * *" in "Europe/Berlin", as from 2026-03-28T01:00Z to 2026-03-30T00:00Z)');
  });

  test('is what all scenarios have that have none of their own', () => {
    expect(withObjectives({ rpo: Duration.hours(1), nodeLoss: {} })).toThrow('\'objectives.rpo\' is 1 hour, but');
    expect(withObjectives({ rpo: Duration.hours(1), nodeLoss: { rpo: Duration.hours(30) } })).not.toThrow();
  });

  test('can\'t be nothing', () => {
    expect(withObjectives({ nodeLoss: { rpo: Duration.seconds(0) } })).toThrow(
      'a backup can\'t promise to lose nothing, that is what replication is for: leave the scenario out');
  });

  test('is known for @every, which has no time of the calendar', () => {
    expect(withObjectives({ corruption: { rpo: Duration.hours(1) } }, { schedule: new Cron({ minute: '@every', hour: '90m', day: '', month: '', weekDay: '' }) })).toThrow();
  });
});

describe('the recovery time', () => {
  const regionLoss = { rto: Duration.hours(1) };

  test('is preparation, download, restore and slack', () => {
    const objectives = { restore: RESTORE, clusterLoss: { rto: Duration.seconds(62 + 308 + 600 + 1200), preparation: Duration.minutes(20) } };
    expect(withObjectives(objectives)).not.toThrow();
    expect(withObjectives({ ...objectives, clusterLoss: { rto: Duration.minutes(30), preparation: Duration.minutes(20) } })).toThrow(
      '\'objectives.clusterLoss.rto\' is 30 minutes, but a restore after "clusterLoss" takes up to 36 minutes 10 seconds from store "s3": ' +
      '20 minutes of preparation + 1 minute 2 seconds to download 6Gi at 100Mi a second + 5 minutes 8 seconds to restore it at 20Mi a second + 10 minutes \'slack\'; ' +
      'make the restore faster, or promise 36 minutes 10 seconds');
  });

  test('counts two downloads where the scratch volume of a restore has no room for the backup, which is then read twice', () => {
    const restoring = (scratch: Size | undefined, rtoSeconds: number) => {
      const chart = newChart();
      const job = new BackupCronJob(chart, 'db-backup', props({ ...DEADLINES, objectives: { restore: RESTORE, corruption: { rto: Duration.seconds(rtoSeconds) } } }));
      new RestoreJob(chart, 'db-restore', { backup: job, scratchSize: scratch });
      return { chart, job };
    };
    const [once, twice] = [62 + 308 + 600, 2 * 62 + 308 + 600];
    const enough = Size.mebibytes(6 * 1024 + 16);
    expect(() => objectsOf(restoring(enough, once).chart)).not.toThrow();
    expect(() => objectsOf(restoring(undefined, twice).chart)).not.toThrow();
    expect(restoring(undefined, twice).job.recoveryReport().scenarios[0].stores[0].totalSeconds).toBe(twice);
    expect(() => objectsOf(restoring(undefined, twice - 1).chart)).toThrow(
      '2 minutes 4 seconds to download 6Gi twice at 100Mi a second + 5 minutes 8 seconds to restore it at 20Mi a second + 10 minutes \'slack\'; ' +
      'give chart/db-restore a \'scratchSize\' of 6160Mi or more, for the backup does not fit into its 1Gi and is read twice, make the restore faster, or promise 17 minutes 12 seconds');
    expect(() => objectsOf(restoring(Size.mebibytes(6 * 1024 + 15), once).chart)).toThrow('does not fit into its 6159Mi and is read twice');
  });

  test('needs to know how fast a restore is', () => {
    expect(withObjectives({ corruption: { rto: Duration.hours(1) } })).toThrow('\'objectives.restore\' is missing, and \'objectives.corruption.rto\' can\'t be checked without it');
  });

  test('waits for a lost node, since Kubernetes does', () => {
    expect(withObjectives({ restore: { ...RESTORE, slack: Duration.seconds(0) }, nodeLoss: { rto: Duration.minutes(5) } })).toThrow('12 minutes of preparation + ');
  });

  test('counts what the lifecycle of a bucket does to backups inside the restore horizon', () => {
    const chart = newChart();
    const job = new BackupCronJob(chart, 'db-backup', props({
      ...DEADLINES, retention: Retention.days(90), objectives: { corruption: regionLoss, restore: RESTORE, restoreHorizon: Duration.days(45) },
    }));
    expect(chart.node.root.node.findAll().flatMap(construct => construct.node.validate())).toEqual([]);
    job._recovery.addStorageClasses({ storageClassesWithin: (store, days) => store === 's3' && days > 30 ? ['STANDARD_IA', 'GLACIER'] : [] });
    expect(() => (chart.node.root as App).synthYaml()).toThrow(
      'is 1 hour, but a restore after "corruption" takes up to 5 hours 16 minutes 10 seconds from store "s3": 5 hours to thaw GLACIER, which a backup of up to 45 days can be in + ');
    expect(job.recoveryReport().scenarios[0].stores[0]).toMatchObject({ storageClasses: ['STANDARD', 'STANDARD_IA', 'GLACIER'], retrievalSeconds: 18_000 });
  });

  test('is that of the fastest store that is left', () => {
    const job = backup({ corruption: regionLoss, restore: RESTORE }, { stores: [VOLUME, BackupStore.s3(MINIO)] });
    job._recovery.addStorageClasses({ storageClassesWithin: store => store === 'minio' ? ['DEEP_ARCHIVE'] : [] });
    expect(job._recovery.problems()).toEqual([]);
  });
});

test('the recovery time counts the thaw of a backup that is as old as late runs make it', () => {
  const chart = newChart();
  const bucket = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
  // 72 hours of notice and 24 from run to run are 4 days, and 7 hours more with late runs.
  const objectives = { corruption: { rto: Duration.hours(1) }, restore: RESTORE, alertDelay: Duration.seconds(0) };
  const job = new BackupCronJob(chart, 'db-backup', props({ stores: [bucket], objectives, startingDeadline: Duration.hours(6), activeDeadline: Duration.hours(1) }));
  const rules = [{ id: 'x', objectSizeGreaterThan: Size.kibibytes(128), transitions: [{ storageClass: LifecycleStorageClass.GLACIER, transitionAfter: Duration.days(4) }] }];
  new BackupBucketLifecycle(chart, 'lifecycle', { store: bucket, rules });
  expect(job._recovery.problems()).toEqual([expect.stringContaining('5 hours to thaw GLACIER, which a backup of up to 5 days can be in')]);
});

test('the loss of a zone is not survived by what a lifecycle moves into one zone before anybody restores', () => {
  const chart = newChart();
  const bucket = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
  const job = new BackupCronJob(chart, 'db-backup', props({ ...DEADLINES, stores: [bucket], objectives: { zoneLoss: { rpo: Duration.hours(26) }, restoreHorizon: Duration.days(60) } }));
  expect(job._recovery.problems()).toEqual([]);
  const rules = [{ id: 'x', transitions: [{ storageClass: LifecycleStorageClass.ONE_ZONE_INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }] }];
  new BackupBucketLifecycle(chart, 'lifecycle', { store: bucket, rules });
  expect(job._recovery.problems()).toEqual([expect.stringContaining(
    '\'objectives.zoneLoss\' needs a store that is still there, got "s3" in one zone of region "eu-central-1" (ONEZONE_IA, which a backup of up to 60 days can be in)')]);
  expect(job.recoveryReport().scenarios[0].stores[0]).toMatchObject({ survives: false });
});

describe('a scenario', () => {
  const aws = (region?: string) => BackupStore.s3({ bucketName: 'shop-backups', region, storageClass: S3StorageClass.STANDARD });
  const oneZone = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', storageClass: S3StorageClass.ONE_ZONE_INFREQUENT_ACCESS });
  const inCluster = BackupStore.s3({ ...MINIO, endpoint: 'http://minio.storage.svc:9000' });
  const somewhere = BackupStore.s3({ ...MINIO, endpoint: 'https://minio.example.com' });
  const local = BackupStore.volume({ size: Size.gibibytes(1), location: StoreLocation.NODE });
  const zone = BackupStore.s3({ ...MINIO, endpoint: 'https://minio.example.com', location: StoreLocation.zone('eu-central-1', 'eu-central-1b') });
  const cluster = { region: 'eu-central-1', zones: ['eu-central-1a'] };

  test.each<[keyof RecoveryObjectives & `${RecoveryScenario}`, string, BackupStore, RecoveryObjectives['cluster']]>([
    ['corruption', 'a local volume', local, undefined],
    ['nodeLoss', 'a volume', VOLUME, undefined],
    ['clusterLoss', 'S3, in any region', aws(), undefined],
    ['zoneLoss', 'S3 in the same region', aws('eu-central-1'), cluster],
    ['zoneLoss', 'another zone', zone, cluster],
    ['regionLoss', 'another region', aws('eu-west-1'), cluster],
    ['clusterLoss', 'a zone', zone, cluster],
  ])('%s is survived by %s', (scenario, _what, store, where) => {
    expect(withObjectives({ [scenario]: { rpo: Duration.hours(26) }, cluster: where }, { stores: [store] })).not.toThrow();
  });

  test.each<[keyof RecoveryObjectives & `${RecoveryScenario}`, BackupStore, RecoveryObjectives['cluster'], string]>([
    ['nodeLoss', local, undefined, '"volume" on a node: add one that is not on a node'],
    ['clusterLoss', VOLUME, undefined, '"volume" in the cluster: add one outside of the cluster'],
    ['clusterLoss', inCluster, undefined, '"minio" in the cluster: add one outside of the cluster'],
    ['clusterLoss', somewhere, undefined, '"minio" who knows where: say the \'location\' of the store'],
    ['zoneLoss', VOLUME, cluster, '"volume" in the cluster: add one in several zones or in another one'],
    ['zoneLoss', oneZone, cluster, '"s3" in one zone of region "eu-central-1": say the zone of the store, in its \'location\''],
    ['zoneLoss', zone, undefined, '"minio" in zone "eu-central-1b" of region "eu-central-1": say \'cluster.zones\' of the objectives'],
    ['zoneLoss', zone, { zones: ['eu-central-1b'] }, '"minio" in zone "eu-central-1b" of region "eu-central-1": add one in several zones'],
    ['regionLoss', aws('eu-central-1'), cluster, '"s3" in region "eu-central-1": add one in another region'],
    ['regionLoss', aws('eu-central-1'), undefined, '"s3" in region "eu-central-1": say \'cluster.region\' of the objectives'],
    ['regionLoss', aws(), cluster, '"s3" in AWS: say the \'region\' of the store'],
  ])('%s is not survived by %#', (scenario, store, where, message) => {
    expect(withObjectives({ [scenario]: { rpo: Duration.hours(26) }, cluster: where }, { stores: [store] })).toThrow(
      `'objectives.${scenario}' needs a store that is still there, got ${message}`);
  });

  test('promises something, or fails', () => {
    expect(withObjectives({ corruption: {} })).toThrow('\'objectives.corruption\' promises nothing: give it an \'rpo\' or an \'rto\'');
    expect(withObjectives({ alertDelay: Duration.hours(1) })).toThrow('\'objectives\' promise nothing: give at least one of "corruption", "nodeLoss"');
  });
});

describe('retention', () => {
  const objectives = { corruption: { rpo: Duration.hours(26) } };

  test('reaches back to before the damage when somebody acts', () => {
    expect(withObjectives(objectives, { retention: Retention.days(3) })).toThrow(
      '\'retention\' keeps backups for 3 days, but the last good one is 4 days 3 hours old when somebody acts: 1 hour \'alertDelay\' + 3 days \'humanDelay\' + 1 day from run to run + ' +
      '1 hour \'startingDeadline\' + 1 hour \'activeDeadline\'; ' +
      'keep them longer, or shorten the delays if you can');
    expect(withObjectives(objectives, { retention: Retention.hours(98) })).toThrow('keeps backups for 4 days 2 hours, but the last good one is 4 days 3 hours old');
    expect(withObjectives(objectives, { retention: Retention.hours(99) })).not.toThrow();
  });

  test('reaches back further where runs may begin late: the backup from before the damage is still there', () => {
    const late = { startingDeadline: Duration.hours(6), activeDeadline: Duration.hours(1) };
    const promise = { corruption: { rpo: Duration.hours(31) } };
    expect(withObjectives(promise, { ...late, retention: Retention.hours(97) })).toThrow('1 day from run to run + 6 hours \'startingDeadline\' + 1 hour \'activeDeadline\'');
    expect(withObjectives(promise, { ...late, retention: Retention.hours(103) })).toThrow('keeps backups for 4 days 7 hours, but the last good one is 4 days 8 hours old');
    expect(withObjectives(promise, { ...late, retention: Retention.hours(104) })).not.toThrow();
  });

  test('is as long as two gaps', () => {
    const quick = { ...objectives, alertDelay: Duration.minutes(5), humanDelay: Duration.minutes(10) };
    expect(withObjectives(quick, { retention: Retention.hours(47, { keepAtLeast: 1 }) })).toThrow('which is less than twice the 1 day from run to run');
    expect(withObjectives(quick, { retention: Retention.hours(48, { keepAtLeast: 1 }) })).not.toThrow();
  });

  test('is as long as the horizon', () => {
    expect(withObjectives({ ...objectives, restoreHorizon: Duration.days(30) }, { retention: Retention.days(29) })).toThrow(
      'less than the \'restoreHorizon\' of 30 days');
  });

  test('counts backups, the newest of which was made just now', () => {
    expect(withObjectives(objectives, { retention: Retention.newest(5) })).toThrow('\'retention\' keeps backups for 4 days, but');
    expect(withObjectives(objectives, { retention: Retention.newest(6) })).not.toThrow();
  });

  test('counts periods, of which the last one has just begun, and what lies between two of them', () => {
    // A backup of a day is there for 5 days at least, and the next one is a day away.
    expect(withObjectives(objectives, { retention: Retention.of({ daily: 6 }) })).not.toThrow();
    expect(withObjectives(objectives, { retention: Retention.of({ daily: 5 }) })).toThrow('\'retention\' keeps backups for 4 days, but the last good one is 4 days 3 hours old');
    const year = Retention.of({ daily: 7, monthly: 12 });
    expect(withObjectives({ ...objectives, restoreHorizon: Duration.days(300) }, { retention: year })).not.toThrow();
    expect(withObjectives({ ...objectives, restoreHorizon: Duration.days(335) }, { retention: year })).toThrow('\'retention\' keeps backups for 331 days, less than');
  });

  test('is held to the recovery point: what is thinned out before anybody notices is lost', () => {
    const hourly = { schedule: Cron.hourly(), activeDeadline: Duration.minutes(30), startingDeadline: Duration.minutes(30) };
    const promise = { corruption: { rpo: Duration.hours(2) } };
    const thinned = Retention.of({ hourly: 24, daily: 7 });
    expect(withObjectives(promise, { ...hourly, retention: thinned })).toThrow(
      '\'objectives.corruption.rpo\' is 2 hours, but damage is noticed up to 3 days 1 hour later, and of backups that old \'retention\' keeps "7 daily" only: ' +
      '1 day 1 hour from one to the next + 30 minutes \'startingDeadline\' + 30 minutes \'activeDeadline\'; keep all of them for 3 days 3 hours with \'age\', or promise 1 day 2 hours');
    expect(withObjectives(promise, { ...hourly, retention: Retention.of({ age: Duration.hours(75), daily: 7 }) })).not.toThrow();
    expect(withObjectives({ corruption: { rpo: Duration.hours(26) } }, { ...hourly, retention: thinned })).not.toThrow();
    // A node that is lost is noticed at once.
    expect(withObjectives({ nodeLoss: { rpo: Duration.hours(2) } }, { ...hourly, retention: thinned })).not.toThrow();
  });
});

test('objectives need a schedule', () => {
  expect(() => synth({ onDemand: true, objectives: { corruption: { rpo: Duration.hours(26) } } })).toThrow('\'objectives\' need a schedule, got \'onDemand\'');
});

test('fails on durations that are none', () => {
  expect(withObjectives({ corruption: { rpo: Duration.millis(1500) } })).toThrow('\'objectives.corruption.rpo\' must be a whole number of seconds');
  expect(withObjectives({ corruption: { rto: Duration.hours(1) }, restore: { ...RESTORE, restorePerSecond: Size.kibibytes(0) } })).toThrow(
    '\'objectives.restore.restorePerSecond\' must be more than nothing');
});

describe('the report', () => {
  test('has everything that was checked', () => {
    expect(backup({ rpo: Duration.hours(26), corruption: { rto: Duration.hours(1) }, clusterLoss: {}, restore: RESTORE }, {
      stores: [VOLUME, BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })], retention: Retention.days(7),
    }).recoveryReport()).toMatchSnapshot();
  });

  test('is there without objectives, and on demand', () => {
    expect(backup(undefined).recoveryReport()).toMatchObject({ worstDataAgeSeconds: 26 * 3600, scenarios: [] });
    expect(new BackupCronJob(newChart(), 'x', props({ onDemand: true })).recoveryReport()).toMatchObject({ scenarios: [], activeDeadlineSeconds: 21_600 });
  });
});

describe('warns', () => {
  test.each<[string, Partial<BackupCronJobProps>, RegExp[]]>([
    ['nobody', {}, []],
    ['of runs that are left out or doubled', { timeZone: 'Europe/Berlin' }, [/falls into the hour that the clock skips.*1 day 23 hours from 2026-03-28T01:00Z/, /falls into the hour that comes twice.*1 hour apart/]],
    ['nobody where the run is beside the hour', { timeZone: 'Europe/Berlin', schedule: Cron.schedule({ minute: '0', hour: '4' }) }, []],
    ['nobody of hourly runs', { timeZone: 'Europe/Berlin', schedule: Cron.hourly() }, []],
    ['of keys that are lost with the cluster', { objectives: { clusterLoss: { rpo: Duration.hours(26) } } }, [/^the keys to store "s3" are in the Secret "backup-secrets", which is lost with the cluster/]],
    ['nobody of keys that are not there', {
      objectives: { clusterLoss: { rpo: Duration.hours(26) } },
      stores: [BackupStore.s3({ ...MINIO, credentials: S3Credentials.workloadIdentity() })],
    }, []],
  ])('%s', (_what, changes, messages) => {
    const job = new BackupCronJob(new Chart(new App(), 'chart'), 'db-backup', props({ schedule: NIGHTLY, ...changes.schedule ? {} : DEADLINES, ...changes }));
    const { warnings } = job.recoveryReport();
    expect(warnings).toHaveLength(messages.length);
    messages.forEach((message, i) => expect(warnings[i]).toMatch(message));
  });
});
