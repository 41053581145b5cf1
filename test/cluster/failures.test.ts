import { readdirSync } from 'node:fs';
import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { describeCluster } from './_can-run';
import { kubectl, kubectlWith } from './_cluster';
import { holdLock } from './_locks';
import { startWhispercache, Whispercache } from './_whispercache';
import { BackupCronJob, BackupSource, BackupStore } from '../../src';
import { until } from '../integration/servers/_process';
import { newChart, objectsOf, props } from '../synth';

/** Of the storage class whose volumes have a bound: see provisioner.ts. */
const BOUNDED_BYTES = 64 * 1024 * 1024;

/** Runs in a pod: fills the claim until next to nothing is free, unless it is larger than it is to be. */
const FILL = `
  const { blocks, bavail, bsize } = fs.statfsSync('/backups');
  if (blocks * bsize > ${BOUNDED_BYTES}) throw new Error('the claim has ' + blocks * bsize + ' bytes, and no bound: nothing is written');
  fs.writeFileSync('/backups/filler', Buffer.alloc(bavail * bsize - 16 * 1024));
  console.log('{}');
`;
/** Runs in a pod: all files of the claim, with their digests. */
const FILES = `
  const files = fs.readdirSync('/backups', { recursive: true, withFileTypes: true }).filter(file => file.isFile()).map(file => file.parentPath + '/' + file.name);
  console.log(JSON.stringify(Object.fromEntries(files.map(file => [file, require('crypto').createHash('sha256').update(fs.readFileSync(file)).digest('hex')]))));
`;
const FILLER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'filler' },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: 'main',
      image: 'node:24-trixie-slim',
      command: ['node', '-e', 'setInterval(() => {}, 60000)'],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      volumeMounts: [{ name: 'backups', mountPath: '/backups' }],
    }],
    volumes: [{ name: 'backups', persistentVolumeClaim: { claimName: 'small' } }],
  },
};

/** A backup of the database into a small claim, and nowhere else. */
function smallClaim(namespace: string): any[] {
  const chart = newChart(namespace);
  const secret = kplus.Secret.fromSecretName(chart, 'Secret', 'backup-secrets');
  new BackupCronJob(chart, 'small-backup', props({
    backupName: 'small',
    source: BackupSource.postgres({ host: 'postgres', databaseName: 'whispercache', user: 'whispercache', password: { secret, key: 'POSTGRES_PASSWORD' } }),
    stores: [BackupStore.volume({ claimName: 'small', size: Size.gibibytes(1), storageClassName: 'bounded' })],
  }));
  return objectsOf(chart);
}

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
    const lock = await holdLock(world, 'LOCK TABLE notes');
    await Promise.all(['deleted', 'evicted'].map(job => ns.kubectl('create', 'job', job, '--from=cronjob/db-backup')));
    const pods = await Promise.all(['deleted', 'evicted'].map(async job => {
      await ns.kubectl('wait', '--for=create', 'pod', `--selector=job-name=${job}`, '--timeout=60s');
      await ns.kubectl('wait', '--for=condition=Ready', 'pod', `--selector=job-name=${job}`, '--timeout=60s');
      return (await podsOf(job))[0].metadata.name as string;
    }));
    await until('both backups wait for the table', 60_000, async () => await lock.waiting('LOCK TABLE') === 2);
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
    const lock = await holdLock(world, 'LOCK TABLE notes');
    const { outcome } = await world.ns.run('db-backup', 'late', job => {
      job.spec.activeDeadlineSeconds = 15;
    }).finally(() => lock.release());
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

  test('a drill that fails leaves nothing of what it has restored in the claim of its server', async () => {
    await world.ns.pass('db-backup');
    const { outcome, log } = await world.ns.run('db-drill', 'failed-drill', job => {
      const variable = job.spec.template.spec.containers[0].env.find(({ name }: any) => name === 'CDK8S_BACKUP_CONFIG');
      variable.value = variable.value.replace('SELECT count(*) > 0 FROM users', 'SELECT count(*) = 0 FROM users');
    });
    expect({ outcome, log }).toEqual({ outcome: 'Failed', log: expect.stringMatching(/"outcome":"failed".*"items":[1-9]/) });
    const claims = (await world.ns.get('pvc')).items.filter(({ metadata: { name } }: any) => name.startsWith('failed-drill-'));
    expect(claims).toHaveLength(1);
    const volume = JSON.parse(await kubectl('get', 'pv', claims[0].spec.volumeName, '--output=json'));
    expect(readdirSync(volume.spec.local.path)).toEqual([]);
  });

  test('a claim that is full fails a backup at once, which says how much is free; earlier backups and other files are as they were, and when there is room the next one is stored', async () => {
    const { ns } = world;
    await ns.apply(smallClaim(ns.name));
    await ns.pass('small-backup');
    await ns.apply([FILLER]);
    await ns.kubectl('wait', '--for=condition=Ready', 'pod/filler', '--timeout=60s');
    const inPod = (script: string) => ns.kubectl('exec', 'filler', '--', 'node', '-e', script).then(text => JSON.parse(text));
    await inPod(FILL);
    const files = await inPod(FILES);
    const { outcome, log } = await ns.run('small-backup', 'full');
    expect({ outcome, log }).toEqual({ outcome: 'Failed', log: expect.stringMatching(/volume \(\/backups\S*\): can't .*: the volume is full, \d+ bytes free/) });
    expect(await podsOf('full')).toHaveLength(1);
    expect((await podsOf('full'))[0].status.containerStatuses[0].state.terminated.exitCode).toBe(16);
    const after = await inPod(FILES);
    expect(after).toMatchObject(files);
    expect(Object.keys(after).filter(file => !(file in files) && !file.endsWith('.failed.json'))).toEqual([]);
    await inPod("fs.rmSync('/backups/filler'); console.log('{}')");
    await ns.pass('small-backup');
    expect(Object.keys(await inPod(FILES)).filter(file => /_\d{6}\.json$/.test(file))).toHaveLength(2);
  });

  /** A Job whose pod is otherwise, and that nobody waits for. */
  const start = async (cronJob: string, job: string, change: (podSpec: any) => void) => {
    const object = JSON.parse(await world.ns.kubectl('create', 'job', job, `--from=cronjob/${cronJob}`, '--dry-run=client', '--output=json'));
    change(object.spec.template.spec);
    await world.ns.apply([object]);
  };
});
