import { describeCluster } from './_can-run';
import { denied, rightsOf, runWithoutEach } from './_rights';
import { startWhispercache, Whispercache } from './_whispercache';

const RIGHTS = ['get deployments', 'patch deployments', 'list pods', 'list horizontalpodautoscalers'];

describeCluster('the Role of a restore in a cluster', () => {
  let world: Whispercache;
  let before: Awaited<ReturnType<Whispercache['rows']>>;

  beforeAll(async () => {
    world = await startWhispercache('rights');
    await Promise.all([world.ns.pass('db-backup'), world.ns.pass('sqlite-backup')]);
    before = await world.rows();
  });

  afterAll(() => world?.stop());

  describe.each([
    ['db-restore', () => world.sql("UPDATE users SET name = 'corrupted'")],
    ['sqlite-restore', () => world.notes('?empty=all')],
  ])('%s', (restore, corrupt) => {
    test('without any one of its verbs it ends before anything has changed, and says which it lacks', async () => {
      expect((await rightsOf(world.ns, restore)).map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(RIGHTS);
      const ended = await runWithoutEach(world.ns, restore, restore);
      expect([...ended].map(denied)).toEqual(RIGHTS.map(right => ({ right, outcome: 'Failed', said: 'which it lacks' })));
      const { metadata: { generation }, spec } = await world.ns.get('deployment/whispercache-backend');
      expect(spec.replicas).toBe(2);
      expect({ generation, rows: await world.rows() }).toEqual({ generation: stopped * 2 + 1, rows: before });
    });

    test('with all of them it brings the rows back', async () => {
      await corrupt();
      expect(await world.rows()).not.toEqual(before);
      await world.ns.pass(restore);
      stopped++;
      await world.ns.ready('deployment/whispercache-backend');
      expect(await world.rows()).toEqual(before);
    });
  });

  /** How often the application was scaled to 0 and back: its specification has not changed otherwise. */
  let stopped = 0;
});
