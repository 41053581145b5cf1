import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart, Cron, Duration, Size, YamlOutputType } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import {
  BackupAlertRules, BackupCronJob, BackupDefaults, BackupExporter, BackupSource, BackupStore, Decryption, Encryption,
  RecoveryRunbook, RecoveryRunbookProps, RestoreDrill, RestoreJob, RestoreMode, RestoreWorkload, Retention, S3ObjectLockMode, StoreLocation,
} from '../../../src';
import { SynthFile } from '../../../src/constructs/core/synth-file';
import { ALERT_HELP } from '../../../src/constructs/runbook/content/alert-help';
import { EXIT_CODES } from '../../../src/constructs/runbook/content/exit-codes';
import { ExitCode } from '../../../src/contract/exit-code';
import { tempDir } from '../../integration/servers/_process';
import { blocks, isShell, ROOT } from '../../pages';
import { newChart, objectsOf } from '../../synth';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const CONTACTS = [{ name: 'Ada', role: 'decides about restores', channel: '+44 20 7946 0000' }];

/** What the app below says, and the runbook repeats. */
const SAID = {
  minute: '7',
  keptDays: 9,
  rpoHours: 40,
  rtoMinutes: 50,
  restoreMebibytes: 8,
  bucket: 'shop-bucket',
  lockDays: 2,
  region: 'eu-west-1',
  claim: 'shop-backups',
  role: 'shop_owner',
  key: 'DB_PASSWORD',
  workload: 'till',
  health: 'http://till/healthy',
  port: 9090,
  restore: 'orders-restore',
};

/** An app with one of everything. */
function shop(chart: Chart, props: RecoveryRunbookProps = {}, changes: Partial<typeof SAID> = {}) {
  const said = { ...SAID, ...changes };
  const password = { secret: kplus.Secret.fromSecretName(chart, 'secrets', 'shop-secrets'), key: said.key };
  const stores = [
    BackupStore.volume({ claimName: said.claim, size: Size.gibibytes(20) }),
    BackupStore.s3({ bucketName: said.bucket, prefix: 'shop', location: StoreLocation.region(said.region), objectLock: { mode: S3ObjectLockMode.COMPLIANCE, duration: Duration.days(said.lockDays) } }),
  ];
  const db = new BackupCronJob(chart, 'orders-backup', {
    source: BackupSource.postgres({ host: 'pg.data', databaseName: 'orders', user: said.role, password }),
    stores,
    schedule: Cron.schedule({ minute: said.minute, hour: '3' }),
    retention: Retention.days(said.keptDays),
    verify: { schedule: Cron.weekly() },
    objectives: {
      rpo: Duration.hours(said.rpoHours),
      corruption: { rto: Duration.minutes(said.rtoMinutes) },
      restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(64), restorePerSecond: Size.mebibytes(said.restoreMebibytes) },
    },
  });
  const cache = new BackupCronJob(chart, 'cache-backup', { source: BackupSource.redis({ host: 'cache.example.com' }), stores, onDemand: true });
  const restores = [
    new RestoreJob(chart, said.restore, { backup: db, workloads: [RestoreWorkload.fromStatefulSetName(said.workload)], healthUrl: said.health }),
    new RestoreJob(chart, 'cache-restore', { backup: cache }),
  ];
  const drills = [new RestoreDrill(chart, 'orders-drill', { backup: db, schedule: Cron.weekly() })];
  new BackupExporter(chart, 'look', { backups: [db, cache], restores, drills, port: said.port });
  new BackupAlertRules(chart, 'alarm', { backups: [db, cache], drills, runnerMetrics: true, ruleLabels: { release: 'x' }, runbookUrl: 'https://git.example.com/RUNBOOK.md' });
  new RecoveryRunbook(chart, 'runbook', props);
}

/** Without the others: the tests of alert rules take much longer than all else. */
function fileOf(scope: IConstruct, name: string): string {
  return filesOf(scope).find(({ fileName }) => fileName === name)!.text();
}

