import { describeCluster } from './_can-run';
import { kubectlWith } from './_cluster';
import { replaced } from './_example';
import { holdLock } from './_locks';
import { denied, rightsOf, runWithoutEach } from './_rights';
import { selfHealOf } from './_self-heal';
import { loseEverything, startWhispercache, Whispercache } from './_whispercache';
import { until } from '../integration/servers/_process';

/* Restores, in a world whose pods have all passwords and keys as files. */

const ENGINES = ['db', 'redis', 'sqlite'];
const RIGHTS = ['get deployments', 'patch deployments', 'list pods', 'list horizontalpodautoscalers'];
/** Longer than a healing controller takes for a turn. */
const TERMINATION_SECONDS = 5;

describeCluster('restores in a cluster', () => {
  let world: Whispercache;
  let before: Awaited<ReturnType<Whispercache['rows']>>;

  beforeAll(async () => {
    world = await startWhispercache('restore', source => replaced(source, 'const app = new App();', 'const app = new App();\nBackupDefaults.of(app).set({ credentialsAsFiles: true });'));
    await Promise.all(ENGINES.map(engine => world.ns.pass(`${engine}-backup`)));
    before = await world.rows();
  });

  afterAll(() => world?.stop());

  /** How often the application was scaled to which replicas, by what the controller of Deployments has told. */
  const scaled = async () => {
    const { items } = await world.ns.get('events', '--field-selector=involvedObject.kind=Deployment,involvedObject.name=whispercache-backend');
    return Object.fromEntries(items.map(({ message, count }: any) => [`to ${/to (\d+)$/.exec(message)?.[1]}`, count]));
  };
  const podsOf = async (job: string) => (await world.ns.get('pods', `--selector=job-name=${job}`)).items;
  const corrupt = () => world.sql("DELETE FROM notes; UPDATE users SET name = 'corrupted'");

  test('credentials are files in all pods: no variable comes from a Secret', () => {
    const specs = world.objects.map(({ kind, spec }) => kind === 'CronJob' ? spec.jobTemplate.spec.template.spec : kind === 'Deployment' ? spec.template.spec : undefined).filter(spec => spec !== undefined);
    const variables = specs.flatMap(({ containers }) => containers[0].env);
    expect(specs.length).toBeGreaterThan(9);
    expect(variables.filter(({ valueFrom }: any) => valueFrom?.secretKeyRef !== undefined)).toEqual([]);
    expect(variables).toContainEqual({ name: 'POSTGRES_PASSWORD_FILE', value: expect.stringMatching(/^\/etc\/cdk8s-backup\/secrets\//) });
  });

  test('a plan, by restore-manifest --dry-run, changes nothing', async () => {
    const job = await world.cli('restore-manifest', '--manifest', world.manifest, '--job', 'db-restore', '--dry-run', '--name', 'look');
    await kubectlWith({ input: job }, 'create', '--filename=-');
    const { outcome, log } = await world.ns.ended('look');
    expect({ outcome, log }).toEqual({ outcome: 'Complete', log: expect.stringContaining('whispercache') });
    expect(await world.rows()).toEqual(before);
    expect(await scaled()).toEqual({ 'to 2': 1 });
  });

  test('without any one of the verbs of its Role a restore ends before anything has changed, and says which it lacks', async () => {
    await Promise.all(['db-restore', 'sqlite-restore'].map(async restore => {
      expect((await rightsOf(world.ns, restore)).map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(RIGHTS);
      const ended = await runWithoutEach(world.ns, restore, restore);
      expect([...ended].map(denied)).toEqual(RIGHTS.map(right => ({ right, outcome: 'Failed', said: 'which it lacks' })));
    }));
    const { metadata: { generation }, spec } = await world.ns.get('deployment/whispercache-backend');
    expect({ generation, replicas: spec.replicas, rows: await world.rows() }).toEqual({ generation: 1, replicas: 2, rows: before });
  });

  test('an emergency restore of PostgreSQL stops the application, brings every row back, and starts it again', async () => {
    await world.sql('DELETE FROM notes; DROP TABLE notes; UPDATE users SET name = \'corrupted\'');
    await world.ns.pass('db-restore', 'emergency-restore');
    expect(await scaled()).toEqual({ 'to 2': 2, 'to 0': 1 });
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });

  test('a restore of Redis brings every key back', async () => {
    await world.redis('FLUSHALL');
    await world.ns.pass('redis-restore');
    expect(await world.rows()).toEqual(before);
  });

  test('a restore of SQLite stops the application, whose file it is, and brings every row back', async () => {
    await world.notes('?empty=all');
    expect(await world.rows()).not.toEqual(before);
    await world.ns.pass('sqlite-restore');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });

  describe('beside a controller that heals replicas', () => {
    test('a restore whose application does not stay stopped ends, says what stands in the way, and has changed nothing', async () => {
      const gitops = selfHealOf(world, TERMINATION_SECONDS);
      await gitops.sync();
      await corrupt();
      const corrupted = await world.rows();
      gitops.start();
      const { outcome, log } = await world.ns.run('db-restore', 'healed');
      await gitops.pause();
      expect({ outcome, log }).toEqual({ outcome: 'Failed', log: expect.stringMatching(/was scaled up to 2 while it was to be stopped: .*GitOps.*pause that, then run the restore again/) });
      expect(await podsOf('healed')).toHaveLength(1);
      await world.ns.ready('deployment/whispercache-backend');
      const { spec, metadata } = await world.ns.get('deployment/whispercache-backend');
      expect([spec.replicas, Object.keys(metadata.annotations).filter(name => name.startsWith('cdk8s-backup/'))]).toEqual([2, []]);
      expect(await world.rows()).toEqual(corrupted);
    });

    test('a restore whose application comes back in its middle brings every row back, replaces the pods that may have seen the old ones, and says so', async () => {
      const gitops = selfHealOf(world, TERMINATION_SECONDS);
      const lock = await holdLock(world, 'LOCK TABLE pg_database IN SHARE MODE');
      await world.ns.kubectl('create', 'job', 'healed-later', '--from=cronjob/db-restore');
      await until('the restore makes its database', 90_000, async () => await lock.waiting('create database') === 1);
      gitops.start();
      await world.ns.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=2', 'deployment/whispercache-backend', '--timeout=60s');
      const old = await names();
      await lock.release();
      const { outcome, log } = await world.ns.ended('healed-later');
      await gitops.pause();
      expect({ outcome, log }).toEqual({ outcome: 'Complete', log: expect.stringMatching(/was scaled up to 2 in the middle of the restore.*they are replaced/) });
      await world.ns.ready('deployment/whispercache-backend');
      expect((await names()).filter(name => old.includes(name))).toEqual([]);
      expect(await world.rows()).toEqual(before);
      await selfHealOf(world, 0).sync();
    });

    /** Of the pods of the application that are not ending. */
    const names = async (): Promise<string[]> => (await world.ns.get('pods', '--selector=app=backend')).items
      .filter(({ metadata }: any) => metadata.deletionTimestamp === undefined).map(({ metadata }: any) => metadata.name);
  });

  test('keys of the bucket that change reach the pod of the exporter, which is not started again', async () => {
    const exporter = async () => (await world.ns.get('pods', '--selector=cdk8s-backup/exporter=db-backup')).items.map(({ metadata, status }: any) => [metadata.uid, status.containerStatuses[0].restartCount]);
    const listed = () => world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list');
    const running = await exporter();
    await world.s3.rotate();
    await expect(listed()).rejects.toThrow('secret access key');
    await world.ns.kubectl('patch', 'secret/backup-secrets', `--patch=${JSON.stringify({ stringData: world.s3.keys })}`);
    await until('the kubelet has replaced the files', 150_000, () => listed().then(text => text.includes('whispercache_'), () => false));
    expect(await exporter()).toEqual(running);
  });

  test('complete loss: namespace and claims are deleted, rebuilt from manifests and bucket, and every row is back', async () => {
    const since = performance.now();
    await loseEverything(world);
    await world.rebuild();
    expect(await world.sql("SELECT to_regclass('users') IS NULL")).toBe('t');
    expect(await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list')).toMatch(/whispercache_[^]*redis_[^]*whispercache-sqlite_/);
    for (const engine of ENGINES) await world.ns.pass(`${engine}-restore`);
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
    console.log(`everything was back ${Math.round((performance.now() - since) / 1000)} s after it was deleted`);
  });
});
