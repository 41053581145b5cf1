import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Chart, Cron, Include, Size, Testing, YamlOutputType } from 'cdk8s';
import { BackupAlertRules, BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupStore, RestoreDrill, RestoreJob } from '../../../src';
import { props } from '../../synth';

/*
 * A Helm chart in the same app: cdk8s' Helm renders it into a file and includes that, as here. What charts have in them is what they have:
 * hooks, lists, definitions, objects of no namespace and of no name.
 */
const RENDERED = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusters.postgresql.example.com}
spec: {group: postgresql.example.com, scope: Namespaced, names: {kind: Cluster, plural: clusters}}
---
# Source: postgres/templates/empty.yaml
---
apiVersion: v1
kind: Namespace
metadata: {name: operators}
---
apiVersion: postgresql.example.com/v1
kind: Cluster
spec: {instances: 3}
---
apiVersion: batch/v1
kind: Job
metadata:
  generateName: postgres-init-
  annotations: {helm.sh/hook: pre-install}
spec: {template: {spec: {containers: []}}}
---
apiVersion: v1
kind: ConfigMapList
items: []
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: postgres}, spec: {ports: [{name: pg, port: 5432, targetPort: pg}]}}
- {apiVersion: batch/v1, kind: CronJob, metadata: {name: NAME, namespace: shop}, spec: {}}
- null
`;

/** An app of ours beside a chart of somebody else's with a CronJob of this name. */
function shop(name: string, yamlOutputType?: YamlOutputType): App {
  const app = new App({ outdir: Testing.app().outdir, yamlOutputType });
  const file = join(mkdtempSync(join(tmpdir(), 'rendered.')), 'rendered.yaml');
  writeFileSync(file, RENDERED.replace('NAME', name));
  new Include(new Chart(app, 'postgres'), 'release', { url: file });
  const chart = new Chart(app, 'shop', { namespace: 'shop' });
  const stores = [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
  const backup = new BackupCronJob(chart, 'db-backup', props({ stores, verify: { schedule: Cron.weekly() } }));
  new RestoreJob(chart, 'db-restore', { backup });
  const drill = new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
  new BackupExporter(chart, 'exporter', { backups: [backup] });
  BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup]);
  new BackupAlertRules(chart, 'alerts', { backups: [backup], drills: [drill], ruleLabels: { release: 'x' } });
  return app;
}

test.each([
  YamlOutputType.FILE_PER_APP, YamlOutputType.FILE_PER_CHART, YamlOutputType.FILE_PER_RESOURCE, YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE,
])('a rendered Helm chart stands beside backups, with output type %s', type => {
  expect(() => shop('vacuum', type).synth()).not.toThrow();
});

test('an object in a List of a chart that is called as one of ours is seen: one of the two would replace the other', () => {
  expect(() => shop('db-backup').synth()).toThrow(/\[shop\/db-backup\] 'cronJobName' "db-backup" makes CronJob "db-backup" of namespace "shop", which postgres\/release\/\S+ is too/);
});