function filesOf(scope: IConstruct): readonly SynthFile[] {
  return scope.node.findAll().filter((construct): construct is SynthFile => construct instanceof SynthFile);
}

function textsOf(define: (chart: Chart) => void = shop, chart = newChart()) {
  define(chart);
  return { chart, markdown: fileOf(chart, 'RUNBOOK.md'), html: fileOf(chart, 'runbook.html') };
}

const commandsOf = (text: string) => blocks({ file: 'RUNBOOK.md', text }).filter(isShell).map(({ code }) => code);
/** What is below a heading, up to the next one of its level or above. */
function section(text: string, heading: string): string {
  const [, marks, below] = new RegExp(`^(#+) ${heading}\\n([^]*)`, 'm').exec(text) ?? [];
  expect([heading, marks]).toEqual([heading, expect.anything()]);
  return below!.split(new RegExp(`^#{1,${marks!.length}} `, 'm'))[0]!;
}

describe('every command', () => {
  const { chart, markdown } = textsOf();
  const objects = objectsOf(chart);
  const all = commandsOf(markdown);
  const found = (pattern: RegExp) => [...new Set(all.flatMap(code => [...code.matchAll(pattern)].map(match => match[1]!)))].sort();
  const named = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind)).map(({ metadata }) => metadata.name).sort();

  test('is complete: there is nothing that the reader would have to replace', () => {
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(code => /…|<[a-z-]+>|\bNAME\b(?![=}%"])|NAMESPACE|MANIFEST|example\.com/.test(code.replaceAll('cache.example.com', '')))).toEqual([]);
    const taken = new Set(all.flatMap(code => [...code.matchAll(/"\$(\w+)/g)].map(([, variable]) => variable!)));
    const unset = [...taken].filter(variable => variable !== 'PWD' && !all.some(code => new RegExp(`\\b${variable}=|read -rs? ${variable}\\b|for ${variable} in`).test(code)));
    expect(unset).toEqual([]);
  });

  test('names CronJobs, Deployments, Services, Secrets, claims and files that are there, in their namespace', () => {
    expect(found(/cronjob\/([\w-]+)/g)).toEqual(named('CronJob'));
    expect(found(/--job ([\w-]+)/g).filter(job => !named('CronJob').includes(job))).toEqual([]);
    expect(found(/deploy(?:ment)?\/([\w-]+)/g)).toEqual(['look']);
    expect(found(/svc\/([\w-]+)/g)).toEqual(['look', 'pg']);
    expect(found(/get secret ([\w-]+)/g)).toEqual(['backup-secrets', 'shop-secrets']);
    expect(found(/pvc\/([\w-]+)/g)).toEqual(['shop-backups']);
    expect(found(/-n ([\w-]+)/g)).toEqual(['1', 'data', 'shop']); // tail, the namespace of "pg.data", and the chart's
    expect(found(/--manifest ([\w.-]+)/g)).toEqual(['chart.k8s.yaml']);
    expect(found(/--name ([\w-]+)/g)).toEqual(['orders', 'redis']);
  });

  test('finds pods by a label that they have', () => {
    const jobs = objects.filter(({ kind }) => kind === 'CronJob').map(({ spec }) => spec.jobTemplate.spec.template.metadata.labels['cdk8s-backup/job']);
    expect(found(/-l cdk8s-backup\/job=([\w-]+)/g).filter(job => !jobs.includes(job))).toEqual([]);
  });

  test('replaces and appends arguments where the container has some', () => {
    for (const { spec } of objects.filter(({ kind }) => kind === 'CronJob')) expect(spec.jobTemplate.spec.template.spec.containers[0].args.length).toBeGreaterThan(0);
    expect(found(/"path":"([^"]+)"/g)).toEqual(['/spec/template/spec/containers/0/args', '/spec/template/spec/containers/0/args/-']);
  });

  test('reaches a server of the cluster through a port-forward, and one outside as it is', () => {
    expect(section(markdown, 'From any machine: orders')).toContain('kubectl -n data port-forward svc/pg 15432:5432');
    expect(section(markdown, 'From any machine: orders')).toContain('--set target.host=localhost --set target.port=15432');
    expect(section(markdown, 'From any machine: redis')).toContain('--set target.host=cache.example.com --set target.port=6379');
    expect(section(markdown, 'From any machine: redis')).not.toContain('port-forward');
  });

  test('needs no volume of the cluster outside of it: what a restore replaces is stored in the bucket alone', () => {
    for (const heading of ['From any machine: orders', 'From any machine: redis', 'Under Compose: orders', 'Under Compose: redis']) {
      expect(section(markdown, heading).match(/--store s3 .*--set stores\.volume=null/g)).toHaveLength(2);
    }
  });

  test('runs the image of the pod beside a server under Compose, which has the name of its Service there', () => {
    const { image } = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'orders-restore').spec.jobTemplate.spec.template.spec.containers[0];
    expect(section(markdown, 'Under Compose: orders')).toContain(`${image} restore --yes --manifest /runbook/chart.k8s.yaml --job orders-restore --store s3 --set target.host=pg --set target.port=5432`);
    expect(section(markdown, 'Under Compose: redis')).toContain('--set target.host=cache.example.com --set target.port=6379 ');
  });
});

test.each<[change: Partial<typeof SAID>, before: string, after: string]>([
  [{ minute: '8' }, '`7 3 * * *`', '`8 3 * * *`'],
  [{ keptDays: 10 }, '| 9 days; never fewer than 3 |', '| 10 days; never fewer than 3 |'],
  [{ rpoHours: 41 }, '1 day 16 hours lost at most', '1 day 17 hours lost at most'],
  [{ rtoMinutes: 55 }, 'back within 50 minutes', 'back within 55 minutes'],
  [{ restoreMebibytes: 4 }, '12 minutes 40 seconds from s3', '14 minutes 48 seconds from s3'],
  [{ bucket: 'other-bucket' }, 's3://shop-bucket/shop/orders/', 's3://other-bucket/shop/orders/'],
  [{ lockDays: 3 }, 'COMPLIANCE, 2 days', 'COMPLIANCE, 3 days'],
  [{ region: 'eu-west-2' }, 'eu-west-1', 'eu-west-2'],
  [{ claim: 'more-backups' }, 'claim shop-backups', 'claim more-backups'],
  [{ role: 'owner2' }, '--username=shop_owner', '--username=owner2'],
  [{ key: 'DB_PW' }, '{{index .data "DB_PASSWORD"', '{{index .data "DB_PW"'],
  [{ workload: 'tills' }, '`StatefulSet till`', '`StatefulSet tills`'],
  [{ health: 'http://till/well' }, '`http://till/healthy`', '`http://till/well`'],
  [{ port: 9091 }, 'port-forward svc/look 9090', 'port-forward svc/look 9091'],
  [{ restore: 'bring-back' }, '--from=cronjob/orders-restore', '--from=cronjob/bring-back'],
])('says what the objects say: %j', (changes, before, after) => {
  const [was, is] = [{}, changes].map(each => textsOf(chart => shop(chart, {}, each)).markdown);
  expect([was!.includes(before), was!.includes(after)]).toEqual([true, false]);
  expect([is!.includes(before), is!.includes(after)]).toEqual([false, true]);
});

test('both files have the same words, in the same order', () => {
  const { markdown, html } = textsOf(chart => shop(chart, { contacts: CONTACTS, url: 'https://git.example.com/RUNBOOK.md' }));
  const ofMarkdown = markdown.replaceAll(/^ *```(sh)?$|\]\(#[^)]*\)|^\|(---\|)+$|^ *(\d+\.|-|#+) /gm, ' ').replaceAll(/\\([`*_[\]<>|#~\\])/g, '$1');
  const entities: { readonly [name: string]: string } = { 'amp': '&', 'lt': '<', 'gt': '>', 'quot': '"', '#39': '\'' };
  const ofHtml = /<main>([^]*)<\/main>/.exec(html)![1]!.replaceAll(/<[^>]+>/g, ' ').replaceAll(/&([^;]+);/g, (_all, name: string) => entities[name]!);
  const letters = (text: string) => text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();
  expect(letters(ofMarkdown)).toBe(letters(ofHtml));
});

test('the HTML needs nothing beside itself, and every reference in it leads somewhere', () => {
  const { html } = textsOf(chart => shop(chart, { contacts: CONTACTS }));
  expect(html).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
  expect(html).toMatch(/prefers-color-scheme: dark[^]*@media print/);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  expect(new Set(ids).size).toBe(ids.length);
  const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
  expect(targets.length).toBeGreaterThan(20);
  expect(targets.filter(target => !ids.includes(target))).toEqual([]);
});

test('the first page has every emergency, with what is promised for it', () => {
  const { markdown } = textsOf();
  const scenarios = [...markdown.split('## First')[0]!.matchAll(/\| \[([^\]]+)\]\(#/g)].map(([, name]) => name!);
  expect(scenarios).toEqual([
    'Data are wrong or gone', 'A table was dropped', 'A migration went wrong', 'A pod is lost', 'A node is lost', 'A zone is lost', 'A region is lost',
    'The cluster is lost', 'Credentials are leaked', 'Somebody has deleted or encrypted things',
  ]);
  for (const scenario of scenarios) expect(section(markdown, scenario).length).toBeGreaterThan(100);
  expect(markdown).toContain('[Data are wrong or gone](#data-are-wrong-or-gone) | orders: 1 day 16 hours lost at most, back within 50 minutes |');
});

test('nothing stands in it that no object implements', () => {
  const { markdown } = textsOf(chart => {
    new BackupCronJob(chart, 'only', { source: BackupSource.postgres({ host: 'pg', databaseName: 'orders', user: 'u' }), stores: [BackupStore.volume({ size: Size.gibibytes(1) })], onDemand: true });
    new RecoveryRunbook(chart, 'runbook');
  });
  for (const heading of ['Alerts', 'Contacts', 'After a restore', 'Restore from any machine', 'Restore with stock tools alone', 'A key is lost']) expect(markdown).not.toMatch(new RegExp(`^#+ ${heading}`, 'm'));
  expect(section(markdown, 'Restore orders')).toContain('No restore of it is defined in the cluster.');
  expect(markdown).toContain('No store of orders is outside of the cluster: these backups are lost with it.');
  // Nothing watches it, so a pod of its own looks.
  expect(section(markdown, 'Day to day: orders')).toContain('"value":["list"]');
});

test('a restore that keeps nothing is said to, and has no way back', () => {
  const define = (safetyBackup: boolean) => (chart: Chart) => {
    const stores = [BackupStore.s3({ bucketName: 'shop-bucket', region: 'eu-west-1' })];
    const backup = new BackupCronJob(chart, 'only', { source: BackupSource.redis({ host: 'redis' }), stores, onDemand: true });
    new RestoreJob(chart, 'restore', { backup, mode: RestoreMode.redisReplication({ safetyBackup }) });
    new RecoveryRunbook(chart, 'runbook');
  };
  const [kept, lost] = [true, false].map(safetyBackup => textsOf(define(safetyBackup)).markdown) as [string, string];
  expect(kept).toMatch(/A restore keeps what it replaces[^]*What it replaces is kept[^]*^### Go back, or keep it: redis$/m);
  expect(lost).not.toMatch(/keeps what it replaces|What it replaces is kept|Go back/);
  expect(section(lost, 'Restore redis')).toContain('It does not keep what it replaces');
});

test('sealed backups name their recipients, and are opened with an identity where the cluster has none', () => {
  const define = (decryption?: Decryption) => (chart: Chart) => {
    const backup = new BackupCronJob(chart, 'only', {
      source: BackupSource.postgres({ host: 'pg', databaseName: 'orders', user: 'u' }),
      stores: [BackupStore.s3({ bucketName: 'shop-bucket', region: 'eu-west-1' })],
      onDemand: true,
      encryption: Encryption.age({ recipients: [RECIPIENT] }),
    });
    new RestoreJob(chart, 'restore', { backup, decryption });
    new RecoveryRunbook(chart, 'runbook');
  };
  const without = textsOf(define()).markdown;
  expect(section(without, 'A key is lost')).toContain(RECIPIENT);
  expect(section(without, 'Restore orders')).toContain('Its backups are sealed, and no identity is in the cluster.');
  expect(section(without, 'From any machine: orders')).toContain('--identity backup.key');
  expect(section(without, 'Under Compose: orders')).toMatch(/--user "\$\(id -u\):\$\(id -g\)"[^]*--identity \/runbook\/backup\.key/);
  expect(section(without, 'With stock tools: orders')).toContain('age --decrypt --identity backup.key');

  const chart = newChart();
  const within = textsOf(define(Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'key', 'backup-key'), 'identity')), chart).markdown;
  expect(section(within, 'Restore orders')).toContain('--from=cronjob/restore');
  expect(section(within, 'The cluster is lost')).toContain('create secret generic backup-key --from-file=identity=backup-key.identity');
});

test('credentials that are files in the pods are the same Secrets to the reader', () => {
  const asFiles = textsOf(chart => {
    BackupDefaults.of(chart).set({ credentialsAsFiles: true });
    shop(chart);
  }).markdown;
  expect(asFiles).toBe(textsOf().markdown);
});

test('two databases of one name are told apart, in every heading', () => {
  const app = new App();
  for (const namespace of ['production', 'staging']) {
    const chart = new Chart(app, namespace, { namespace });
    const backup = new BackupCronJob(chart, 'backup', { source: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: namespace, region: 'eu-west-1' })], onDemand: true });
    new RestoreJob(chart, 'restore', { backup });
  }
  new RecoveryRunbook(app, 'runbook');
  const markdown = fileOf(app, 'RUNBOOK.md');
  expect(section(markdown, 'Restore production redis')).toContain('kubectl -n production create job');
  expect(section(markdown, 'Restore staging redis')).toContain('kubectl -n staging create job');
  expect(markdown).toMatch(/^# Recovery runbook of production, staging$/m);
});

test('a restore of a backup that another app makes has its section', () => {
  const { markdown } = textsOf(chart => {
    new RestoreJob(chart, 'elsewhere', { target: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: 'shop-bucket', region: 'eu-west-1' })] });
    new RecoveryRunbook(chart, 'runbook');
  });
  expect(section(markdown, 'Restore redis')).toContain('--from=cronjob/elsewhere');
});

