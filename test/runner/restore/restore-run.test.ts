import http from 'node:http';
import { AddressInfo } from 'node:net';
import { RestoreConfig, WorkloadConfig } from '../../../src/contract/config';
import { ExitCode, RETRYABLE } from '../../../src/contract/exit-code';
import { createReporter } from '../../../src/runner/core/reporter';
import { RestoreFailure } from '../../../src/runner/engine-api/restorer';
import { API_URL_ENV, openKubernetes } from '../../../src/runner/kubernetes/api';
import { REPLICAS_ANNOTATION } from '../../../src/runner/kubernetes/workload';
import { KubernetesWorkloads } from '../../../src/runner/kubernetes/workloads';
import { bringUp } from '../../../src/runner/restore/restore-run';
import { capture } from '../_fixtures';

const web: WorkloadConfig = { kind: 'Deployment', name: 'web', namespace: 'shop' };
const restored = { state: 'database shop is app_20261122_020000', previous: null, notes: [] };

test('an API server that goes away after the restore is live ends the run with a code that no Job retries', async () => {
  const deployment = {
    metadata: { generation: 2, resourceVersion: '1', annotations: { [REPLICAS_ANNOTATION]: '2' } }, spec: { replicas: 0, selector: {}, template: { spec: {} } },
  };
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(request.method!);
    if (requests.length > 2) response.destroy(); // after the workload is scaled up again
    else response.end(JSON.stringify(deployment));
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const reporter = createReporter(capture());
  const api = openKubernetes({ [API_URL_ENV]: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, undefined, { unavailableMs: 0, deniedMs: 0 });
  const workloads = new KubernetesWorkloads([web], api, reporter, { pollMs: 1, stopSpareSeconds: 1, readyWithinSeconds: 60 });
  const config = { healthUrl: null } as RestoreConfig;
  const failure: unknown = await bringUp('app_20261122_020000', restored, workloads, { config, reporter, signal: new AbortController().signal }).catch(error => error);
  server.close();
  expect(requests.slice(0, 2)).toEqual(['GET', 'PATCH']);
  expect(failure).toMatchObject({ exitCode: ExitCode.DEADLINE, live: true, message: expect.stringMatching(/does not answer.*database shop is app_20261122_020000$/) });
});

test.each([ExitCode.FAILED, ExitCode.UNAVAILABLE, ExitCode.CANCELLED, ExitCode.CORRUPT])('a failure after a restore is live has no code that is retried, whatever it was: %s', code => {
  expect(RETRYABLE).not.toContain(new RestoreFailure('analyze failed', 'it is restored', true, code, { live: true }).exitCode);
  expect(new RestoreFailure('no', 'it is as it was', true, code).exitCode).toBe(code);
});
