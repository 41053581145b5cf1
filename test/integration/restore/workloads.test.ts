import { setTimeout as sleep } from 'node:timers/promises';
import { NAMESPACE, pathOf, web, worker, workload } from './_workloads';
import { BackupSource, BackupStore, RestoreJob, RestoreWorkload } from '../../../src';
import { WorkloadConfig } from '../../../src/contract/config';
import { createReporter } from '../../../src/runner/core/reporter';
import { KubernetesApi, openKubernetes } from '../../../src/runner/kubernetes/api';
import { REPLACED_ANNOTATION, REPLICAS_ANNOTATION } from '../../../src/runner/kubernetes/workload';
import { KubernetesWorkloads } from '../../../src/runner/kubernetes/workloads';
import { capture } from '../../runner/_fixtures';
import { newChart, objectsOf } from '../../synth';
import { startWorkloadControllers, WorkloadControllers } from '../servers/_workload-controllers';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';

/*
 * Against a real API server, as the service account that RestoreJob makes: its Role is what allows all of this. Pods come and go by a
 * small stand-in for the controllers.
 */
const signal = new AbortController().signal;

let server: KubeApiServer;
let controllers: WorkloadControllers;
let api: KubernetesApi;

beforeAll(async () => {
  server = await startKubeApiServer();
  await server.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
  const chart = newChart(NAMESPACE);
  new RestoreJob(chart, 'db-restore', {
    target: BackupSource.redis({ host: 'redis' }),
    stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x' })],
    workloads: [RestoreWorkload.fromDeploymentName('web'), RestoreWorkload.fromStatefulSetName('worker')],
  });
  await server.create(objectsOf(chart));
  api = await apiAs('db-restore');
  controllers = startWorkloadControllers(server, NAMESPACE);
});

afterAll(async () => {
  await controllers?.stop();
  await server?.stop();
});

beforeEach(async () => {
  await server.create([workload('Deployment', 'web', 3), workload('StatefulSet', 'worker', 2), workload('Deployment', 'other', 1)]);
  await until(async () => await podsOf('web') === 3 && await podsOf('worker') === 2);
});

