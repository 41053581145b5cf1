import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupSource, BackupStore, Decryption, Encryption, RecoveryPlan, RecoveryPlanPart, RecoveryPlanProps, RecoveryScenario, RestoreWorkload, Retention,
  StoreLocation,
} from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { newChart, objectsOf } from '../../synth';

const VOLUME = () => BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) });
const BUCKET = () => BackupStore.s3({ bucketName: 'shop-backups', prefix: 'shop', region: 'eu-west-1', location: StoreLocation.region('eu-west-1') });
const POSTGRES = () => BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'backup' });
const REDIS = () => BackupSource.redis({ host: 'redis' });

function planOf(changes: Partial<RecoveryPlanProps> | ((chart: Chart) => Partial<RecoveryPlanProps>), chart = newChart()) {
  const plan = new RecoveryPlan(chart, 'Shop', { stores: [VOLUME(), BUCKET()], ...typeof changes === 'function' ? changes(chart) : changes });
  return { plan, chart, objects: objectsOf(chart) };
}

/** Three databases, as those of WhisperCache. */
function three(chart: Chart): Partial<RecoveryPlanProps> {
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'data', 'app-data');
  return {
    data: {
      db: { source: POSTGRES(), rpo: Duration.hours(27), retention: Retention.days(7), healthUrl: 'http://api/health' },
      cache: { source: REDIS(), rpo: Duration.hours(2), retention: Retention.hours(24), noticedWithin: Duration.hours(16) },
      files: { source: BackupSource.sqlite({ claim, path: 'app.db' }), onDemand: true },
    },
    application: [RestoreWorkload.fromDeploymentName('api')],
  };
}

const named = (objects: readonly any[], kind: string) => objects.filter(object => object.kind === kind).map(({ metadata }) => metadata.name).sort();
const cronJob = (objects: readonly any[], name: string) => objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name);
const podOf = (objects: readonly any[], name: string) => cronJob(objects, name).spec.jobTemplate.spec.template.spec;
const configOf = (objects: readonly any[], name: string) => JSON.parse(podOf(objects, name).containers[0].env[0].value);

test('from a promise follows all that keeps it: each part has a name that people can type', () => {
  const { plan, objects } = planOf(three);

  expect(named(objects, 'CronJob')).toEqual([
    'cache-backup', 'cache-backup-verify', 'cache-drill', 'cache-restore', 'db-backup', 'db-backup-verify', 'db-drill', 'db-restore',
    'files-backup', 'files-backup-verify', 'files-drill', 'files-restore',
  ]);
  expect(named(objects, 'Deployment')).toEqual(['shop-backups']);
  expect(named(objects, 'PrometheusRule')).toEqual(['shop-backup-alerts']);
  expect(plan.backups.map(({ backupName }) => backupName)).toEqual(['shop-db', 'shop-cache', 'shop-files']);
  expect(plan.node.children.map(({ node }) => node.id)).toEqual(expect.arrayContaining([
    'db-backup', 'db-restore', 'db-drill', 'cache-backup', 'files-backup', 'exporter', 'alerts', 'lifecycle-s3', 'policy-s3-backup', 'policy-s3-prune',
  ]));
  expect(Object.keys(synthFiles(plan))).toEqual(expect.arrayContaining([
    's3-lifecycle/shop-backups.json', 's3-policies/shop.s3.backup.json', 's3-policies/shop.s3.read.json', 's3-policies/shop.s3.verify.json',
    's3-policies/shop.s3.prune.json',
  ]));
});

