import { ApiObject, App, Chart, Cron, IResolver, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupAlertRules, BackupCronJob, BackupExporter, BackupStore, RestoreDrill, RestoreJob, RestoreTrigger } from '../../../src';
import { newChart, props } from '../../synth';

const LOST = 'the cluster has one of a name, and what is applied last replaces the other';

function synthOf(chart: Chart): () => string {
  return () => (chart.node.root as App).synthYaml();
}

function volume(): BackupStore {
  return BackupStore.volume({ size: Size.gibibytes(20) });
}

/** Charts of one app, each in the namespace that it is given. */
function charts(...namespaces: (string | undefined)[]): Chart[] {
  const app = new App();
  return namespaces.map((namespace, i) => new Chart(app, `c${i}`, { namespace }));
}

describe('two objects of one kind, namespace and name are refused, by both their paths', () => {
  test('an exporter and a backup whose NetworkPolicies and identities are called alike', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-exporter', props());
    new BackupExporter(chart, 'exporter', { backups: [backup], exporterName: 'db' });

    expect(synthOf(chart)).toThrow(
      `[chart/exporter] 'exporterName' "db" makes ServiceAccount and NetworkPolicy "db-exporter" of namespace "shop", which chart/db-exporter makes too, by 'cronJobName' "db-exporter": ${LOST}; give one of them another name`,
    );
  });

  test.each([['shop', 'shop'], [undefined, undefined], [undefined, 'default']])('two claims of volumes, in charts of the namespaces %s and %s', (...namespaces) => {
    const [one, two] = charts(...namespaces);
    [one, two].forEach((chart, i) => new BackupCronJob(chart, `db-${i}`, props({ stores: [volume()], backupName: `db${i}` })));

    expect(synthOf(one)).toThrow(`[c1/backup-storage] 'claimName' "backup-storage" makes PersistentVolumeClaim "backup-storage" of namespace ${JSON.stringify(namespaces[1] ?? 'default')}, which c0/backup-storage makes too, `
      + `by 'claimName' "backup-storage": ${LOST}; share one BackupStore, use BackupStore.fromClaim for a claim that is made elsewhere, or give another 'claimName'`);
  });

  test('a claim of the user\'s, before and after ours', () => {
    const [before, ours, after] = charts('shop', 'shop', 'shop');
    const define = (chart: Chart) => new kplus.PersistentVolumeClaim(chart, 'Mine', { metadata: { name: 'backup-storage' }, storage: Size.gibibytes(1) });
    define(before);
    new BackupCronJob(ours, 'db-backup', props({ stores: [volume()] }));
    expect(synthOf(ours)).toThrow('[c1/backup-storage] \'claimName\' "backup-storage" makes PersistentVolumeClaim "backup-storage" of namespace "shop", which c0/Mine/Resource is too');

    const [first, later] = [charts('shop', 'shop')].flat();
    new BackupCronJob(first, 'db-backup', props({ stores: [volume()] }));
    define(later);
    expect(synthOf(first)).toThrow('[c0/backup-storage] \'claimName\' "backup-storage" makes PersistentVolumeClaim "backup-storage" of namespace "shop", which c1/Mine/Resource is too');
    expect(after.node.children).toEqual([]);
  });

  test('a plain manifest, in another version of the API and with the namespace written into it', () => {
    const [chart, plain] = charts('shop', undefined);
    new BackupCronJob(chart, 'db-backup', props());
    new ApiObject(plain, 'Old', { apiVersion: 'batch/v1beta1', kind: 'CronJob', metadata: { name: 'db-backup', namespace: 'shop' } });

    expect(synthOf(chart)).toThrow('[c0/db-backup] \'cronJobName\' "db-backup" makes CronJob "db-backup" of namespace "shop", which c1/Old is too');
  });

  test('a name that only a patch gives', () => {
    const chart = newChart();
    new BackupCronJob(chart, 'db-backup', props());
    const other = new kplus.ConfigMap(chart, 'Other');
    const account = new kplus.ServiceAccount(chart, 'Account');
    ApiObject.of(account).addJsonPatch(JsonPatch.replace('/metadata/name', 'db-backup'));

    expect(synthOf(chart)).toThrow('makes ServiceAccount "db-backup" of namespace "shop", which chart/Account/Resource is too');
    expect(other.name).not.toBe('db-backup');
  });

  test.each([
    ['replaces it', JsonPatch.replace('/metadata/name', 'mine')],
    ['replaces all metadata', JsonPatch.replace('/metadata', { name: 'mine', namespace: 'shop' })],
    ['copies it', JsonPatch.copy('/metadata/labels/role', '/metadata/name')],
  ])('a name that a patch gives to an object of ours: it %s', (_how, patch) => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ labels: { role: 'mine' } }));
    new kplus.CronJob(chart, 'Mine', { metadata: { name: 'mine' }, schedule: Cron.daily(), containers: [{ image: 'mine' }] });
    expect(synthOf(chart)).not.toThrow();

    ApiObject.of(backup.cronJob).addJsonPatch(patch);
    expect(synthOf(chart)).toThrow('makes CronJob "mine" of namespace "shop", which chart/Mine/Resource is too');
  });

  test('a name that a patch takes away from an object of ours', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props());
    new kplus.CronJob(chart, 'Mine', { metadata: { name: 'db-backup' }, schedule: Cron.daily(), containers: [{ image: 'mine' }] });
    expect(synthOf(chart)).toThrow('makes CronJob "db-backup" of namespace "shop", which chart/Mine/Resource is too');

    ApiObject.of(backup.cronJob).addJsonPatch(JsonPatch.move('/metadata/name', '/spec/was'), JsonPatch.add('/metadata/generateName', 'db-'));
    expect(synthOf(chart)).not.toThrow();
  });

  test('names that a resolver of the app gives', () => {
    const named: IResolver = { resolve: context => context.value === 'DATABASE' ? context.replaceValue('db') : undefined };
    const chart = new Chart(new App({ resolvers: [named] }), 'chart', { namespace: 'DATABASE' });
    new BackupCronJob(chart, 'db-backup', props());
    new kplus.CronJob(chart, 'Mine', { metadata: { name: 'db-backup', namespace: 'db' }, schedule: Cron.daily(), containers: [{ image: 'mine' }] });

    expect(synthOf(chart)).toThrow('makes CronJob "db-backup" of namespace "db", which chart/Mine/Resource is too');
  });

  test('two rule sets', () => {
    const chart = newChart();
    const backups = [new BackupCronJob(chart, 'db-backup', props())];
    for (const folder of ['one', 'two']) new BackupAlertRules(chart, folder, { backups, folder, ruleName: 'backups' });

    expect(synthOf(chart)).toThrow('[chart/two] \'ruleName\' "backups" makes PrometheusRule "backups" and ConfigMap "backups-dashboard" of namespace "shop", which chart/one makes too');
  });

  test('everything that two backups share is said in one sentence', () => {
    const [one, two] = charts('shop', 'shop');
    for (const [i, chart] of [one, two].entries()) new BackupCronJob(chart, 'db-backup', props({ backupName: `db${i}`, verify: { schedule: Cron.weekly() } }));

    expect(synthOf(one)).toThrow(new Error('Validation failed with the following errors:\n  [c1/db-backup] \'cronJobName\' "db-backup" makes ServiceAccount, CronJob and NetworkPolicy "db-backup" '
      + `and CronJob and NetworkPolicy "db-backup-verify" of namespace "shop", which c0/db-backup makes too, by 'cronJobName' "db-backup": ${LOST}; give one of them another name`));
  });

  test('Jobs of two restores, whose names differ by what they do: policies and alerts find them by the name that is given', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props());
    const shared = { backup, trigger: RestoreTrigger.onApply(), cronJobName: 'db-restore', networkPolicy: false, serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'mine') };
    new RestoreJob(chart, 'one', shared);
    new RestoreJob(chart, 'two', { ...shared, healthUrl: 'http://web/health' });

    expect(synthOf(chart)).toThrow('[chart/two] \'cronJobName\' "db-restore" makes Jobs "db-restore" and ConfigMap, Role and RoleBinding "db-restore-restored" of namespace "shop", which chart/one makes too');
  });
});

