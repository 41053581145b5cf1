import { describeCluster } from './_can-run';
import { startWhispercache, Whispercache } from './_whispercache';

const ENGINES = ['db', 'redis', 'sqlite'];

describeCluster('drills in a cluster', () => {
  let world: Whispercache;

  beforeAll(async () => {
    world = await startWhispercache('drill');
    await Promise.all(ENGINES.map(engine => world.ns.pass(`${engine}-backup`)));
  });

  afterAll(() => world?.stop());

  test('those of three engines pass at once, each with a server of its own beside it', async () => {
    const before = await world.rows();
    await Promise.all(ENGINES.map(engine => world.ns.pass(`${engine}-drill`, `${engine}-drill-now`)));
    const { items } = await world.ns.get('pods', '--selector=component=restore-drill');
    expect(items.map(({ metadata, status }: any) => [metadata.labels['cdk8s-backup/job'], status.phase, status.initContainerStatuses?.[0].state.terminated?.exitCode]).sort())
      .toEqual([['db-drill', 'Succeeded', 0], ['redis-drill', 'Succeeded', 0], ['sqlite-drill', 'Succeeded', undefined]]);
    expect(await world.rows()).toEqual(before);
  });

  test('kubectl exec deploy/db-backup -- cdk8s-backup drills tells them', async () => {
    const drills = await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'drills');
    expect(drills).toMatch(/whispercache[^]*redis[^]*whispercache-sqlite/);
  });
});
