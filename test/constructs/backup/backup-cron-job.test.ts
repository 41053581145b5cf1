import { ApiObject, App, Chart, Cron, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupCronJobProps, BackupSource, BackupStore, Compression, Retention, S3Credentials } from '../../../src';
import { PERMANENT } from '../../../src/contract/exit-code';
import { configOf, cronJobOf, newChart, objectsOf, podOf, props, synth } from '../../synth';

describe('defaults', () => {
  const objects = synth();
  const { spec } = cronJobOf(objects);

  test('have not changed', () => {
    expect(objects).toMatchSnapshot();
  });

  test('run one at a time, in a zone that is always written', () => {
    expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Etc/UTC', schedule: '0 2 * * *', suspend: false });
  });

  test('survive a long outage of the controller without losing a night', () => {
    expect(spec.startingDeadlineSeconds).toBe(6 * 3600);
  });

  test('give the runner the time to report that its deadline has passed', () => {
    expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBe(6 * 3600);
    expect(configOf(objects).activeDeadlineSeconds).toBe(6 * 3600 - 60);
  });

  test('retry what a retry can mend, and nothing else', () => {
    expect(spec.jobTemplate.spec).toMatchObject({
      backoffLimit: 2,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { containerName: 'backup', operator: 'In', values: PERMANENT } },
        ],
      },
    });
    expect(podOf(objects)).toMatchObject({ restartPolicy: 'Never', containers: [{ name: 'backup' }] });
  });

  test('label the CronJob, its Jobs and their pods', () => {
    expect(cronJobOf(objects).metadata.labels).toMatchObject({ component: 'backup' });
    expect(spec.jobTemplate.metadata.labels).toMatchObject({ component: 'backup' });
    expect(spec.jobTemplate.spec.template.metadata.labels).toMatchObject({ component: 'backup' });
  });

  test('use the image of the same release', () => {
    expect(podOf(objects).containers[0]).toMatchObject({ image: 'cdk8s-backup-runner:0.1.0', args: ['backup'], imagePullPolicy: 'IfNotPresent' });
    expect(podOf(objects).containers[0]).not.toHaveProperty('command');
  });

  test('have a service account without rights and without a token', () => {
    expect(objects.find(object => object.kind === 'ServiceAccount')).toMatchObject({ metadata: { name: 'db-backup' }, automountServiceAccountToken: false });
    expect(podOf(objects)).toMatchObject({ serviceAccountName: 'db-backup', automountServiceAccountToken: false, enableServiceLinks: false });
  });

  test('leave CPU unlimited', () => {
    expect(podOf(objects).containers[0].resources).toEqual({ requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } });
  });
});

test('every property shows up where it belongs', () => {
  const objects = synth(chart => ({
    schedule: Cron.schedule({ minute: '*/30' }),
    timeZone: 'Europe/Berlin',
    backupName: 'orders-v2',
    cronJobName: 'orders-backup',
    retention: Retention.of({ age: Duration.days(2), count: 10, keepAtLeast: 5 }),
    compression: Compression.gzip(9),
    suspectBelowPercent: 0,
    labels: { 'app.kubernetes.io/part-of': 'shop' },
    image: 'registry.example/runner@sha256:abc',
    imagePullPolicy: kplus.ImagePullPolicy.ALWAYS,
    imagePullSecret: kplus.Secret.fromSecretName(chart, 'Registry', 'registry-login'),
    resources: { memory: { request: Size.mebibytes(64) } },
    activeDeadline: Duration.minutes(20),
    startingDeadline: Duration.minutes(10),
    backoffLimit: 0,
    successfulJobsRetained: 1,
    failedJobsRetained: 2,
    serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'backup'),
    priorityClassName: 'high',
    scratchSize: Size.mebibytes(512),
    terminationGracePeriod: Duration.seconds(10),
    user: 1000,
    group: 1001,
    fsGroup: 1002,
    stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
  }));

  expect(objects).toMatchSnapshot();
  expect(objects.some(object => object.kind === 'ServiceAccount')).toBe(false);
});

