import { describeCluster } from './_can-run';
import { startWhispercache, Whispercache } from './_whispercache';

describeCluster('what goes wrong in a cluster', () => {
  let world: Whispercache;

  beforeAll(async () => {
    world = await startWhispercache('failures');
  });

  afterAll(() => world?.stop());

  const podsOf = async (job: string) => (await world.ns.get('pods', `--selector=job-name=${job}`)).items;

  test('a wrong password fails at once, without another try', async () => {
    await world.sql('ALTER ROLE whispercache PASSWORD \'another\'');
    const { outcome, log } = await world.ns.run('db-backup', 'wrong-password');
    await world.sql('ALTER ROLE whispercache PASSWORD \'wh$(HOME)-secret\'');
    expect({ outcome, log }).toEqual({ outcome: 'Failed', log: expect.stringMatching(/password/) });
    expect(log).not.toContain('-secret');
    expect(await podsOf('wrong-password')).toHaveLength(1);
  });

  test('a bucket that is out of reach is tried again, by another pod, and the backup is stored when it is back', async () => {
    await world.s3.kill();
    await world.ns.kubectl('create', 'job', 's3-down', '--from=cronjob/db-backup');
    await world.ns.kubectl('wait', '--for=jsonpath={.status.failed}=1', 'job/s3-down', '--timeout=150s');
    await world.s3.restart();
    const { outcome } = await world.ns.ended('s3-down');
    expect(outcome).toBe('Complete');
    expect((await podsOf('s3-down')).map(({ status }: any) => status.phase).sort()).toEqual(['Failed', 'Succeeded']);
  });
});