afterEach(async () => {
  controllers.stuck.clear();
  controllers.unready.clear();
  for (const path of [pathOf('web'), pathOf('other'), pathOf('worker', 'statefulsets')]) await server.request('DELETE', path);
  await server.request('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods?gracePeriodSeconds=0`);
  await server.request('DELETE', `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`);
});

async function apiAs(account: string, deniedMs = 10_000): Promise<KubernetesApi> {
  const env = { KUBERNETES_SERVICE_HOST: server.host, KUBERNETES_SERVICE_PORT: String(server.port) };
  return openKubernetes(env, await server.serviceAccountDirectory(NAMESPACE, account), { unavailableMs: 60_000, deniedMs });
}

function open(workloads: readonly WorkloadConfig[] = [web, worker], through: KubernetesApi = api, limits = { stop: 60, ready: 60 }) {
  const log = capture();
  return Object.assign(new KubernetesWorkloads(workloads, through, createReporter(log), {
    pollMs: 50, stopSpareSeconds: limits.stop, readyWithinSeconds: limits.ready,
  }), { log: () => log.text() });
}

async function stateOf(name: string, resource?: string) {
  const { metadata, spec } = await server.request('GET', pathOf(name, resource));
  return { replicas: spec.replicas, written: metadata.annotations?.[REPLICAS_ANNOTATION] };
}

async function podsOf(name: string): Promise<number> {
  return (await server.request('GET', `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3D${name}`)).items.length;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await sleep(50);
}

function scale(name: string, replicas: number): Promise<unknown> {
  return server.request('PATCH', pathOf(name), { spec: { replicas } });
}

test('stops all, with the numbers written down, and starts all with as many as before', async () => {
  const workloads = open();
  expect(await workloads.inspect(signal)).toEqual([]);
  await workloads.stop(signal);
  expect(await stateOf('web')).toEqual({ replicas: 0, written: '3' });
  expect(await stateOf('worker', 'statefulsets')).toEqual({ replicas: 0, written: '2' });
  expect([await podsOf('web'), await podsOf('worker'), await podsOf('other')]).toEqual([0, 0, 1]);

  await workloads.start(true, signal);
  expect(await stateOf('web')).toEqual({ replicas: 3, written: undefined });
  expect(await stateOf('worker', 'statefulsets')).toEqual({ replicas: 2, written: undefined });
  const { status } = await server.request('GET', pathOf('web'));
  expect(status.readyReplicas).toBe(3);
});

test('a look at them changes nothing', async () => {
  await open([web]).inspect(signal);
  expect(await stateOf('web')).toEqual({ replicas: 3, written: undefined });
  expect((await server.request('GET', pathOf('web'))).metadata.generation).toBe(1);
});

test('a run that is killed after the stop is followed by one that knows the numbers', async () => {
  await open().stop(signal);
  // Killed here. The next run finds zero.
  const second = open();
  await second.stop(signal);
  expect(await stateOf('web')).toEqual({ replicas: 0, written: '3' });
  await second.start(true, signal);
  expect(await stateOf('web')).toEqual({ replicas: 3, written: undefined });
});

test('what somebody has scaled up meanwhile counts more than what was written down', async () => {
  await open().stop(signal);
  await scale('web', 5);
  const second = open();
  await second.stop(signal);
  expect(await stateOf('web')).toEqual({ replicas: 0, written: '5' });
  await scale('web', 4);
  await second.start(true, signal);
  expect(await stateOf('web')).toEqual({ replicas: 4, written: undefined });
});

test('what was at zero before is at zero afterwards, and what was not stopped is not touched', async () => {
  await scale('web', 0);
  const workloads = open();
  await workloads.start(true, signal);
  expect(await stateOf('worker', 'statefulsets')).toEqual({ replicas: 2, written: undefined });
  await workloads.stop(signal);
  await workloads.start(true, signal);
  expect(await stateOf('web')).toEqual({ replicas: 0, written: undefined });
});

test('a change by somebody else in between is not overwritten', async () => {
  let interfered = false;
  const workloads = open([web], {
    send: async (request, abort) => {
      if (request.method === 'PATCH' && !interfered) {
        interfered = true;
        await scale('web', 7);
      }
      return api.send(request, abort);
    },
  });
  await workloads.stop(signal);
  expect(await stateOf('web')).toEqual({ replicas: 0, written: '7' });
});

test('waits for pods that take their time, and names those that stay', async () => {
  controllers.stuck.add('web');
  let stopped = false;
  const stopping = open([web]).stop(signal).then(() => {
    stopped = true;
  });
  await sleep(1500);
  expect(stopped).toBe(false);
  controllers.stuck.clear();
  await stopping;

  await scale('web', 1);
  await until(async () => await podsOf('web') === 1);
  controllers.stuck.add('web');
  await expect(open([web], api, { stop: 1, ready: 1 }).stop(signal)).rejects.toThrow(/^Deployment web has not stopped within 1 s: web-\d+ is still there; if a node is lost/);
});

test('pods of a Job with the same labels do not count', async () => {
  await server.request('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, {
    metadata: { name: 'migration', labels: { app: 'web' }, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'migration', uid: 'x', controller: true }] },
    spec: { containers: [{ name: 'main', image: 'app' }] },
  });
  await open([web]).stop(signal);
  expect(await podsOf('web')).toBe(1);
});

test('somebody who scales up while it is stopped is noticed', async () => {
  controllers.stuck.add('web');
  const stopping = open([web]).stop(signal);
  await until(async () => (await stateOf('web')).replicas === 0);
  await scale('web', 2);
  await expect(stopping).rejects.toThrow('Deployment web was scaled up to 2 while it was to be stopped: something else sets its replicas');
});

test('so is who scales up what has stopped, while another one is still waited for', async () => {
  controllers.stuck.add('worker');
  let waitsForWorker = false;
  const stopping = open([web, worker], {
    send: (request, abort) => {
      waitsForWorker ||= request.query?.labelSelector === 'app=worker';
      return api.send(request, abort);
    },
  }).stop(signal);
  await until(async () => waitsForWorker);
  await scale('web', 2);
  controllers.stuck.clear();
  await expect(stopping).rejects.toThrow('Deployment web was scaled up to 2 while it was to be stopped');
});

test('pods that somebody has started in the middle of a restore are replaced after it, once', async () => {
  const workloads = open();
  await workloads.stop(signal);
  await scale('web', 2);
  await workloads.start(true, signal, 'app_20261122_020000');
  await workloads.start(false, signal, 'app_20261122_020000');
  const { metadata, spec } = await server.request('GET', pathOf('web'));
  expect(spec).toMatchObject({ replicas: 2, template: { metadata: { annotations: { [REPLACED_ANNOTATION]: expect.any(String) } } } });
  expect(metadata.generation).toBe(4); // made, stopped, scaled up, replaced
  expect((await server.request('GET', pathOf('worker', 'statefulsets'))).spec.template.metadata.annotations).toBeUndefined();
  expect(workloads.log()).toContain('Deployment web was scaled up to 2 in the middle of the restore, so its pods may use what was there before: they are replaced.');
});

