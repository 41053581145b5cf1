import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import {
  BackupCronJob, BackupCronJobProps, BackupExporter, BackupExporterProps, BackupSource, BackupStore, RestoreDrill,
  RestoreJob, RestoreTrigger, S3Credentials,
} from '../../../src';
import { CONFIG_ENV, ExporterConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { newChart, objectsOf, props } from '../../synth';

type Changes = Partial<BackupExporterProps> | ((chart: Chart, backup: BackupCronJob) => Partial<BackupExporterProps>);

/** The objects of an exporter; those of the backup that it watches are left out. */
function synth(changes: Changes = {}, backupProps: Partial<BackupCronJobProps> = {}, chart = newChart()): any[] {
  const backup = new BackupCronJob(chart, 'db-backup', props(backupProps));
  const changed = typeof changes === 'function' ? changes(chart, backup) : changes;
  const before = objectsOf(chart);
  new BackupExporter(chart, 'exporter', { backups: [backup], ...changed });
  return objectsOf(chart).filter(object => !before.some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name));
}

const find = (objects: readonly any[], kind: string) => objects.find(object => object.kind === kind);
const podOf = (objects: readonly any[]) => find(objects, 'Deployment').spec.template.spec;
const containerOf = (objects: readonly any[]) => podOf(objects).containers[0];

/** The config as the runner reads it: what it does not take, fails here. */
function configOf(objects: readonly any[]): ExporterConfig {
  return parseConfig(unescapeEnvValue(containerOf(objects).env.find(({ name }: any) => name === CONFIG_ENV).value)) as ExporterConfig;
}

const volume = () => BackupStore.volume({ size: Size.gibibytes(1) });

test('when a verification or a drill is missing follows from their schedules, unless it is said', () => {
  const verified = { verify: { schedule: Cron.daily(), activeDeadline: Duration.hours(1) } };
  const weekly = (chart: Chart, backup: BackupCronJob) => new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly(), activeDeadline: Duration.hours(2) });
  const [DAY, HOUR, SLACK] = [86_400, 3600, 900];
  expect(configOf(synth()).backups[0]).toMatchObject({ verifiedWithinSeconds: null, drilledWithinSeconds: null });
  expect(configOf(synth((chart, backup) => ({ drills: [weekly(chart, backup)] }), verified)).backups[0])
    .toMatchObject({ verifiedWithinSeconds: DAY + HOUR + SLACK, drilledWithinSeconds: 7 * DAY + 2 * HOUR + SLACK });
  expect(configOf(synth((chart, backup) => ({ drills: [weekly(chart, backup)], maxDrillAge: Duration.days(30) }), verified)).backups[0])
    .toMatchObject({ drilledWithinSeconds: 30 * DAY });
  expect(() => synth(chart => ({ drills: [weekly(chart, new BackupCronJob(chart, 'other', props({ backupName: 'other' })))] })))
    .toThrow('\'drills\' has "chart/db-drill", whose backup is not among \'backups\'');
});

describe('defaults', () => {
  const objects = synth();

  test('have not changed', () => {
    expect(objects).toMatchSnapshot();
  });

  test('are one pod that never has a twin', () => {
    expect(find(objects, 'Deployment').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(podOf(objects)).toMatchObject({ restartPolicy: 'Always', automountServiceAccountToken: false, enableServiceLinks: false });
    expect(containerOf(objects).args).toEqual(['serve']);
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) expect(containerOf(objects)[probe].httpGet).toMatchObject({ path: '/healthz', port: 8080 });
  });

  test('let only the port in, and the pod out to the stores alone', () => {
    const { spec } = find(objects, 'NetworkPolicy');
    expect(spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: [{ port: 8080, protocol: 'TCP' }] }] });
    expect(spec.egress.slice(1)).toEqual([{ ports: [{ port: 443, protocol: 'TCP' }] }]);
    expect(find(objects, 'Deployment').spec.template.metadata.labels).toMatchObject(spec.podSelector.matchLabels);
    expect(find(objects, 'Deployment').spec.template.metadata.labels).toMatchObject(find(objects, 'Service').spec.selector);
    expect(find(objects, 'Deployment').spec.template.metadata.labels).toMatchObject(find(objects, 'Deployment').spec.selector.matchLabels);
  });

  test('are the same objects when the construct is moved, or gets another id: a selector can\'t be changed', () => {
    const at = (id: string, around?: string) => {
      const chart = newChart();
      const backup = new BackupCronJob(chart, 'db-backup', props());
      new BackupExporter(around === undefined ? chart : new Construct(chart, around), id, { exporterName: 'status', backups: [backup] });
      return objectsOf(chart);
    };
    expect(at('status', 'Monitoring')).toEqual(at('exporter'));
    expect(find(at('exporter'), 'Deployment').spec.selector).toEqual({ matchLabels: { 'cdk8s-backup/exporter': 'status' } });
  });

  test('tell the runner what the backup promises', () => {
    expect(configOf(objects)).toMatchObject({
      kind: 'exporter',
      cluster: null,
      environment: null,
      port: 8080,
      refreshSeconds: 60,
      backups: [{ name: 'orders', engine: 'postgres', namespace: 'shop', cronJob: 'db-backup', restoreJob: null, rpoSeconds: null, staleAfterSeconds: 86_400 + 2 * 21_600 + 900 }],
    });
  });

  test('name the cluster and the environment for the pages', () => {
    expect(configOf(synth({ cluster: 'eu-1', environment: 'production' }))).toMatchObject({ cluster: 'eu-1', environment: 'production' });
  });
});