test.each([
  [YamlOutputType.FILE_PER_APP, 'app.k8s.yaml', '-f app.k8s.yaml'],
  [YamlOutputType.FILE_PER_CHART, 'chart.k8s.yaml', '-f chart.k8s.yaml'],
  [YamlOutputType.FILE_PER_RESOURCE, 'CronJob.orders-restore.k8s.yaml', '-f .'],
  [YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE, 'chart/CronJob.orders-restore.k8s.yaml', '-R -f chart'],
])('with output type %s it names the file that is written', (yamlOutputType, file, applied) => {
  const outdir = tempDir('runbook');
  const app = new App({ yamlOutputType, outdir });
  shop(new Chart(app, 'chart', { namespace: 'shop' }));
  app.synth();
  expect(readFileSync(path.join(outdir, file), 'utf8')).toContain('name: orders-restore');
  const markdown = readFileSync(path.join(outdir, 'RUNBOOK.md'), 'utf8');
  expect(markdown).toContain(`--manifest ${file} --job orders-restore`);
  expect(markdown).toContain(`kubectl apply ${applied}\n`);
});

test('charts that depend on each other have a number in the names of their files', () => {
  const outdir = tempDir('runbook');
  const app = new App({ outdir });
  const [first, second] = ['one', 'two'].map(id => new Chart(app, id, { namespace: 'shop' }));
  first!.addDependency(second!);
  shop(first!);
  new kplus.ConfigMap(second!, 'map');
  app.synth();
  const [, file] = /--manifest (\S+) --job orders-restore/.exec(readFileSync(path.join(outdir, 'RUNBOOK.md'), 'utf8'))!;
  expect(readFileSync(path.join(outdir, file!), 'utf8')).toContain('name: orders-restore');
});

