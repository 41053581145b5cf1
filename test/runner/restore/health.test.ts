import http from 'node:http';
import { AddressInfo } from 'node:net';
import { waitUntilHealthy } from '../../../src/runner/restore/health';

const NEVER = new AbortController().signal;
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
  await waitUntilHealthy(url, NEVER);
  expect(asked).toBe(2);
}, 20_000);

test('an application that takes the question and never answers is given up, and the code is not one that restores again', async () => {
  const url = await serving(() => {});
  await expect(waitUntilHealthy(url, NEVER, 100)).rejects.toMatchObject({
    exitCode: 17, message: expect.stringMatching(/does not answer well, last with .*timeout.*: the restore itself is done, look at the application's log/),
  });
}, 20_000);

test('one that is not there is given up as well, with what is wrong', async () => {
  await expect(waitUntilHealthy('http://127.0.0.1:1/', NEVER, 0)).rejects.toMatchObject({ exitCode: 17, message: expect.stringMatching(/does not answer well, last with /) });
});

test('a run that is stopped does not wait', async () => {
  const url = await serving(() => {});
  await expect(waitUntilHealthy(url, AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' });
});

async function serving(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener);
  servers.push(server);
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}