test('has the name of the guide beside a CronJob of that name', () => {
  const objects = synth({ exporterName: 'db-backup' });
  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
    'Deployment db-backup', 'NetworkPolicy db-backup-exporter', 'Service db-backup', 'ServiceAccount db-backup-exporter',
  ]);
});

test('mounts each volume once, and for reading', () => {
  const chart = newChart();
  const stores = [volume(), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
  const backups = ['a', 'b'].map(id => new BackupCronJob(chart, id, props({ stores, source: BackupSource.postgres({ host: 'p', databaseName: id, user: 'u' }) })));
  new BackupExporter(chart, 'exporter', { backups });
  const objects = objectsOf(chart);
  expect(containerOf(objects).volumeMounts).toEqual([{ mountPath: '/tmp', name: 'scratch' }, { mountPath: '/backups', name: 'store-volume', readOnly: true }]);
  expect(podOf(objects).securityContext.fsGroup).toBe(10_001);
  expect(configOf(objects).backups.map(backup => backup.stores.map(({ name }) => name))).toEqual([['volume', 's3'], ['volume', 's3']]);
  expect(containerOf(objects).env.map(({ name }: any) => name).sort()).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'CDK8S_BACKUP_CONFIG']);
});

test('tells stores of one name apart', () => {
  const chart = newChart();
  const backup = (id: string, bucketName: string) => new BackupCronJob(chart, id, props({
    source: BackupSource.postgres({ host: 'p', databaseName: id, user: 'u' }),
    stores: [BackupStore.s3({ bucketName, region: 'eu-central-1' }), BackupStore.volume({ size: Size.gibibytes(1), claimName: `claim-${id}` })],
  }));
  new BackupExporter(chart, 'exporter', { backups: [backup('a', 'bucket-a'), backup('b', 'bucket-b')] });
  const objects = objectsOf(chart);
  expect(configOf(objects).backups.map(({ stores }) => stores)).toMatchObject([
    [{ name: 's3', bucketName: 'bucket-a', credentials: { accessKeyIdEnv: 'S3_1_AWS_ACCESS_KEY_ID' } }, { name: 'volume', directory: '/backups-volume-1' }],
    [{ name: 's3', bucketName: 'bucket-b', credentials: { accessKeyIdEnv: 'S3_2_AWS_ACCESS_KEY_ID' } }, { name: 'volume', directory: '/backups-volume-2' }],
  ]);
  expect(podOf(objects).volumes.map((each: any) => each.persistentVolumeClaim?.claimName).filter(Boolean)).toEqual(['claim-a', 'claim-b']);
});

test('leaves volumes out where that is said', () => {
  const objects = synth({ volumes: false }, { stores: [volume(), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })] });
  expect(containerOf(objects).volumeMounts.map(({ name }: any) => name)).toEqual(['scratch']);
  expect(podOf(objects).securityContext.fsGroup).toBeUndefined();
});

