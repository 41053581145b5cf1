import { App, Chart, Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import {
  BackupBucketLifecycle, BackupCronJob, BackupDefaults, BackupDefaultsOptions, BackupExporter, BackupSource, BackupStore, RestoreDrill, RestoreJob,
} from '../../../src';
import { newChart, objectsOf, props } from '../../synth';

const IMAGE = 'registry.example.com/runner:1';

/** One of each that has a pod. */
function defineAll(scope: Construct): BackupCronJob {
  const backup = new BackupCronJob(scope, 'db-backup', props({ verify: { schedule: Cron.weekly() } }));
  const restore = new RestoreJob(scope, 'db-restore', { backup });
  new RestoreJob(scope, 'other-restore', {
    target: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: 'other', region: 'eu-west-1' })],
  });
  const drill = new RestoreDrill(scope, 'db-drill', { backup, schedule: Cron.weekly() });
  new BackupExporter(scope, 'exporter', { backups: [backup], restores: [restore], drills: [drill] });
  BackupBucketLifecycle.forBackups(scope, 'lifecycle', [backup], { applyJob: {} });
  return backup;
}

function synth(options: BackupDefaultsOptions): any[] {
  const chart = newChart();
  BackupDefaults.of(chart).set(options);
  defineAll(chart);
  return objectsOf(chart);
}

/** The pod specs, by the names of their objects. */
function podsOf(objects: readonly any[]): { readonly [name: string]: any } {
  return Object.fromEntries(objects.flatMap(({ metadata: { name }, spec }) => {
    const pod = (spec?.jobTemplate?.spec ?? spec)?.template?.spec;
    return pod === undefined ? [] : [[name.replace(/^backup-lifecycle-.*/, 'lifecycle'), pod]];
  }));
}

test('every pod has them: of backups, verifications, restores, drills, exporters and lifecycle Jobs', () => {
  const chart = newChart();
  const imagePullSecret = kplus.Secret.fromSecretName(chart, 'login', 'login');
  const pods = podsOf(synth({ image: IMAGE, imagePullPolicy: kplus.ImagePullPolicy.ALWAYS, imagePullSecret, credentialsAsFiles: true }));
  expect(Object.keys(pods).sort()).toEqual(['db-backup', 'db-backup-verify', 'db-drill', 'db-restore', 'exporter', 'lifecycle', 'other-restore']);
  for (const [name, { containers: [runner], imagePullSecrets }] of Object.entries(pods)) {
    expect([name, runner.image, runner.imagePullPolicy, imagePullSecrets]).toEqual([name, IMAGE, 'Always', [{ name: 'login' }]]);
    expect([name, runner.env.filter(({ valueFrom }: any) => valueFrom?.secretKeyRef)]).toEqual([name, []]);
  }
});

test('the priority is for all that has one', () => {
  const { lifecycle, ...pods } = podsOf(synth({ priorityClassName: 'low' }));
  expect(Object.values(pods).map(({ priorityClassName }) => priorityClassName)).toEqual(Object.keys(pods).map(() => 'low'));
});

test('networks: a policy is left out everywhere, or has the place; what a pod does not connect to is no mistake', () => {
  expect(synth({ networkPolicy: false }).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  const policies = synth({ network: { dns: { ports: [5353] }, pushgateway: { cidrs: ['10.0.0.9/32'] } } }).filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies).toHaveLength(7);
  for (const policy of policies) expect([policy.metadata.name, JSON.stringify(policy.spec.egress)]).toEqual([policy.metadata.name, expect.stringContaining('5353')]);
});

test('the nearest scope counts, and what is said on the construct first; a restore is like its backup', () => {
  const app = new App();
  BackupDefaults.of(app).set({ image: 'of-the-app', priorityClassName: 'low' });
  const chart = new Chart(app, 'chart', { namespace: 'shop' });
  BackupDefaults.of(chart).set({ image: 'of-the-chart' });
  const backup = new BackupCronJob(chart, 'a', props());
  new BackupCronJob(chart, 'b', props({ image: 'of-its-own', backupName: 'b' }));
  new RestoreJob(new Chart(app, 'other', { namespace: 'shop' }), 'restore', { backup });
  const [inChart, inOther] = app.charts.map(each => podsOf(objectsOf(each)));
  expect([inChart!.a, inChart!.b, inOther!.restore].map(({ containers: [{ image }], priorityClassName }) => [image, priorityClassName])).toEqual([
    ['of-the-chart', 'low'], ['of-its-own', 'low'], ['of-the-chart', 'low'],
  ]);
});

test('set twice, they add up', () => {
  const chart = newChart();
  BackupDefaults.of(chart).set({ image: 'first', priorityClassName: 'low' });
  BackupDefaults.of(chart).set({ image: 'second' });
  new BackupCronJob(chart, 'a', props());
  const { a: { containers: [{ image }], priorityClassName } } = podsOf(objectsOf(chart));
  expect([image, priorityClassName]).toEqual(['second', 'low']);
});

test.each<[string, (chart: Chart) => unknown, string]>([
  ['after a construct is defined', chart => {
    new BackupCronJob(chart, 'db-backup', props());
    BackupDefaults.of(chart.node.root).set({ image: IMAGE });
  }, 'BackupDefaults: \'BackupDefaults\' come too late for chart/db-backup, which has been defined: set them before'],
  ['with a misspelt name', chart => BackupDefaults.of(chart).set({ imag: IMAGE } as object), 'chart: \'imag\' is unknown: did you mean \'image\'?'],
  ['with a place that is none', chart => BackupDefaults.of(chart).set({ network: { dns: {} } }), 'chart: \'network.dns\' must say where that is'],
])('%s they are refused', (_, set, message) => {
  expect(() => set(newChart())).toThrow(message);
});
