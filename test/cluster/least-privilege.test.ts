import { describeCluster } from './_can-run';
import { startWhispercache, Whispercache } from './_whispercache';

describeCluster('the Role of a restore in a cluster', () => {
  let world: Whispercache;
  let before: Awaited<ReturnType<Whispercache['rows']>>;

  beforeAll(async () => {
    world = await startWhispercache('rights');
    await world.ns.pass('db-backup');
    before = await world.rows();
  });

  afterAll(() => world?.stop());

  const replace = (rules: readonly any[]) => world.ns.kubectl('patch', 'role/db-restore', `--patch=${JSON.stringify({ rules })}`);

  test.each([
    ['get', 'deployments'],
    ['patch', 'deployments'],
    ['list', 'pods'],
    ['list', 'horizontalpodautoscalers'],
  ])('without the verb %s of %s it ends before anything has changed, and says which it lacks', async (verb, resource) => {
    const { rules } = await world.ns.get('role/db-restore');
    const without = (verbs: readonly string[]) => verbs.filter(other => other !== verb);
    const lacking = rules.map((rule: any) => rule.resources.includes(resource) ? { ...rule, verbs: without(rule.verbs) } : rule);
    await replace(lacking.filter(({ verbs }: any) => verbs.length > 0));
    const { outcome, log } = await world.ns.run('db-restore');
    await replace(rules);
    expect({ outcome, log }).toEqual({ outcome: 'Failed', log: expect.stringMatching(new RegExp(`${verb}[^]*${resource}|${resource}[^]*${verb}`)) });
    expect((await world.ns.get('deployment/whispercache-backend')).spec.replicas).toBe(2);
    expect(await world.rows()).toEqual(before);
  });

  test('it has no verb besides, and with all of them it brings the rows back', async () => {
    const { rules } = await world.ns.get('role/db-restore');
    expect(rules.flatMap(({ resources, verbs }: any) => verbs.map((verb: string) => `${verb} ${resources.join()}`)).sort())
      .toEqual(['get deployments', 'list horizontalpodautoscalers', 'list pods', 'patch deployments']);
    await world.sql("UPDATE users SET name = 'corrupted'");
    await world.ns.pass('db-restore');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });
});
