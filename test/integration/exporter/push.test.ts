import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DRILL_DATABASE } from '../../../src/contract/config';
import { configOf, folder, sqlite } from '../_configs';
import { run } from '../_runner';
import { drillOf } from '../drill/_drill';
import { AT_ONCE_MS, RunningProcess, freePort, startProcess, tempDir } from '../servers/_process';

/* The end of each run, told to a real Pushgateway. */

let gateway: RunningProcess;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  gateway = await startProcess({
    file: 'prometheus-pushgateway',
    // Debian's keeps what it was told in a file of the system, and tells the next run of it.
    args: [`--web.listen-address=127.0.0.1:${port}`, `--persistence.file=${path.join(tempDir('pushgateway'), 'data')}`],
    logFile: path.join(tempDir('pushgateway'), 'log'),
    readiness: () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false),
    timeoutMs: 30_000,
  });
});

afterAll(() => gateway?.stop());

function aBackup(pushgatewayUrl: string, name = 'app') {
  const file = path.join(tempDir('sqlite'), 'shop.db');
  new DatabaseSync(file).exec('CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)');
  return configOf({ name, source: sqlite(file), stores: [folder(tempDir('volume'))], pushgatewayUrl });
}

const value = async (metric: string, backup: string) => {
  const line = (await (await fetch(`${url}/metrics`)).text()).split('\n').find(each => each.startsWith(`${metric}{backup="${backup}"`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

test('a good run, then a bad one: what the good one has said stays', async () => {
  const config = aBackup(`${url}/`);
  expect((await run(['backup'], { config })).code).toBe(0);
  const success = await value('backup_last_success_timestamp_seconds', 'app');
  expect(Math.abs(success! - Date.now() / 1000)).toBeLessThan(60);
  expect(await value('backup_last_run_failed', 'app')).toBe(0);

  const bad = await run(['backup'], { config: { ...config, source: sqlite('/nowhere/at/all.db') } });
  expect(bad.code).toBe(15);
  expect(await value('backup_last_run_failed', 'app')).toBe(1);
  expect(await value('backup_last_run_timestamp_seconds', 'app')).toBeGreaterThan(success!);
  expect(await value('backup_last_success_timestamp_seconds', 'app')).toBe(success);
});

test('it is grouped by job, namespace and backup: the same name elsewhere does not overwrite it', async () => {
  const config = aBackup(url, 'other');
  expect((await run(['backup'], { config })).code).toBe(0);
  const elsewhere = { ...config, namespace: 'staging', source: sqlite('/nowhere/at/all.db') };
  expect((await run(['backup'], { config: elsewhere })).code).toBe(15);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toMatch(/backup_last_run_failed\{backup="other",backup_namespace="shop",instance="",job="cdk8s-backup",store="volume"\} 0/);
  expect(text).toMatch(/backup_last_run_failed\{backup="other",backup_namespace="staging",instance="",job="cdk8s-backup",store="volume"\} 1/);
});

test('verification, drill and prune tell what the stores hold after them', async () => {
  const config = { ...aBackup(url, 'proved'), retention: { ...aBackup(url).retention, keepHours: 1 } };
  expect((await run(['backup'], { config })).code).toBe(0);
  expect(await value('backup_last_verification_success_timestamp_seconds', 'proved')).toBeUndefined();
  expect((await run(['verify', '--scheduled'], { config })).code).toBe(0);
  expect(await value('backup_last_verification_success_timestamp_seconds', 'proved')).toBeGreaterThan(0);
  expect(await value('backup_verification_failed_backups', 'proved')).toBe(0);

  const scratch = tempDir('scratch');
  const target = { engine: 'sqlite' as const, path: path.join(scratch, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 10, keepPrevious: false, assertions: [] };
  const drill = drillOf(config, target, { pushgatewayUrl: url, scratch: { directory: scratch, limitBytes: null } });
  expect((await run(['drill'], { config: drill })).code).toBe(0);
  expect(await value('backup_last_drill_failed', 'proved')).toBe(0);
  expect(await value('backup_measured_rto_seconds', 'proved')).toBeGreaterThan(0);

  expect((await run(['hold', '--reason', 'incident'], { config })).code).toBe(0);
  expect((await run(['prune'], { config })).code).toBe(0);
  expect(await value('backup_prune_held', 'proved')).toBe(1);
});

describe('a Pushgateway that is out of order is a warning, and no failure', () => {
  let server: Server | undefined;
  afterEach(() => server?.closeAllConnections());
  afterAll(() => server?.close());

  test('nobody there', async () => {
    const ended = await run(['backup'], { config: aBackup('http://127.0.0.1:1') });
    expect(ended.code).toBe(0);
    expect(ended.events).toContainEqual(expect.objectContaining({ level: 'warn', event: 'push.failed', message: expect.stringContaining('http://127.0.0.1:1') }));
  });

  test.each<[string, (server: Server) => void]>([
    ['an error', s => s.on('request', (_request, response) => response.writeHead(500).end('no'))],
    ['no answer', () => {}],
  ])('%s', async (_case, behave) => {
    server = createServer();
    behave(server);
    await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve));
    const before = Date.now();
    const ended = await run(['backup'], { config: aBackup(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) });
    expect(ended.code).toBe(0);
    expect(ended.events).toContainEqual(expect.objectContaining({ level: 'warn', event: 'push.failed' }));
    expect(Date.now() - before).toBeLessThan(AT_ONCE_MS);
    server.closeAllConnections();
    server.close();
  });
});