test('takes keys that may only read', () => {
  const objects = synth(chart => ({ s3Credentials: { s3: S3Credentials.fromSecret(kplus.Secret.fromSecretName(chart, 'Reader', 'reader')) } }));
  expect(containerOf(objects).env.filter(({ name }: any) => name.startsWith('AWS')).map(({ valueFrom }: any) => valueFrom.secretKeyRef.name)).toEqual(['reader', 'reader']);
  const identity = S3Credentials.workloadIdentity({ serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/reader' } });
  expect(find(synth({ s3Credentials: { s3: identity } }), 'ServiceAccount').metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/reader' });
});

test('is scraped by annotations, or by a ServiceMonitor', () => {
  expect(find(synth(), 'Deployment').spec.template.metadata.annotations).toEqual({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080', 'prometheus.io/path': '/metrics' });
  const objects = synth({ serviceMonitorLabels: { release: 'kube-prometheus-stack' } });
  expect(find(objects, 'Deployment').spec.template.metadata.annotations).toBeUndefined();
  const { metadata, spec } = find(objects, 'ServiceMonitor');
  expect(metadata.labels).toMatchObject({ release: 'kube-prometheus-stack' });
  expect(find(objects, 'Service').metadata.labels).toMatchObject(spec.selector.matchLabels);
  expect(find(objects, 'Service').spec.ports.map(({ name }: any) => name)).toEqual(spec.endpoints.map(({ port }: any) => port));
});

test('names the restore of a backup, its objectives and the ages that are allowed', () => {
  const objects = synth((chart, backup) => ({
    restores: [new RestoreJob(chart, 'db-restore', { backup })], maxDrillAge: Duration.days(8), maxVerificationAge: Duration.days(2), refresh: Duration.seconds(10), port: 9000,
  }), {
    activeDeadline: Duration.hours(1),
    startingDeadline: Duration.hours(1),
    objectives: {
      rpo: Duration.hours(27),
      rto: Duration.hours(2),
      corruption: { rto: Duration.minutes(40) },
      restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
    },
  });
  expect(configOf(objects)).toMatchObject({
    port: 9000,
    refreshSeconds: 10,
    backups: [{ restoreJob: 'db-restore', rpoSeconds: 97_200, rtoSeconds: 2400, drilledWithinSeconds: 691_200, verifiedWithinSeconds: 172_800 }],
  });
});

test('expects no age of a backup on demand', () => {
  expect(configOf(synth({}, { onDemand: true })).backups[0]!.staleAfterSeconds).toBeNull();
});

describe('fails', () => {
  test.each<[string, Changes, string]>([
    ['without a backup', { backups: [] }, '\'backups\' must have at least one backup, got []'],
    ['on a cluster that is no name', { cluster: ' eu-1' }, '\'cluster\' must be up to 60 characters of ASCII without a space at its ends, got " eu-1"'],
    ['on an environment that is no name', { environment: 'p'.repeat(61) }, '\'environment\' must be up to 60 characters'],
    ['on a name that is none', { exporterName: 'Db_Backup' }, '\'exporterName\' must be up to 52 lower-case letters'],
    ['on a name that no Service may have', { exporterName: '1st' }, '\'exporterName\' must be'],
    ['on a port that is none', { port: 0 }, '\'port\' must be a whole number from 1 to 65535, got 0'],
    ['on looks without a pause', { refresh: Duration.seconds(1) }, '\'refresh\' must be a whole number of seconds, at least 10'],
    ['on keys for a store that is not there', { s3Credentials: { other: S3Credentials.workloadIdentity() } }, '\'s3Credentials\' has "other", and the backups have no S3 store of that name: there is ["s3"]'],
    ['on labels that Kubernetes refuses', { labels: { 'a b': '' } }, '\'labels\' has a key that Kubernetes refuses'],
    ['on a restore of something else', chart => ({ restores: [new RestoreJob(chart, 'r', { target: BackupSource.redis({ host: 'x' }), stores: [volume()] })] }), '\'restores\' has "chart/r", which restores none of \'backups\''],
    ['on a restore that is no template', (chart, backup) => ({ restores: [new RestoreJob(chart, 'r', { backup, trigger: RestoreTrigger.onApply() })] }), 'only templates can be started from'],
  ])('%s', (_case, changes, message) => {
    expect(() => synth(changes)).toThrow(message);
  });

  test('on two backups of one name', () => {
    const chart = newChart();
    const backup = (id: string) => new BackupCronJob(chart, id, props({ stores: [BackupStore.s3({ bucketName: `bucket-${id}`, region: 'eu-central-1' })] }));
    expect(() => new BackupExporter(chart, 'exporter', { backups: [backup('a'), backup('b')] })).toThrow('\'backups\' must have different backup names, got "orders" more often');
  });

  test('on a backup whose only store is a volume that is left out', () => {
    expect(() => synth({ volumes: false }, { stores: [volume()] })).toThrow('\'volumes\' is false, and "chart/db-backup" has no other store');
  });

  test('on a Secret or a claim of another namespace, unless the exporter does without', () => {
    const app = new App();
    const there = new Chart(app, 'there', { namespace: 'there' });
    const here = new Chart(app, 'here', { namespace: 'here' });
    const onBucket = new BackupCronJob(there, 'a', props());
    const onVolume = new BackupCronJob(there, 'b', props({ stores: [volume()], schedule: Cron.hourly() }));
    expect(() => new BackupExporter(here, 'x', { backups: [onBucket] })).toThrow('give \'s3Credentials\' for "s3", from a Secret of "here"');
    expect(() => new BackupExporter(here, 'y', { backups: [onVolume] })).toThrow('set \'volumes\' to false');
    new BackupExporter(here, 'z', { backups: [onBucket], s3Credentials: { s3: S3Credentials.workloadIdentity() } });
  });

  test('on two exporters of one name', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props());
    new BackupExporter(chart, 'a', { backups: [backup], exporterName: 'x' });
    new BackupExporter(chart, 'b', { backups: [backup], exporterName: 'x' });
    expect(() => App._synthChart(chart)).toThrow('[chart/b] \'exporterName\' "x" makes ServiceAccount and NetworkPolicy "x-exporter" and Deployment and Service "x" of namespace "shop", which chart/a makes too');
  });

  test('on more backups than an environment variable takes', () => {
    const chart = newChart();
    const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', prefix: 'p'.repeat(200) });
    const backups = Array.from({ length: 160 }, (_, i) => new BackupCronJob(chart, `b${i}`, props({ stores: [store], backupName: `b${i}` })));
    expect(() => new BackupExporter(chart, 'exporter', { backups })).toThrow('\'backups\' are too many for one exporter, got 160');
    new BackupExporter(chart, 'half', { backups: backups.slice(0, 80) });
  });
});