test('labels that are given replace the recommended ones', () => {
  const { metadata } = cronJobOf(synth({ labels: { 'app.kubernetes.io/part-of': 'shop' } }));
  expect(metadata.labels).toEqual({
    'app.kubernetes.io/name': 'cdk8s-backup',
    'app.kubernetes.io/instance': 'db-backup',
    'app.kubernetes.io/component': 'backup',
    'app.kubernetes.io/part-of': 'shop',
    'app.kubernetes.io/managed-by': 'cdk8s',
  });
});

test('on demand, the CronJob is a suspended template, by which no application of Argo CD is judged', () => {
  const { metadata, spec } = cronJobOf(synth({ onDemand: true }));
  expect(metadata.annotations).toEqual({ 'argocd.argoproj.io/ignore-healthcheck': 'true' });
  expect(cronJobOf(synth()).metadata).not.toHaveProperty('annotations');
  expect(spec).toMatchObject({ suspend: true, schedule: '0 0 1 1 *' });
  expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBe(6 * 3600);
});

test.each([
  [Cron.hourly(), 3600],
  [Cron.schedule({ minute: '*/5' }), 300],
  [Cron.weekly(), 6 * 3600],
])('deadlines follow the schedule: %j', (schedule, seconds) => {
  const { spec } = cronJobOf(synth({ schedule }));
  expect(spec.startingDeadlineSeconds).toBe(seconds);
  expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBe(seconds);
});

test.each([
  ['db-backup', 'db-backup'], ['DbBackup', 'db-backup'], ['PGBackup2', 'pg-backup2'], ['nightly_orders', 'nightly-orders'],
])('the construct %s is the CronJob %s', (id, name) => {
  expect(cronJobOf(synth({}, id)).metadata.name).toBe(name);
});

test('a claim is given to the group of the pod', () => {
  expect(podOf(synth()).securityContext).not.toHaveProperty('fsGroup');
  expect(podOf(synth({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] })).securityContext).toMatchObject({ fsGroup: 10001 });
});

test('what it does not cover can be said through its children', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props());
  backup.cronJob.scheduling.tolerate(kplus.Node.tainted(kplus.NodeTaintQuery.exists('spot')));
  ApiObject.of(backup.cronJob).addJsonPatch(JsonPatch.add('/spec/jobTemplate/spec/template/spec/runtimeClassName', 'gvisor'));

  const pod = podOf(objectsOf(chart));
  expect(pod).toMatchObject({ tolerations: [{ key: 'spot', operator: 'Exists' }], runtimeClassName: 'gvisor', enableServiceLinks: false });
});