test('each alert has a heading that its runbook_url leads to', () => {
  const { chart, markdown } = textsOf();
  const rules = fileOf(chart, 'monitoring/alarm.rules');
  const urls = [...new Set([...rules.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url!))];
  const headings = [...section(markdown, 'Alerts').matchAll(/^### (\w+)$/gm)].map(([, name]) => `https://git.example.com/RUNBOOK.md#${name!.toLowerCase()}`);
  expect(headings).toEqual(urls);
  expect(headings.length).toBeGreaterThan(15);
});

test('every alert that there is has a meaning, and none that there is not', () => {
  const page = readFileSync(path.join(ROOT, 'docs/reference/metrics-and-alerts.md'), 'utf8');
  expect(Object.keys(ALERT_HELP).sort()).toEqual([...new Set([...page.matchAll(/^\| (Backup\w+) \|/gm)].map(([, name]) => name!))].sort());
});

test('exit codes mean what the contract says', () => {
  const source = readFileSync(path.join(ROOT, 'src/contract/exit-code.ts'), 'utf8');
  const meanings = Object.fromEntries([...source.matchAll(/\/\*\* (.*) \*\/\n {2}([A-Z_]+): \d+,/g)].map(([, meaning, name]) => [name!, meaning]));
  expect(Object.fromEntries(Object.entries(EXIT_CODES).map(([name, { meaning }]) => [name, meaning]))).toEqual(meanings);
  expect(Object.keys(meanings)).toEqual(Object.keys(ExitCode));
});

test('the same app gives the same bytes', () => {
  const [{ chart: _one, ...one }, { chart: _other, ...other }] = [textsOf(), textsOf()];
  expect(one).toEqual(other);
});

test('it is about what is defined later as well', () => {
  const chart = newChart();
  new RecoveryRunbook(chart, 'runbook', { title: 'Shop', runbookName: 'shop' });
  new BackupCronJob(chart, 'late', { source: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: 'shop-bucket', region: 'eu-west-1' })], onDemand: true });
  expect(filesOf(chart).map(({ fileName }) => fileName)).toEqual(['shop.md', 'shop.html']);
  expect(fileOf(chart, 'shop.md')).toMatch(/^# Shop\n[^]*cronjob\/late/);
});

test.each<[RecoveryRunbookProps, string]>([
  [{ contacts: [{ ...CONTACTS[0]!, channel: ' ' }] }, '\'contacts[0].channel\' must be text'],
  [{ title: '' }, '\'title\' must be text'],
  [{ keptAt: 'a\nb' }, '\'keptAt\' must be text'],
  [{ runbookName: 'docs/runbook' }, '\'runbookName\' must be letters'],
  [{ url: 'wiki' }, '\'url\' must be a URL'],
])('refuses %j', (props, message) => {
  expect(() => new RecoveryRunbook(newChart(), 'runbook', props)).toThrow(message);
});

test('refuses to be about nothing', () => {
  const chart = newChart();
  new RecoveryRunbook(chart, 'runbook');
  expect(chart.node.findChild('runbook').node.validate()).toEqual(['there is no backup and no restore in "chart": define the runbook in a scope that has some']);
});
