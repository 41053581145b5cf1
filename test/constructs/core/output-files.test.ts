import { existsSync, readFileSync } from 'fs';
import { dirname, join, relative } from 'path';
import { ApiObject, App, AppProps, Chart, Cron, Testing, YamlOutputType } from 'cdk8s';
import { parse, parseAllDocuments } from 'yaml';
import { BackupAlertRules, BackupBucketLifecycle, BackupCronJob, RestoreDrill, RestoreJob } from '../../../src';
import { synthFiles } from '../../../src/constructs/core/synth-file';
import { restoreManifest } from '../../../src/runner/commands/restore-manifest';
import { props } from '../../synth';

/** Of cdk8s-cli itself: what it takes for manifests, in a validation as in `cdk8s synth --stdout`. */
const { findManifests } = jest.requireActual<{ findManifests(directory: string): Promise<string[]> }>(join(__dirname, '..', '..', '..', 'node_modules', 'cdk8s-cli', 'lib', 'util.js'));

/** Everything that is written beside manifests, in charts that depend on each other: the alerts on what they watch, which needs a database. */
function shop(options: AppProps): { readonly app: App; readonly alerts: BackupAlertRules } {
  const app = new App({ outdir: Testing.app().outdir, ...options });
  const [monitoring, backups, databases] = ['monitoring', 'backups', 'databases'].map(id => new Chart(app, id, { namespace: 'shop' }));
  new ApiObject(databases, 'db', { apiVersion: 'v1', kind: 'ConfigMap' });
  const backup = new BackupCronJob(backups, 'db-backup', props());
  new RestoreJob(backups, 'db-restore', { backup });
  const drill = new RestoreDrill(backups, 'db-drill', { backup, schedule: Cron.weekly() });
  BackupBucketLifecycle.forBackups(backups, 'lifecycle', [backup]);
  const alerts = new BackupAlertRules(monitoring, 'alerts', { backups: [backup], drills: [drill], ruleLabels: { release: 'x' } });
  monitoring.addDependency(backups);
  backups.addDependency(databases);
  return { app, alerts };
}

async function manifestsOf(app: App): Promise<{ readonly [file: string]: readonly any[] }> {
  const files = await findManifests(app.outdir);
  return Object.fromEntries(files.sort().map(file => [relative(app.outdir, file), parseAllDocuments(readFileSync(file, 'utf8')).map(document => document.toJS())]));
}

describe.each<[string, YamlOutputType, readonly string[] | undefined, string]>([
  ['a file for the app', YamlOutputType.FILE_PER_APP, ['app.k8s.yaml'], 'app.k8s.yaml'],
  ['a file for each chart', YamlOutputType.FILE_PER_CHART, ['0000-databases.k8s.yaml', '0001-backups.k8s.yaml', '0002-monitoring.k8s.yaml'], '0001-backups.k8s.yaml'],
  ['a file for each object', YamlOutputType.FILE_PER_RESOURCE, undefined, 'CronJob.db-restore.k8s.yaml'],
  ['a folder for each chart', YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE, undefined, '0001-backups/CronJob.db-restore.k8s.yaml'],
])('charts that depend on each other, with %s', (_what, yamlOutputType, names, restore) => {
  const { app, alerts } = shop({ yamlOutputType });
  beforeAll(() => app.synth());

  test('whoever reads every .yaml of the output folder finds objects of Kubernetes, and nothing else', async () => {
    const manifests = await manifestsOf(app);
    if (names) expect(Object.keys(manifests)).toEqual(names);
    const objects = Object.values(manifests).flat();
    expect(objects.filter(object => typeof object?.kind !== 'string' || typeof object?.metadata?.name !== 'string')).toEqual([]);
    expect(objects).toHaveLength(app.charts.flatMap(chart => chart.toJson()).length);
  });

  test('the other files are beside them, and the tests of the rules find the rules', () => {
    for (const file of Object.keys(synthFiles(app))) expect(existsSync(join(app.outdir, file))).toBe(true);
    for (const file of alerts.ruleTestFiles.map(name => join(app.outdir, name))) {
      for (const rules of parse(readFileSync(file, 'utf8')).rule_files) expect(join(dirname(file), rules)).toBe(join(app.outdir, alerts.ruleFile));
    }
  });

  test('a restore is made from the file that its template is in', async () => {
    const manifest = await restoreManifest({ manifest: join(app.outdir, restore), job: 'db-restore', name: 'now', set: [] }, new Date());
    expect(parse(manifest)).toMatchObject({ kind: 'Job', metadata: { name: 'now', namespace: 'shop' } });
  });
});

describe('production and staging, whose objects are called alike', () => {
  function both(yamlOutputType: YamlOutputType, shared = false): App {
    const app = new App({ outdir: Testing.app().outdir, yamlOutputType });
    const chart = shared ? new Chart(app, 'both') : undefined;
    for (const namespace of ['production', 'staging']) {
      const own = chart ? undefined : new Chart(app, namespace, { namespace });
      if (own) new BackupCronJob(own, 'db-backup', props({ backupName: namespace }));
      else new ApiObject(chart!, namespace, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'db-backup', namespace } });
    }
    if (chart) new BackupCronJob(chart, 'db-backup', props());
    return app;
  }

  test('are refused where their files would be too, since one of the two would never be applied', () => {
    expect(() => both(YamlOutputType.FILE_PER_RESOURCE).synth()).toThrow(
      /\[staging\/db-backup\] staging\/db-backup\/\S+ of namespace "staging" and production\/db-backup\/\S+ of "production" are both written to "CronJob\.db-backup", and the last one replaces the other: .* choose FILE_PER_CHART/,
    );
    expect(() => both(YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE, true).synth()).toThrow('are both written to "both/ServiceAccount.db-backup"');
  });

  test.each([YamlOutputType.FILE_PER_APP, YamlOutputType.FILE_PER_CHART, YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE])('are all there otherwise, with output type %s', async type => {
    const app = both(type);
    app.synth();
    const cronJobs = Object.values(await manifestsOf(app)).flat().filter(({ kind }) => kind === 'CronJob');
    expect(cronJobs.map(({ metadata }) => metadata.namespace).sort()).toEqual(['production', 'staging']);
  });

  test('are not looked at where they are somebody else\'s', () => {
    const app = new App({ outdir: Testing.app().outdir, yamlOutputType: YamlOutputType.FILE_PER_RESOURCE });
    for (const namespace of ['production', 'staging']) new ApiObject(new Chart(app, namespace, { namespace }), 'a', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    new BackupCronJob(new Chart(app, 'backups', { namespace: 'shop' }), 'db-backup', props());
    expect(() => app.synth()).not.toThrow();
  });
});