describe('fails on', () => {
  const cases: [string, Partial<BackupCronJobProps>, string][] = [
    ['no stores', { stores: [] }, '\'stores\' must have at least one store, got []'],
    ['two stores of one name', { stores: ['a-bucket', 'b-bucket'].map(bucketName => BackupStore.s3({ bucketName, region: 'x' })) },
      '\'stores\' must have different names, got ["s3","s3"]: set \'storeName\''],
    ['a Pushgateway that is no URL', { pushgatewayUrl: 'pushgateway:9091' }, '\'pushgatewayUrl\' must be a URL with http or https, got "pushgateway:9091"'],
    ['a Pushgateway with a password', { pushgatewayUrl: 'http://u:pw@gateway' }, '\'pushgatewayUrl\' must not have credentials in it, got "http://…@gateway"'],
    ['two stores at one place', { stores: ['a', 'b'].map(storeName => BackupStore.s3({ storeName, bucketName: 'bucket', region: 'x' })) },
      '\'stores\' must be different places, got "b" at s3 aws bucket/'],
    ['a schedule and on demand', { onDemand: true, schedule: Cron.daily() }, '\'schedule\' and \'onDemand\' exclude each other, got "0 0 * * *" and true'],
    ['neither', { schedule: undefined }, '\'schedule\' is missing: say when to run, or set \'onDemand\''],
    ['on demand: false', { onDemand: false }, '\'schedule\' is missing'],
    ['fields out of range', { schedule: Cron.schedule({ minute: '99', hour: 'zz' }) },
      '\'schedule\' must be a cron expression that Kubernetes reads, got "99 zz * * *": minute 99 is not from 0 to 59'],
    ['words for numbers', { schedule: Cron.schedule({ minute: '0', hour: 'zz' }) }, 'got "0 zz * * *": hour "zz" is not a number'],
    ['a step of 0', { schedule: Cron.schedule({ minute: '*/0' }) }, 'step of minute "*/0" is 0'],
    ['a reversed range', { schedule: Cron.schedule({ minute: '0', hour: '5-1' }) }, 'hour "5-1" is reversed'],
    ['6 fields', { schedule: Cron.schedule({ minute: '0 0', hour: '2' }) }, 'it has 6 fields instead of the five'],
    ['Sunday as 7', { schedule: Cron.schedule({ minute: '0', hour: '2', weekDay: '7' }) }, 'Sunday is 0'],
    ['30 February', { schedule: Cron.schedule({ minute: '0', hour: '2', day: '30', month: '2' }) }, '\'schedule\' never runs, got "0 2 30 2 *": there is no such day'],
    ['a deadline longer than the interval', { schedule: Cron.hourly(), activeDeadline: Duration.hours(2) },
      '\'activeDeadline\' must not exceed the shortest time between two runs, 1 hour, got 2 hours: it would swallow the next run'],
    ['a deadline longer than the shortest interval', { schedule: Cron.schedule({ minute: '0', hour: '2,3' }), activeDeadline: Duration.hours(2) }, '1 hour, got 2 hours'],
    ['a deadline of seconds', { activeDeadline: Duration.seconds(59) }, '\'activeDeadline\' must be a whole number of seconds, at least 60 (a pod needs some time to start), got 59 seconds'],
    ['a starting deadline that the controller misses', { startingDeadline: Duration.seconds(9) }, '\'startingDeadline\' must be a whole number of seconds, at least 10'],
    ['a starting deadline beyond the next run', { schedule: Cron.hourly(), startingDeadline: Duration.hours(2) }, '\'startingDeadline\' must not exceed the shortest time'],
    ['a lock timeout beyond the deadline', {
      source: BackupSource.postgres({ host: 'h', databaseName: 'd', user: 'u', lockTimeout: Duration.hours(7) }),
    }, '\'lockTimeout\' must be less than the time that a run has, 5 hours 59 minutes, got 7 hours'],
    ['an unknown time zone', { timeZone: 'europe/berlin' }, '\'timeZone\' must be a name of the IANA database such as "Europe/Berlin" or "Etc/UTC", got "europe/berlin": did you mean "Europe/Berlin"?'],
    ['a name with dots', { backupName: 'a.b' }, '\'backupName\' must be 1 to 63 letters, digits, "_" or "-", the first a letter or digit, got "a.b"'],
    ['a database without a usable name', { source: BackupSource.postgres({ host: 'h', databaseName: '…', user: 'u' }) }, 'set \'backupName\''],
    ['53 characters', { cronJobName: 'a'.repeat(53) }, `'cronJobName' must be up to 52 lower-case letters, digits and "-", with a letter or digit at both ends, got "${'a'.repeat(53)}" with 53`],
    ['a name that is no DNS label', { cronJobName: 'DB_backup' }, '\'cronJobName\' must be up to 52 lower-case letters'],
    ['a name with a dash at its end', { cronJobName: 'db-' }, '\'cronJobName\' must be up to 52'],
    ['a share above 100 %', { suspectBelowPercent: 101 }, '\'suspectBelowPercent\' must be a whole number from 0 to 100, got 101'],
    ['a share below 0 %', { suspectBelowPercent: -1 }, '\'suspectBelowPercent\' must be a whole number from 0 to 100, got -1'],
    ['a share that is no number', { suspectBelowPercent: NaN }, '\'suspectBelowPercent\' must be a whole number'],
    ['negative retries', { backoffLimit: -1 }, '\'backoffLimit\' must be a whole number from 0 to 100, got -1'],
    ['half a Job', { failedJobsRetained: 0.5 }, '\'failedJobsRetained\' must be a whole number from 0 to 1000, got 0.5'],
    ['root', { user: 0 }, '\'user\' must be a whole number from 1 to 2147483647, got 0: 0 is root'],
    ['the group of root', { group: 0 }, '\'group\' must be'],
    ['no time to abort uploads', { terminationGracePeriod: Duration.seconds(5) }, '\'terminationGracePeriod\' must be a whole number of seconds, at least 6 (the runner needs 5 to abort its uploads), got 5 seconds'],
    ['a tiny scratch volume', { scratchSize: Size.mebibytes(15) }, '\'scratchSize\' must be a whole number of MiB, at least 16, got 15Mi'],
    ['a URL for an image', { image: 'https://registry.example/runner' }, '\'image\' must be the name of an image'],
    ['a label that Kubernetes refuses', { labels: { component: 'the backup' } }, '\'labels\' has a value that Kubernetes refuses, "component": "the backup"'],
    ['a label key that Kubernetes refuses', { labels: { 'a b': 'c' } }, '\'labels\' has a key that Kubernetes refuses, "a b"'],
    ['two identities', {
      stores: ['one', 'two'].map(storeName => BackupStore.s3({
        storeName, bucketName: `${storeName}-bucket`, region: 'x', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: storeName } }),
      })),
    }, '\'serviceAccountAnnotations\' of two stores differ in "role", got "one" and "two"'],
  ];

  test.each(cases)('%s', (_case, changes, message) => {
    expect(() => synth(changes)).toThrow(message);
  });

  test('an id that is no name', () => {
    expect(() => synth({}, 'Ünïque')).toThrow('it comes from the construct\'s id "Ünïque", set \'cronJobName\'');
  });

  test('annotations for a service account of one\'s own', () => {
    expect(() => synth(chart => ({
      serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'mine'),
      stores: [BackupStore.s3({
        bucketName: 'bucket', region: 'x', credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { role: 'r' } }),
      })],
    }))).toThrow('\'serviceAccount\' is your own, "mine", and can\'t be given ["role"]');
  });
});

