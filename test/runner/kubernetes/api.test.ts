import { mkdtempSync } from 'node:fs';
import http from 'node:http';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { API_URL_ENV, openKubernetes } from '../../../src/runner/kubernetes/api';

/* What a real API server does not do on demand. The rest is in test/integration/restore/workloads.test.ts. */
const signal = new AbortController().signal;
const patience = { unavailableMs: 5000, deniedMs: 5000 };

interface Seen {
  readonly method?: string;
  readonly url?: string;
  readonly type?: string;
  readonly body: string;
}

/** A server that gives the answers one after the other, and the last one for ever. */
async function serverOf(...answers: [number, unknown][]) {
  const seen: Seen[] = [];
  const server = http.createServer(async (request, response) => {
    const [status, body] = answers[Math.min(seen.length, answers.length - 1)]!;
    seen.push({ method: request.method, url: request.url, type: request.headers['content-type'], body: await text(request) });
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  open.push(server);
  return { seen, api: openKubernetes({ [API_URL_ENV]: `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/` }, undefined, patience) };
}

const open: http.Server[] = [];
afterEach(() => open.splice(0).forEach(server => server.close()));

test('sends a merge patch', async () => {
  const { api, seen } = await serverOf([200, { done: true }]);
  expect(await api.send({ method: 'PATCH', path: '/apis/x', query: { dryRun: 'All' }, body: { a: null } }, signal)).toEqual({ done: true });
  expect(seen).toEqual([{ method: 'PATCH', url: '/prefix/apis/x?dryRun=All', type: 'application/merge-patch+json', body: '{"a":null}' }]);
});

test('tries again what can pass', async () => {
  const { api, seen } = await serverOf([503, 'no etcd'], [429, 'too many'], [200, {}]);
  await api.send({ method: 'GET', path: '/x' }, signal);
  expect(seen).toHaveLength(3);
});

test.each<[number, unknown, number, string]>([
  [403, { message: 'User "a" cannot get b' }, 14, 'the Kubernetes API refuses GET /x: User "a" cannot get b'],
  [404, { message: 'b not found' }, 15, 'b not found'],
  [409, { message: 'the object has been modified' }, 1, 'the object has been modified'],
  [422, { message: 'Secret "tls" is invalid: data[key]: Invalid value: "planted: word": must be none' }, 1, 'Secret "tls" is invalid: data[key]: Invalid value: …: must be none'],
  [400, { message: 'admission webhook "policy" denied the request: planted word' }, 1, 'admission webhook "policy" denied the request: its log says why'],
  [418, '<html>', 1, 'status 418, <html>'],
])('does not try status %d again', async (status, body, exitCode, message) => {
  const { api, seen } = await serverOf([status, body]);
  await expect(api.send({ method: 'GET', path: '/x' }, signal)).rejects.toMatchObject({ status, exitCode, message: expect.stringContaining(message) });
  expect(seen).toHaveLength(1);
});

test('tries a refusal again after something was allowed: a server that was just started does not know all rights', async () => {
  const { api } = await serverOf([200, {}], [403, { message: 'RBAC: not found' }], [200, { late: true }]);
  await api.send({ method: 'GET', path: '/x' }, signal);
  expect(await api.send({ method: 'GET', path: '/x' }, signal)).toEqual({ late: true });
});

test('stops when it is told to', async () => {
  const { api } = await serverOf([503, '']);
  await expect(api.send({ method: 'GET', path: '/x' }, AbortSignal.timeout(300))).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('says what to do where there is no cluster', () => {
  expect(() => openKubernetes({})).toThrow(/^there is no Kubernetes API here: run "kubectl proxy --port=8001" and set CDK8S_BACKUP_KUBERNETES_URL=http:\/\/127.0.0.1:8001/);
});

test('says what to do where the pod has no token', async () => {
  const api = openKubernetes({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, path.join(mkdtempSync(path.join(tmpdir(), 'none-')), 'none'), patience);
  await expect(api.send({ method: 'GET', path: '/x' }, signal)).rejects.toThrow(/^the service account of this pod has no token: .*; it is mounted where 'workloads' are stopped/);
});
