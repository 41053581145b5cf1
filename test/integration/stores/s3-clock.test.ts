import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { openStore } from '../../../src/runner/stores/open';
import { until } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { FaultProxy, isPart, SeenRequest, startFaultProxy } from '../servers/fault-proxy';
import { Radosgw, startRadosgw } from '../servers/radosgw';

const run = promisify(execFile);

const DAY_MS = 24 * 60 * 60_000;

let server: Radosgw;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startRadosgw();
  await server.makeBucket('backups');
  proxy = await startFaultProxy(server.endpoint);
});
afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

// S3 refuses requests whose time differs by more than 15 minutes from its own. The SDK then signs with the server's time.
test.each([
  ['20 minutes behind', '-20m', /the server's is 20(\.\d)? minutes ahead/],
  ['20 minutes ahead', '+20m', /the server's is 20(\.\d)? minutes behind/],
])('a clock %s does not stop a backup, and is told', async (_case, offset, difference) => {
  const before = proxy.seen.length;
  const isUnknown = ({ url }: SeenRequest) => url.includes('/app_unknown.json');
  proxy.inject({ kind: 'status', status: 501, code: 'NotImplemented' }, isUnknown, Infinity);
  const { config, env } = s3Store({ ...server, endpoint: proxy.endpoint }, 'backups', { prefix: `clock${offset.replace('+', '')}` });
  const probe = [process.execPath, '--import', 'tsx', join(__dirname, '_clock-probe.ts'), JSON.stringify({ config, env })];
  // Timers are of another clock, which has to be left alone.
  const { stdout } = await run('faketime', ['-f', offset, ...probe], { env: { ...process.env, FAKETIME_DONT_FAKE_MONOTONIC: '1' } });
  const result = JSON.parse(stdout);

  expect(Math.abs(Math.abs(result.now - Date.now()) - 20 * 60_000)).toBeLessThan(60_000); // the clock was really wrong
  expect(result.warnings).toEqual([expect.stringMatching(difference)]);
  expect(result.missing).toMatch(/can't read app_0\.json: there is no such object/);
  expect(result.unknown).toMatch(/NotImplemented/);
  expect(result.wrongSecret).toMatch(/the secret access key does not belong to the access key id/);
  // The SDK's own strategy takes every refusal under a wrong clock for one of the clock, and asks again and again.
  expect(proxy.seen.slice(before).filter(({ url }) => url.includes('/app_0.json'))).toHaveLength(1);
  expect(proxy.seen.slice(before).filter(isUnknown)).toHaveLength(1);
  expect(result).toMatchObject({
    bytes: 40 * 1024 ** 2, created: true, createdAgain: false, record: '{}', keys: ['app_1.dump', 'app_1.json', 'app_1.sha256'],
  });
  // Times of objects are the server's.
  expect(Math.abs(result.modifiedAt - Date.now())).toBeLessThan(60_000);
});

// A part that is refused may never be told why, where the connection is cut first: so none may be.
test.each([['ahead', DAY_MS], ['back', -DAY_MS]])('a clock that is set a day %s during an upload has no part refused', async (where, jumpMs) => {
  const { config, env } = s3Store({ ...server, endpoint: proxy.endpoint }, 'backups', { prefix: `jump-${where}` });
  const store = openStore(config, env);
  const before = proxy.seen.length;
  const now = Date.now.bind(Date);
  const piece = Buffer.alloc(1024 ** 2);
  async function* body() {
    for (let n = 0; n < 40; n++) {
      if (n === 20) {
        await until('a part is under way', 10_000, async () => proxy.seen.slice(before).some(isPart));
        jest.spyOn(Date, 'now').mockImplementation(() => now() + jumpMs);
      }
      yield piece;
    }
  }
  try {
    expect(await store.put('app_1.dump', Readable.from(body()), null, AbortSignal.timeout(60_000))).toBe(40 * 1024 ** 2);
    expect(Math.abs(Date.now() - now())).toBe(DAY_MS);
    const parts = proxy.seen.slice(before).filter(isPart).map(({ url }) => url);
    expect(parts.length).toBeGreaterThan(2);
    expect(new Set(parts).size).toBe(parts.length);
  } finally {
    jest.restoreAllMocks();
  }
});