describe('two backups of one app', () => {
  test('may share a store under different names', () => {
    const chart = newChart();
    const stores = [BackupStore.volume({ size: Size.gibibytes(20) })];
    new BackupCronJob(chart, 'one', props({ stores }));
    new BackupCronJob(chart, 'two', props({ stores, backupName: 'two' }));

    expect(objectsOf(chart).filter(object => object.kind === 'PersistentVolumeClaim')).toHaveLength(1);
  });

  test('may have one name in different stores', () => {
    const chart = newChart();
    for (const prefix of ['one', 'two']) {
      new BackupCronJob(chart, prefix, props({ stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x', prefix })] }));
    }
    expect(() => objectsOf(chart)).not.toThrow();
  });

  test.each<[string, (chart: Chart) => BackupStore, string]>([
    ['bucket', () => BackupStore.s3({ bucketName: 'bucket', region: 'x', prefix: 'p' }), 's3 aws bucket/p/orders'],
    ['claim', chart => BackupStore.fromClaim(kplus.PersistentVolumeClaim.fromClaimName(chart, `Claim${chart.node.children.length}`, 'disk')), 'claim shop/disk/orders'],
  ])('fails on one name in one %s', (_case, store, location) => {
    const chart = newChart();
    for (const id of ['one', 'two']) new BackupCronJob(chart, id, props({ stores: [store(chart)] }));

    expect(() => objectsOf(chart)).toThrow(`'backupName' "orders" is that of chart/one too, and both write to ${location}: give one of them another name, or another prefix`);
  });

  test('fails on one name in one store of two charts', () => {
    const app = new App();
    for (const id of ['one', 'two']) new BackupCronJob(new Chart(app, id, { namespace: id }), 'db-backup', props());

    expect(() => app.synthYaml()).toThrow('\'backupName\' "orders" is that of one/db-backup too');
  });

  test('fails on one CronJob in one namespace', () => {
    const app = new App();
    for (const id of ['one', 'two']) new BackupCronJob(new Chart(app, id), 'db-backup', props({ backupName: id }));

    expect(() => app.synthYaml()).toThrow('"db-backup" of namespace "default", which one/db-backup makes too');
  });
});
