import http from 'node:http';
import { AddressInfo } from 'node:net';
import { site, Site } from './_site';
import { BackupSource, BackupStore, RestoreJob, RestoreWorkload } from '../../../src';
import { WorkloadConfig } from '../../../src/contract/config';
import { RESTORED_ANNOTATION } from '../../../src/runner/kubernetes/workload';
import { newChart, objectsOf } from '../../synth';
import { killAllBelow, run, Running, start } from '../_runner';
import { startWorkloadControllers, WorkloadControllers } from '../servers/_workload-controllers';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { KubectlProxy, startKubectlProxy } from '../servers/kubectl-proxy';

/*
 * What was restored is live, the application writes to it, and the run still waits for its pods: whatever ends the run then, what was
 * written since is not lost by a second restore.
 */
const NAMESPACE = 'shop';
const WEB = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/web`;
const web: WorkloadConfig = { kind: 'Deployment', name: 'web', namespace: NAMESPACE };

let server: KubeApiServer;
let controllers: WorkloadControllers;
let proxy: KubectlProxy;

beforeAll(async () => {
  server = await startKubeApiServer();
  const chart = newChart(NAMESPACE);
  new RestoreJob(chart, 'db-restore', {
    target: BackupSource.redis({ host: 'redis' }),
    stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x' })],
    workloads: [RestoreWorkload.fromDeploymentName('web')],
  });
  await server.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, ...objectsOf(chart).filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind)), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'app' }] } } },
  }]);
  controllers = startWorkloadControllers(server, NAMESPACE);
});

afterAll(async () => {
  await controllers?.stop();
  await server?.stop();
});

beforeEach(async () => {
  proxy = await startKubectlProxy(server, NAMESPACE, 'db-restore');
});

afterEach(() => {
  controllers.unready.clear();
  proxy.close();
});

/** Waits for this event in the log of a run. */
function logged({ process: child }: Running, event: string): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stderr!.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes(`"event":"${event}"`)) resolve();
    });
    child.once('close', () => reject(new Error(`ended without ${event}: ${text}`)));
  });
}

/** Restores until the application is started and not yet ready, and lets it write. */
async function untilLive({ options, write, notes }: Site, job: string): Promise<Running> {
  controllers.unready.add('web');
  const running = start(['restore', '--yes'], options(job));
  await logged(running, 'workload.starting');
  expect(notes()).toEqual(['backed up']);
  write('written since');
  return running;
}

test('a restore that is live is not done again by the pod that follows one that was killed', async () => {
  const given = await site(proxy, { workloads: [web] });
  const first = await untilLive(given, 'job-1');
  killAllBelow(first.process.pid!);
  expect((await first.ended).code).toBe(137);
  expect((await server.request('GET', WEB)).metadata.annotations).toEqual({ [RESTORED_ANNOTATION]: `job-1 ${given.id}` });
  controllers.unready.clear();

  const second = await run(['restore', '--yes'], given.options('job-1'));
  expect([second.code, second.events]).toEqual([0, expect.arrayContaining([expect.objectContaining({
    event: 'restore.resumed', message: expect.stringContaining(`${given.id} was restored by an earlier pod of this Job, and is not restored again`),
  })])]);
  expect(second.result).toMatchObject({ id: given.id });
  expect(given.notes()).toEqual(['backed up', 'written since']);

  const another = await run(['restore', '--yes'], given.options('job-2'));
  expect([another.code, another.message]).toEqual([0, expect.anything()]);
  expect(given.notes()).toEqual(['backed up']);
});

test('one that is told to stop while it waits for pods has done its work, says what it did not see, and is not run again', async () => {
  const given = await site(proxy, { workloads: [web] });
  const running = await untilLive(given, 'job-3');
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  expect([ended.code, ended.message]).toEqual([0, expect.stringContaining('the run was stopped before the application was seen to work')]);
  expect(JSON.parse(ended.stdout)).toMatchObject({ event: 'restore.finished', id: given.id, notes: [expect.stringContaining('the run was stopped before')] });
  expect(given.notes()).toEqual(['backed up', 'written since']);
  expect((await server.request('GET', WEB)).spec.replicas).toBe(1);
});

test('one that is told to stop while it waits for the health of the application has done its work too', async () => {
  const given = await site(proxy, { workloads: [web] });
  const asked = new Promise<void>(resolve => {
    health = http.createServer(() => resolve()).listen(0, '127.0.0.1'); // never answers
  });
  await new Promise(resolve => health.once('listening', resolve));
  const running = start(['restore', '--yes'], given.options('job-4', { workloads: [], healthUrl: `http://127.0.0.1:${(health.address() as AddressInfo).port}/` }));
  await asked;
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  health.closeAllConnections();
  health.close();
  expect([ended.code, ended.message]).toEqual([0, expect.stringContaining('the run was stopped before the application was seen to work')]);
});

let health: http.Server;
