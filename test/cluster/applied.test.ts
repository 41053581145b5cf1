import { Cron, Size } from 'cdk8s';
import { describeCluster } from './_can-run';
import { kubectlWith, Namespace } from './_cluster';
import { startWhispercache, Whispercache } from './_whispercache';
import { BackupAlertRules, BackupCronJob, BackupSource, BackupStore } from '../../src';
import { canonicalQuantity } from '../../src/constructs/core/quantity';
import { newChart, objectsOf, props } from '../synth';

/* What the README says about applying: with kubectl, again, by another field manager, and by what prunes. */

/** By which Argo CD, Helm and Flux leave an object alone. */
const KEPT = { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false', 'helm.sh/resource-policy': 'keep', 'kustomize.toolkit.fluxcd.io/prune': 'disabled' };

describeCluster('what is applied', () => {
  let world: Whispercache;
  let ns: Namespace;

  beforeAll(async () => {
    world = await startWhispercache('applied');
    ns = world.ns;
  });

  test('twice, is unchanged: every object says so', async () => {
    const lines = (await ns.apply([world.dist])).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(world.objects.length);
    expect(lines.filter(line => !line.endsWith(' unchanged'))).toEqual([]);
  });

  test('server-side by another field manager, has no conflict, and changes nothing', async () => {
    const specs = async () => (await ns.get('cronjobs,deployments,networkpolicies,services,persistentvolumeclaims')).items
      // Not annotations: kubectl takes away its own, in which it noted what was applied before.
      .map(({ kind, metadata: { name, labels }, spec }: any) => ({ kind, name, labels, spec }));
    const before = await specs();
    const said = await ns.kubectl('apply', '--server-side', '--field-manager=gitops', `--filename=${world.dist}`);
    expect(said.trim().split('\n').filter(line => !line.endsWith(' serverside-applied'))).toEqual([]);
    expect(await specs()).toEqual(before);
  });

  test('is stored with quantities as they are written', async () => {
    const quantities = ['1024Mi', '1536Mi', '1.5Gi', '0.5Ki', '1000Mi', '1048576Ki', '1000m', '100m', '1500m', '0.1', '2', '2.0', '1000', '1000M', '1000000', '1024', '0', '0Mi', '1e3'];
    const labels = { app: 'quantities' };
    const containers = quantities.map((memory, i) => ({ name: `c${i}`, image: 'none', resources: { limits: { memory } } }));
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'quantities' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } } };
    const stored = JSON.parse(await kubectlWith({ input: JSON.stringify(deployment) }, '--namespace', ns.name, 'create', '--dry-run=server', '--output=json', '--filename=-'));
    expect(quantities.map(canonicalQuantity)).toEqual(stored.spec.template.spec.containers.map(({ resources }: any) => resources.limits.memory));
  });

  describe('for very many backups', () => {
    /** What a synth for so many makes besides the backups. */
    const rulesOf = (count: number): any[] => {
      const chart = newChart(ns.name);
      const stores = [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
      const backups = Array.from({ length: count }, (_, i) => new BackupCronJob(chart, `backup-${i}`, props({
        stores, verify: { schedule: Cron.weekly() }, source: BackupSource.postgres({ host: 'db', databaseName: `d${i}`, user: 'u' }),
      })));
      new BackupAlertRules(chart, 'many', { backups, runnerMetrics: true, ruleLabels: { release: 'x' } });
      return objectsOf(chart).filter(({ kind }) => kind === 'PrometheusRule' || kind === 'ConfigMap');
    };

    test('is small enough for "kubectl apply"', async () => {
      const objects = rulesOf(47);
      expect(objects.length).toBeGreaterThan(3);
      const said = (await ns.apply(objects)).trim().split('\n');
      expect(said.filter(line => !line.endsWith(' created'))).toEqual([]);
    });

    test('and then for fewer, leaves PrometheusRules that are to be deleted by hand', async () => {
      await ns.apply(rulesOf(1));
      const there = (await ns.get('prometheusrules', '--selector=app.kubernetes.io/instance=many')).items.map(({ metadata: { name } }: any) => name);
      expect(there).toEqual(expect.arrayContaining(['many', 'many-2']));
      await ns.kubectl('delete', 'prometheusrule', ...there.filter((name: string) => name !== 'many'));
      expect((await ns.apply(rulesOf(1))).trim().split('\n').filter(line => !line.endsWith(' unchanged'))).toEqual([]);
    });
  });

  test('doctor in the exporter passes, and says what is not checked there', async () => {
    const text = await ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'doctor', '--name', 'whispercache');
    expect(text).toMatch(/^not checked +database/m);
    expect(text).not.toMatch(/^ERROR/m);
  });

  test('is pruned with all that is not to be kept, and what the claim has is there when it comes back', async () => {
    await ns.pass('db-backup');
    const listed = async () => (await ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list')).match(/^whispercache_\S+/gm);
    const before = await listed();
    const kept = ({ metadata: { annotations = {} } }: any) => Object.entries(KEPT).every(([name, value]) => annotations[name] === value);
    expect(world.objects.filter(kept).map(({ kind, metadata: { name } }) => `${kind} ${name}`)).toEqual(['PersistentVolumeClaim backup-storage']);
    const pruned = world.objects.filter(object => !kept(object));
    await kubectlWith({ input: pruned.map(object => JSON.stringify(object)).join('\n') }, 'delete', '--filename=-', '--wait', '--timeout=120s');
    expect((await ns.get('cronjobs,deployments,persistentvolumeclaims')).items.map(({ metadata: { name } }: any) => name)).toContain('backup-storage');
    await ns.apply([world.dist]);
    await ns.ready('deployment/db-backup');
    expect([before, await listed()]).toEqual([expect.arrayContaining([expect.anything()]), before]);
  });
});
