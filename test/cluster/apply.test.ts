import { describeCluster } from './_can-run';
import { startWhispercache, Whispercache } from './_whispercache';

describeCluster('kubectl apply of what was synthesized', () => {
  let world: Whispercache;

  beforeAll(async () => {
    world = await startWhispercache('apply');
  });

  afterAll(() => world?.stop());

  test('a CronJob fires by itself, and the templates of restores never do, not even where somebody resumes them', async () => {
    const { ns, objects } = world;
    const templates = objects.filter(({ kind, spec }) => kind === 'CronJob' && spec.suspend === true).map(({ metadata }) => metadata.name);
    expect(templates).toEqual(expect.arrayContaining(['db-restore', 'redis-restore', 'sqlite-restore']));
    for (const name of templates) await ns.kubectl('patch', `cronjob/${name}`, '--patch={"spec":{"suspend":false}}');
    await ns.kubectl('patch', 'cronjob/redis-backup', '--patch={"spec":{"schedule":"* * * * *"}}');
    await ns.kubectl('wait', '--for=jsonpath={.status.lastScheduleTime}', 'cronjob/redis-backup', '--timeout=90s');
    await ns.kubectl('patch', 'cronjob/redis-backup', '--patch={"spec":{"suspend":true}}');
    const { items } = await ns.get('jobs');
    expect(items.map(({ metadata }: any) => metadata.ownerReferences[0].name)).toEqual(['redis-backup']);
    expect(await ns.ended(items[0].metadata.name)).toMatchObject({ outcome: 'Complete' });
  });
});
