import { describeCluster } from './_can-run';
import { kubectlWith } from './_cluster';
import { loseEverything, startWhispercache, Whispercache } from './_whispercache';

const ENGINES = ['db', 'redis', 'sqlite'];

describeCluster('restores in a cluster', () => {
  let world: Whispercache;
  let before: Awaited<ReturnType<Whispercache['rows']>>;

  beforeAll(async () => {
    world = await startWhispercache('restore');
    await Promise.all(ENGINES.map(engine => world.ns.pass(`${engine}-backup`)));
    before = await world.rows();
  });

  afterAll(() => world?.stop());

  /** How often the application was scaled to which replicas, by what the controller of Deployments has told. */
  const scaled = async () => {
    const { items } = await world.ns.get('events', '--field-selector=involvedObject.kind=Deployment,involvedObject.name=whispercache-backend');
    return Object.fromEntries(items.map(({ message, count }: any) => [`to ${/to (\d+)$/.exec(message)?.[1]}`, count]));
  };

  test('a plan, by restore-manifest --dry-run, changes nothing', async () => {
    const job = await world.cli('restore-manifest', '--manifest', world.manifest, '--job', 'db-restore', '--dry-run', '--name', 'look');
    await kubectlWith({ input: job }, 'create', '--filename=-');
    const { outcome, log } = await world.ns.ended('look');
    expect({ outcome, log }).toEqual({ outcome: 'Complete', log: expect.stringContaining('whispercache') });
    expect(await world.rows()).toEqual(before);
    expect(await scaled()).toEqual({ 'to 2': 1 });
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
    await world.ns.pass('sqlite-restore');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });

  test('complete loss: namespace and claims are deleted, rebuilt from manifests and bucket, and every row is back', async () => {
    const since = performance.now();
    await loseEverything(world);
    await world.rebuild();
    expect(await world.rows()).not.toEqual(before);
    expect(await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list')).toMatch(/whispercache_[^]*redis_[^]*whispercache-sqlite_/);
    for (const engine of ENGINES) await world.ns.pass(`${engine}-restore`);
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
    console.log(`everything was back ${Math.round((performance.now() - since) / 1000)} s after it was deleted`);
  });
});
