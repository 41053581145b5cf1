import { describeCluster } from './_can-run';
import { startWhispercache, Whispercache } from './_whispercache';

describeCluster('backups in a cluster', () => {
  let world: Whispercache;

  beforeAll(async () => {
    world = await startWhispercache('backup');
  });

  afterAll(() => world?.stop());

  test.each(['db-backup', 'redis-backup', 'sqlite-backup'])('kubectl create job --from=cronjob/%s stores a backup', async cronJob => {
    const log = await world.ns.pass(cronJob);
    expect(JSON.parse(log.trimEnd().split('\n').at(-1)!)).toMatchObject({ artifacts: expect.arrayContaining([expect.anything()]) });
  });

  test('kubectl exec deploy/db-backup -- cdk8s-backup list tells all three, in both stores', async () => {
    const list = await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list');
    expect(list).toMatch(/whispercache_[^]*redis_[^]*whispercache-sqlite_/);
  });
});
