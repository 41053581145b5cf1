import http from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { createReporter } from '../../../src/runner/core/reporter';
import { waitUntilHealthy } from '../../../src/runner/restore/health';
import { capture } from '../_fixtures';

const NEVER = new AbortController().signal;
const silent = createReporter(capture());
const servers: http.Server[] = [];

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

test('asks until the answer is good', async () => {
  let asked = 0;
  const url = await serving((_request, response) => {
    response.statusCode = asked++ === 0 ? 503 : 204;
    response.end();
  });
  await waitUntilHealthy(url, silent, NEVER);
  expect(asked).toBe(2);
}, 20_000);

test('asks over a new connection each time, so that a gateway which answered first does not answer for ever; the log says what it waits for', async () => {
  const log = capture();
  let connections = 0;
  const url = await serving((request, response) => {
    // As kube-proxy does it: who is asked is decided when the connection is made.
    response.statusCode = (request.socket as Socket & { nth: number }).nth <= 2 ? 404 : 200;
    response.end('x');
  }, socket => Object.assign(socket, { nth: ++connections }));
  await waitUntilHealthy(url, createReporter(log), NEVER);
  expect(connections).toBe(3);
  const lines = log.text().trim().split('\n').map(line => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: 'info', event: 'health.waiting', answer: 'status 404', message: expect.stringMatching(/does not answer well yet, with status 404; the restore waits at most 5 min/) },
    { level: 'info', event: 'health.good' },
  ]);
}, 20_000);

test('an application that takes the question and never answers is given up, and the code is not one that restores again', async () => {
  const url = await serving(() => {});
  await expect(waitUntilHealthy(url, silent, NEVER, 100)).rejects.toMatchObject({
    exitCode: 17, message: expect.stringMatching(/does not answer well, last with .*timeout.*: the restore itself is done, look at the application's log/),
  });
}, 20_000);

test('one that is not there is given up as well, with what is wrong', async () => {
  await expect(waitUntilHealthy('http://127.0.0.1:1/', silent, NEVER, 0)).rejects.toMatchObject({ exitCode: 17, message: expect.stringMatching(/does not answer well, last with /) });
});

test('a run that is stopped does not wait', async () => {
  const url = await serving(() => {});
  await expect(waitUntilHealthy(url, silent, AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' });
});

async function serving(listener: http.RequestListener, connected: (socket: Socket) => void = () => {}): Promise<string> {
  const server = http.createServer(listener).on('connection', connected);
  servers.push(server);
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}