test('a runbook comes with it, to which alerts lead where its address is known, unless it is left out', () => {
  const url = 'https://git.example.com/shop.runbook.md';
  const { plan, objects } = planOf(chart => ({ ...three(chart), runbook: { url, contacts: [{ name: 'Ada', role: 'decides', channel: '+44' }] } }));
  const files = synthFiles(plan);
  expect(files['shop.runbook.md']).toMatch(/^# Recovery runbook of shop\n[^]*\| Ada \| decides \| \+44 \|[^]*--from=cronjob\/db-restore/);
  expect(files['shop.runbook.html']).toContain('Ada');
  expect(files['monitoring/shop-backup-alerts.rules']).toContain(`runbook_url: ${url}#backupjobfailed`);
  expect(JSON.parse(objects.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers[0].env[0].value)).toMatchObject({ runbookUrl: url });
  expect(plan.describe()).toContain('shop.runbook.md, shop.runbook.html: what to do in an emergency');

  const left = planOf(chart => ({ ...three(chart), without: [RecoveryPlanPart.RUNBOOK] }));
  expect(left.plan.runbook).toBeUndefined();
  expect(Object.keys(synthFiles(left.plan)).filter(file => file.includes('runbook'))).toEqual([]);
  expect(() => planOf({ source: REDIS(), rpo: Duration.hours(2), runbook: {}, without: [RecoveryPlanPart.RUNBOOK] })).toThrow("'runbook' is about \"runbook\"");
});

test('the schedule holds the RPO, and the recovery report says so', () => {
  const { plan } = planOf(three);
  for (const [name, hours] of [['db', 27], ['cache', 2]] as const) {
    const { worstDataAgeSeconds, scenarios } = plan.backup(name).recoveryReport();
    expect(scenarios).toMatchObject([{ scenario: RecoveryScenario.CORRUPTION, rpoSeconds: hours * 3600 }]);
    expect(worstDataAgeSeconds).toBeLessThanOrEqual(hours * 3600);
  }
});

test('nothing fires that would restore, and nothing is removed without a retention', () => {
  const { objects } = planOf(three);
  for (const name of ['db-restore', 'cache-restore', 'files-restore', 'files-backup']) expect(cronJob(objects, name).spec.suspend).toBe(true);
  for (const name of ['db-backup', 'cache-backup', 'db-drill', 'files-drill']) expect(cronJob(objects, name).spec.suspend).not.toBe(true);
  expect(configOf(objects, 'files-backup').pruneAfterBackup).toBe(false);
  expect(configOf(objects, 'db-backup').pruneAfterBackup).toBe(true);
});

test('drills are nightly, and of what is backed up on demand monthly; verification replaces bad copies where there are two', () => {
  const { objects } = planOf(three);
  expect(cronJob(objects, 'db-drill').spec.schedule).toMatch(/^\d+ \d \* \* \*$/);
  expect(cronJob(objects, 'files-drill').spec.schedule).toMatch(/^\d+ \d 1 \* \*$/);
  expect(configOf(objects, 'db-backup-verify')).toMatchObject({ verify: { repair: true } });
  const single = planOf({ source: POSTGRES(), rpo: Duration.hours(27), stores: [BUCKET()] });
  expect(configOf(single.objects, 'shop-backup-verify')).toMatchObject({ verify: { repair: false } });
});

test('the application is stopped for each restore, and health is asked where it is said', () => {
  const { objects } = planOf(three);
  expect(configOf(objects, 'db-restore')).toMatchObject({ healthUrl: 'http://api/health', workloads: [{ name: 'api' }] });
  expect(configOf(objects, 'cache-restore')).toMatchObject({ healthUrl: null, workloads: [{ name: 'api' }] });
});

test('one database needs no map: all is named after the plan', () => {
  const { plan, objects } = planOf({ source: POSTGRES(), rpo: Duration.hours(27) });
  expect(named(objects, 'CronJob')).toEqual(['shop-backup', 'shop-backup-verify', 'shop-drill', 'shop-restore']);
  expect(plan.backup().backupName).toBe('shop');
  expect([plan.restore().resourceName, plan.drill().cronJobName]).toEqual(['shop-restore', 'shop-drill']);
});

test('of a set each member is rehearsed; what is no database has no drill', () => {
  const { plan } = planOf(chart => ({
    data: {
      all: { source: BackupSource.set({ db: POSTGRES(), cache: REDIS() }), rpo: Duration.hours(27) },
      keys: {
        source: BackupSource.kubernetesSecrets({ secretNames: ['app'] }),
        rpo: Duration.hours(27),
        encryption: Encryption.age({ recipients: ['age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq'] }),
        decryption: Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'key', 'key'), 'identity'),
      },
    },
  }));
  expect(plan.drills.map(({ cronJobName }) => cronJobName)).toEqual(['all-db-drill', 'all-cache-drill']);
  expect(plan.describe()).toContain('no drill of keys');
  expect(() => plan.drill('keys')).toThrow('"keys" has no drill');
});