test('pods that do not get ready are told, and the rest is started all the same', async () => {
  controllers.unready.add('web');
  const workloads = open([web, worker], api, { stop: 60, ready: 1 });
  await workloads.stop(signal);
  await expect(workloads.start(true, signal)).rejects.toThrow('Deployment web is started, but only 0 of 3 pods are ready after 1 s: see "kubectl describe deployment/web -n shop"');
  expect(workloads.log()).toContain('"event":"workload.waiting","workload":"web","ready":0,"replicas":3,"message":"Deployment web: 0 of 3 pods are ready, waiting for the rest"');
  expect(await stateOf('worker', 'statefulsets')).toEqual({ replicas: 2, written: undefined });
});

test('a run that is being stopped does not wait', async () => {
  controllers.unready.add('web');
  const workloads = open([web]);
  await workloads.stop(signal);
  await workloads.start(false, AbortSignal.timeout(3000));
  expect(await stateOf('web')).toEqual({ replicas: 3, written: undefined });
});

describe('finds before anything changes', () => {
  test('what is not there', async () => {
    const chart = newChart(NAMESPACE);
    new RestoreJob(chart, 'gone-restore', {
      target: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x' })], workloads: [RestoreWorkload.fromDeploymentName('gone')],
    });
    await server.create(objectsOf(chart));
    expect(await open([{ ...web, name: 'gone' }], await apiAs('gone-restore')).inspect(signal)).toEqual([
      { message: expect.stringMatching(/^Deployment gone: .*deployments.apps "gone" not found; apply the application first/), exitCode: 15 },
    ]);
  });

  test('what its account may not do: everything but the named objects', async () => {
    const impatient = await apiAs('db-restore', 0);
    expect(await open([{ ...web, name: 'other' }], impatient).inspect(signal)).toEqual([
      { message: expect.stringMatching(/^Deployment other: .*User "system:serviceaccount:shop:db-restore" cannot get resource "deployments".*; the Role that RestoreJob makes/), exitCode: 14 },
    ]);
    for (const path of [`/api/v1/namespaces/${NAMESPACE}/secrets`, pathOf('').slice(0, -1), '/api/v1/namespaces/kube-system/pods']) {
      await expect(impatient.send({ method: 'GET', path }, signal)).rejects.toThrow('is forbidden');
    }
  });

  test.each<[string, object, RegExp | undefined]>([
    ['leaves an ordinary autoscaler alone, which rests at zero', { spec: { minReplicas: 2 } }, undefined],
    ['refuses one that may scale up from zero', { spec: { minReplicas: 0 } }, /^HorizontalPodAutoscaler scaler would start Deployment web in the middle of the restore, since its minReplicas is 0/],
    ['refuses KEDA\'s', { ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'web-scaler', uid: 'x' }], spec: { minReplicas: 1 } },
      /^KEDA would start Deployment web in the middle of the restore, through ScaledObject web-scaler: pause it first/],
  ])('and %s', async (_case, { ownerReferences, spec }: any, message) => {
    await server.create([{
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'scaler', namespace: NAMESPACE, ownerReferences },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 10,
        metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } } }],
        ...spec,
      },
    }]);
    const workloads = open();
    const findings = await workloads.inspect(signal);
    expect(findings).toEqual(message ? [{ message: expect.stringMatching(message), exitCode: 10 }] : []);
    if (!message) expect(workloads.log()).toContain('HorizontalPodAutoscaler scaler rests while Deployment web is at zero');
  });
});

test('a control plane that is away for a while is waited for', async () => {
  await server.kill();
  const stopping = open([web]).stop(signal);
  await sleep(500);
  await server.restart();
  await stopping;
  expect(await stateOf('web')).toEqual({ replicas: 0, written: '3' });
});

test('a control plane that stays away is named', async () => {
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
  const away = openKubernetes(env, await server.serviceAccountDirectory(NAMESPACE, 'db-restore'), { unavailableMs: 500, deniedMs: 0 });
  await expect(open([web], away).stop(signal)).rejects.toThrow(/^the Kubernetes API at 127.0.0.1:1 does not answer: .*ECONNREFUSED/);
});
