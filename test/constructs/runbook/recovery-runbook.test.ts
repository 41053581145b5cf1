import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart, Size, YamlOutputType } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { CONTACTS, RECIPIENT, SAID, fileOf, filesOf, section, shop, textsOf } from './_shop-runbook';
import {
  BackupCronJob, BackupDefaults, BackupSource, BackupStore, Decryption, Encryption, RecoveryRunbook, RecoveryRunbookProps, RestoreJob, RestoreMode,
} from '../../../src';
import { ALERT_HELP } from '../../../src/constructs/runbook/content/alert-help';
import { EXIT_CODES } from '../../../src/constructs/runbook/content/exit-codes';
import { ExitCode } from '../../../src/contract/exit-code';
import { tempDir } from '../../integration/servers/_process';
import { ROOT } from '../../pages';
import { newChart } from '../../synth';

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
  const ofMarkdown = markdown.replaceAll(/^ *```(sh( \w+="[^"\n]*")*)?$|\]\(#[^)]*\)|^\|(---\|)+$|^ *(\d+\.|-|#+) /gm, ' ').replaceAll(/\\([`*_[\]<>|#~\\])/g, '$1');
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
  // What the restore mounts is in no file of another machine.
  for (const runbook of [without, within]) expect(section(runbook, 'Keep outside of the cluster')).toMatch(/doctor --break-glass .* --identity backup\.key$/m);
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