test('an RTO is checked with an estimate, and without one a warning names the drill that measures it', () => {
  const promised = { source: POSTGRES(), rpo: Duration.hours(27), rto: Duration.minutes(30) };
  const { plan } = planOf(promised);
  expect(warningsOf(plan)).toEqual([
    'the \'rto\' of shop, 30 minutes, is not checked: nobody has measured a restore; run the drill shop-drill, then set \'estimate\' to what "cdk8s-backup drills" shows',
  ]);
  const slow = { backupSize: Size.gibibytes(100), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) };
  expect(() => planOf({ ...promised, estimate: slow })).toThrow(/^chart\/Shop\/shop-backup: 'objectives.rto' is 30 minutes/);
  const fast = planOf({ ...promised, estimate: { ...slow, backupSize: Size.gibibytes(2) } });
  expect(warningsOf(fast.plan)).toEqual([]);
  expect(configOf(fast.objects, 'shop-drill').rtoSeconds).toBe(1800);
});

test('a restore and a drill have the time that the RTO asks for, and no less than by default', () => {
  const deadlines = (rto: Duration) => {
    const { objects } = planOf({ source: POSTGRES(), rpo: Duration.hours(27), rto });
    return ['shop-restore', 'shop-drill'].map(name => cronJob(objects, name).spec.jobTemplate.spec.activeDeadlineSeconds / 3600);
  };
  expect([deadlines(Duration.hours(1)), deadlines(Duration.hours(10))]).toEqual([[6, 6], [15, 15]]);
});

test('promises are for the losses that are named, and those that stores can\'t survive are refused', () => {
  const promised = { source: POSTGRES(), rpo: Duration.hours(27), scenarios: [RecoveryScenario.CORRUPTION, RecoveryScenario.REGION_LOSS] };
  const { plan } = planOf({ ...promised, cluster: { region: 'eu-central-1' } });
  expect(plan.backup().recoveryReport().scenarios.map(({ scenario }) => scenario)).toEqual(promised.scenarios);
  expect(() => planOf({ ...promised, cluster: { region: 'eu-west-1' } })).toThrow(/regionLoss/);
});

test('what is said about a part counts, what is said about one of the data before what is said for all', () => {
  const { plan, objects } = planOf({
    backup: { image: 'registry.example.com/runner:1', priorityClassName: 'low' },
    drill: { assertions: ['SELECT true'] },
    exporter: { labels: undefined },
    rpo: Duration.hours(27),
    data: {
      a: { source: POSTGRES() },
      b: { source: POSTGRES(), backup: { priorityClassName: 'high', image: undefined, schedule: Cron.hourly() }, drillSchedule: Cron.weekly() },
    },
    alerts: { ruleName: 'mine' },
  });
  const pods = ['a-backup', 'b-backup'].map(name => podOf(objects, name));
  expect(pods.map(pod => [pod.containers[0].image, pod.priorityClassName])).toEqual([['registry.example.com/runner:1', 'low'], ['registry.example.com/runner:1', 'high']]);
  expect(cronJob(objects, 'b-backup').spec.schedule).toBe('0 * * * *');
  expect(cronJob(objects, 'b-drill').spec.schedule).toBe('0 0 * * 0');
  expect(configOf(objects, 'b-drill').target.assertions).toEqual(['SELECT true']);
  expect(named(objects, 'PrometheusRule')).toEqual(['mine']);
  expect(plan.backups).toHaveLength(2);
});

