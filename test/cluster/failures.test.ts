import { readdirSync } from 'node:fs';
import { describeCluster } from './_can-run';
import { kubectlWith } from './_cluster';
import { startWhispercache, Whispercache } from './_whispercache';
import { until } from '../integration/servers/_process';

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

  test('a pod that is deleted, or evicted, in the middle of a backup takes its claim back, and another one stores the backup', async () => {
    const { ns, s3 } = world;
    const lock = await holdBackups();
    await Promise.all(['deleted', 'evicted'].map(job => ns.kubectl('create', 'job', job, '--from=cronjob/db-backup')));
    const pods = await Promise.all(['deleted', 'evicted'].map(async job => {
      await ns.kubectl('wait', '--for=create', 'pod', `--selector=job-name=${job}`, '--timeout=60s');
      await ns.kubectl('wait', '--for=condition=Ready', 'pod', `--selector=job-name=${job}`, '--timeout=60s');
      return (await podsOf(job))[0].metadata.name as string;
    }));
    await until('both backups wait for the table', 60_000, async () => await lock.waiting() === 2);
    await ns.kubectl('delete', 'pod', pods[0]!, '--wait=false');
    await kubectlWith(
      { input: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pods[1], namespace: ns.name } }) },
      'create', '--raw', `/api/v1/namespaces/${ns.name}/pods/${pods[1]}/eviction`, '--filename=-',
    );
    await Promise.all(pods.map(pod => ns.kubectl('wait', '--for=delete', `pod/${pod}`, '--timeout=90s')));
    await lock.release();
    for (const job of ['deleted', 'evicted']) expect(await ns.ended(job)).toMatchObject({ outcome: 'Complete' });
    const left = readdirSync(s3.dataDirectory, { recursive: true }).map(String).filter(file => file.endsWith('.started'));
    expect(left).toEqual([]);
  });

  test('a backup that passes its deadline is ended, and says so', async () => {
    const lock = await holdBackups();
    const { outcome } = await world.ns.run('db-backup', 'late', job => {
      job.spec.activeDeadlineSeconds = 15;
    });
    await lock.release();
    expect(outcome).toBe('Failed');
    const { status } = await world.ns.get('job/late');
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Failed', reason: 'DeadlineExceeded' }));
  });

  test('a pod that runs out of memory is killed, and tried again', async () => {
    await start('db-backup', 'small', spec => {
      spec.containers[0].resources = { requests: { memory: '16Mi' }, limits: { memory: '24Mi' } };
    });
    await world.ns.kubectl('wait', '--for=jsonpath={.status.failed}=1', 'job/small', '--timeout=90s');
    const [pod] = (await podsOf('small')).filter(({ status }: any) => status.phase === 'Failed');
    expect(pod.status.containerStatuses[0].state.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    await world.ns.kubectl('delete', 'job/small', '--wait=false');
  });

  test('a drill whose server fills its emptyDir is evicted, which names the volume', async () => {
    await start('redis-drill', 'overflow', spec => {
      spec.volumes.find(({ name }: any) => name === 'server-data').emptyDir.sizeLimit = '1Mi';
      Object.assign(spec.initContainers[0], { command: ['sh', '-c', 'head -c 30000000 /dev/zero > /scratch-server/file; sleep 300'], args: [] });
    });
    await world.ns.kubectl('wait', '--for=jsonpath={.status.failed}=1', 'job/overflow', '--timeout=120s');
    const [pod] = (await podsOf('overflow')).filter(({ status }: any) => status.phase === 'Failed');
    expect(pod.status).toMatchObject({ reason: 'Evicted', message: expect.stringContaining('server-data') });
    await world.ns.kubectl('delete', 'job/overflow', '--wait=false');
  });

  /** A Job whose pod is otherwise, and that nobody waits for. */
  const start = async (cronJob: string, job: string, change: (podSpec: any) => void) => {
    const object = JSON.parse(await world.ns.kubectl('create', 'job', job, `--from=cronjob/${cronJob}`, '--dry-run=client', '--output=json'));
    change(object.spec.template.spec);
    await world.ns.apply([object]);
  };

  /** Locks a table that every backup of the database has to read. */
  const holdBackups = async () => {
    const held = world.sql('BEGIN; LOCK TABLE notes; SELECT pg_sleep(600)').catch(() => 'ended');
    const count = async (what: string) => Number(await world.sql(`SELECT count(*) FROM pg_stat_activity WHERE ${what}`, 'postgres'));
    const holder = "query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
    await until('the table is locked', 30_000, async () => await count(`${holder} AND wait_event = 'PgSleep'`) === 1);
    return {
      waiting: () => count("wait_event_type = 'Lock' AND query LIKE '%LOCK TABLE%'"),
      release: async () => {
        await world.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${holder}`, 'postgres');
        await held;
      },
    };
  };
});