describe('what is no namesake passes', () => {
  test('one claim that is referenced by two charts, and one store that two backups share', () => {
    const [one, two] = charts('shop', 'shop');
    for (const [i, chart] of [one, two].entries()) {
      const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'disk');
      new BackupCronJob(chart, `db-${i}`, props({ stores: [BackupStore.fromClaim(claim)], backupName: `db${i}` }));
    }
    const store = volume();
    for (const id of ['a', 'b']) new BackupCronJob(two, id, props({ stores: [store], backupName: id }));

    expect(synthOf(one)).not.toThrow();
  });

  test('two namespaces, two apps, two kinds, and two objects of the user\'s own', () => {
    const [one, two] = charts('one', 'two');
    for (const chart of [one, two]) new BackupCronJob(chart, 'db-backup', props({ stores: [volume()], backupName: chart.node.id }));
    new kplus.Deployment(one, 'Deployment', { metadata: { name: 'db-backup' }, containers: [{ image: 'web' }] });
    for (const id of ['x', 'y']) new kplus.ConfigMap(one, id, { metadata: { name: 'settings' } });
    const [other] = charts('one');
    new BackupCronJob(other, 'db-backup', props());

    expect(synthOf(one)).not.toThrow();
    expect(synthOf(other)).not.toThrow();
  });

  test('a whole app, and what is mended after it was refused', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ verify: { schedule: Cron.weekly() } }));
    const restore = new RestoreJob(chart, 'db-restore', { backup });
    new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
    new BackupExporter(chart, 'db', { backups: [backup], restores: [restore] });
    expect(synthOf(chart)).not.toThrow();

    const foreign = new kplus.ConfigMap(chart, 'Late');
    const late = new ApiObject(chart, 'Later', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'db-drill' } });
    expect(synthOf(chart)).toThrow('which chart/Later is too');
    late.addJsonPatch(JsonPatch.replace('/metadata/name', 'other'));
    expect(synthOf(chart)).not.toThrow();
    expect(foreign.kind).toBe('ConfigMap');
  });
});