test('parts can be left out, and are not made', () => {
  const { plan, objects } = planOf({ source: POSTGRES(), rpo: Duration.hours(27), without: Object.values(RecoveryPlanPart) });
  expect(named(objects, 'CronJob')).toEqual(['shop-backup']);
  expect([plan.exporter, plan.alerts, plan.restores, plan.drills, plan.lifecycles, plan.policies]).toEqual([undefined, undefined, [], [], [], []]);
  expect(synthFiles(plan)).toEqual({});
  expect(() => plan.restore()).toThrow('chart/Shop: "shop" has no restore: \'without\' leaves them out');
});

test('all of it is described, with the arithmetic', () => {
  const text = planOf(three).plan.describe();
  expect(text).toMatch(/^CronJob db-backup: backs up at ".*" Etc\/UTC, kept 7 days\. The newest backup is at most 1 day 3 hours old, within the RPO of 1 day 3 hours: 1 day from run to run, 1 hour until it starts, 2 hours for the run$/m);
  expect(text).toMatch(/^CronJob files-backup: backs up when somebody asks for it; kept for ever$/m);
  for (const name of ['db-restore', 'db-drill', 'db-backup-verify', 'Deployment shop-backups', 'monitoring/', 's3-lifecycle/shop-backups.json', 's3-policies/shop.s3.prune.json']) expect(text).toContain(name);
});

test.each<[string, Partial<RecoveryPlanProps>, string]>([
  ['no database', {}, 'chart/Shop: give either \'data\' or \'source\', got none'],
  ['two forms', { source: POSTGRES(), data: { db: { source: REDIS() } } }, 'chart/Shop: give either \'data\' or \'source\', got both'],
  ['an empty map', { data: {} }, 'chart/Shop: \'data\' must have at least one database, got {}'],
  ['no promise', { data: { db: { source: POSTGRES() } } }, 'chart/Shop: \'rpo\' of "db" is missing: say how much may be lost, as in Duration.hours(27), or set \'onDemand\''],
  ['a promise that can\'t be held', { source: POSTGRES(), rpo: Duration.minutes(5) }, 'chart/Shop: \'rpo\' must be at least 17 minutes'],
  ['a misspelt name', { data: { db: { source: POSTGRES(), retenton: Retention.days(7) } as any } }, 'chart/Shop: \'data.db.retenton\' is unknown: did you mean \'data.db.retention\'?'],
  ['something about a part that is left out', { source: POSTGRES(), rpo: Duration.hours(27), exporter: {}, without: [RecoveryPlanPart.EXPORTER] },
    'chart/Shop: \'exporter\' is about "exporter", which \'without\' leaves out: drop one of them'],
  ['the same of one database', { data: { db: { source: POSTGRES(), rpo: Duration.hours(27), drillSchedule: Cron.weekly() } }, without: [RecoveryPlanPart.DRILLS] },
    'chart/Shop: \'data.db.drillSchedule\' is about "drills", which \'without\' leaves out'],
  ['a loss without a promise', { source: POSTGRES(), onDemand: true, scenarios: [RecoveryScenario.NODE_LOSS] }, 'chart/Shop: \'scenarios\' is about an \'rpo\' or \'rto\', and there is none'],
  ['a lifecycle without a bucket', { source: POSTGRES(), rpo: Duration.hours(27), stores: [VOLUME()], lifecycle: {} }, 'chart/Shop: \'lifecycle\' is for plans with one bucket, got 0'],
])('%s is refused, with the way out', (_, changes, message) => {
  expect(() => planOf(changes)).toThrow(message);
});

test('another plan in the namespace with the same names is refused', () => {
  const app = new App();
  const chart = new Chart(app, 'chart', { namespace: 'shop' });
  for (const id of ['one', 'two']) {
    new RecoveryPlan(chart, id, { data: { db: { source: POSTGRES(), rpo: Duration.hours(27) } }, stores: [BackupStore.s3({ bucketName: id, region: 'eu-west-1' })] });
  }
  expect(() => app.synthYaml()).toThrow(/'cronJobName' "db-backup" makes .*chart\/one\/db-backup makes too/);
});
