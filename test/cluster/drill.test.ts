import { readdirSync } from 'node:fs';
import { describeCluster } from './_can-run';
import { kubectl } from './_cluster';
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

  test('nothing of what was restored stays in the claim of a scratch server, which goes with its Job', async () => {
    const { items } = await world.ns.get('pvc');
    const { metadata, spec } = items.find((claim: any) => claim.metadata.name.startsWith('db-drill-now-'));
    const volume = JSON.parse(await kubectl('get', 'pv', spec.volumeName, '--output=json'));
    expect(readdirSync(volume.spec.local.path)).toEqual([]);
    await world.ns.kubectl('delete', 'job', 'db-drill-now');
    await world.ns.kubectl('wait', '--for=delete', `pvc/${metadata.name}`, '--timeout=60s');
  });

  test('kubectl exec deploy/db-backup -- cdk8s-backup drills tells them', async () => {
    const drills = await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'drills');
    expect(drills).toMatch(/whispercache[^]*redis[^]*whispercache-sqlite/);
  });
});
