import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { NAMESPACE_ENV } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { Metrics } from '../../../src/contract/metrics';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { S3Store } from '../../../src/runner/stores/s3/store';
import { configOf, folder, sqlite } from '../_configs';
import { run } from '../_runner';
import { everything } from './_everything';
import { RunningExporter, startExporter } from './_exporter';
import { exported, exporter as exporterConfig, hoursAgo, plantDrill, plantMonth } from './_stores';
import { promtool } from '../alerts/_promtool';
import { restoreOf } from '../restore/_restore';
import { AT_ONCE_MS, freePort, startProcess, tempDir, until } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { startFaultProxy } from '../servers/fault-proxy';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* The exporter as its pod runs it: what it says is what lies in the stores, and neither clients nor stores bring it down. */

let s3: Versitygw;

beforeAll(async () => {
  s3 = await startVersitygw();
});

afterAll(() => s3?.stop());

/** Value of a metric; `undefined` if it is not there. */
async function metric(exporter: RunningExporter, name: string, labels: string): Promise<number | undefined> {
  const line = (await exporter.get('/metrics')).split('\n').find(each => each.startsWith(`${name}{${labels}} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

test('every metric of the contract is there, and is true', async () => {
  const exporter = await startExporter([exported('app', [folder(everything())])]);
  try {
    const metrics = await exporter.get('/metrics');
    for (const { name } of Object.values(Metrics)) expect(metrics).toContain(`# TYPE ${name} gauge`);
    const checked = await checkMetrics(metrics);
    expect(checked).toEqual({ passed: true, output: '' });
    const of = (name: { readonly name: string }) => metric(exporter, name.name, 'backup_namespace="whispercache",backup="app",store="volume"');
    expect(await of(Metrics.BACKUPS)).toBe(30);
    expect(await of(Metrics.LAST_RECOVERY_POINT)).toBeCloseTo(hoursAgo(10).getTime() / 1000, -2);
    expect(await of(Metrics.LAST_DURATION)).toBe(184);
    expect(await of(Metrics.PINNED)).toBe(1);
    expect(await of(Metrics.PRUNE_HELD)).toBe(1);
    expect(await of(Metrics.VERIFICATION_FAILED)).toBe(1);
    expect(await of(Metrics.LAST_DRILL_FAILED)).toBe(1);
    expect(await of(Metrics.MEASURED_RTO)).toBe(200);
    expect(await of(Metrics.LAST_RUN_FAILED)).toBe(1);
    expect(await of(Metrics.LAST_RUN)).toBeCloseTo(hoursAgo(1).getTime() / 1000 + 30, -2);
    expect(await of(Metrics.STORE_UP)).toBe(1);
    expect(await metric(exporter, Metrics.RPO_TARGET.name, 'backup_namespace="whispercache",backup="app"')).toBe(97_200);
    expect(await metric(exporter, Metrics.RTO_TARGET.name, 'backup_namespace="whispercache",backup="app"')).toBe(1800);
  } finally {
    await exporter.stop();
  }
});

async function checkMetrics(metrics: string): Promise<{ readonly passed: boolean; readonly output: string }> {
  const child = spawn('promtool', ['check', 'metrics']);
  child.stdin.end(metrics);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { passed: code === 0, output: stdout + stderr };
}

test('a real Prometheus scrapes it and answers queries about it', async () => {
  const exporter = await startExporter([exported('app', [folder(everything())])]);
  const directory = tempDir('prometheus');
  const port = await freePort();
  const config = `scrape_configs:\n  - job_name: backups\n    scrape_interval: 1s\n    static_configs: [{ targets: ['${new URL(exporter.url).host}'] }]\n`;
  writeFileSync(path.join(directory, 'prometheus.yml'), config);
  expect(await promtool({ 'prometheus.yml': config }, 'check', 'config', 'prometheus.yml')).toMatchObject({ passed: true });
  const prometheus = await startProcess({
    file: 'prometheus',
    args: [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${port}`],
    logFile: path.join(directory, 'log'),
    readiness: () => fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => ok, () => false),
    timeoutMs: 60_000,
  });
  try {
    const query = async (expression: string): Promise<{ readonly metric: object; readonly value: [number, string] }[]> =>
      (await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`)).json() as any).data.result;
    await until('Prometheus has scraped', 30_000, async () => (await query('backup_store_up')).length > 0);
    expect(await query('up{job="backups"}')).toMatchObject([{ value: [expect.any(Number), '1'] }]);
    const age = await query('(time() - backup_last_recovery_point_timestamp_seconds) / 3600');
    expect(age).toMatchObject([{ metric: { backup: 'app', store: 'volume' } }]);
    expect(Number(age[0]!.value[1])).toBeCloseTo(10, 0);
    // No store in the target: the comparison has to say so, and works.
    expect(await query('time() - backup_last_recovery_point_timestamp_seconds > on (backup) group_left () backup_rpo_target_seconds')).toEqual([]);
    expect(await query('backup_measured_rto_seconds < on (backup) group_left () backup_rto_target_seconds')).toHaveLength(1);
  } finally {
    await prometheus.stop();
    await exporter.stop();
  }
});

test('a store that goes away: the last known values stay, and it is said since when; it comes back by itself', async () => {
  const bucket = 'goes-away';
  await s3.makeBucket(bucket);
  const proxy = await startFaultProxy(s3.endpoint);
  const { config: offsite, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const directory = everything();
  await copyToBucket(directory, bucket);
  const exporter = await startExporter([exported('app', [offsite, folder(directory)])], { env });
  try {
    const up = () => metric(exporter, Metrics.STORE_UP.name, 'backup_namespace="whispercache",backup="app",store="offsite"');
    const kept = () => metric(exporter, Metrics.BACKUPS.name, 'backup_namespace="whispercache",backup="app",store="offsite"');
    expect([await up(), await kept()]).toEqual([1, 30]);
    proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, () => true, Infinity);
    await until('it is seen', 60_000, async () => await up() === 0);
    expect(await kept()).toBe(30);
    expect(await metric(exporter, Metrics.STORE_UP.name, 'backup_namespace="whispercache",backup="app",store="volume"')).toBe(1);
    const { backups: [app] } = JSON.parse(await exporter.get('/api/backups'));
    expect(app.stores[0]).toMatchObject({ name: 'offsite', up: false, trouble: { message: expect.stringContaining('s3://goes-away'), since: expect.any(String) } });
    expect(app).toMatchObject({ restorable: 'but', state: 'drill-failed', problems: expect.arrayContaining([expect.objectContaining({ kind: 'store-unreadable', severity: 'warning' })]) });
    proxy.heal();
    await until('it is seen again', 60_000, async () => await up() === 1);
    const ended = await exporter.stop();
    expect(ended.events.filter(({ event }) => event.startsWith('store.')).map(({ event }) => event)).toEqual(['store.down', 'store.up']);
    expect(ended.stderr).not.toContain(s3.secretAccessKey);
  } finally {
    exporter.process.kill();
    await proxy.stop();
  }
});

/** Through the program's own store, since the server keeps objects in a form of its own. */
async function copyToBucket(directory: string, bucket: string): Promise<void> {
  const { config, env } = s3Store(s3, bucket);
  const [from, to] = [new FolderStore({ type: 'folder', name: 'volume', directory, folder: null }), new S3Store(config, env)];
  const signal = AbortSignal.timeout(120_000);
  for await (const { key, bytes } of from.list('', signal)) await to.put(key, await from.get(key, signal), bytes, signal);
}

test('before the first look it is alive, and says that nothing is known yet', async () => {
  const bucket = 'first-look';
  await s3.makeBucket(bucket);
  const proxy = await startFaultProxy(s3.endpoint);
  proxy.inject({ kind: 'hang' }, () => true, Infinity);
  const { config, env } = s3Store({ ...s3, endpoint: proxy.endpoint }, bucket);
  const exporter = await startExporter([exported('app', [config])], { env, wait: false });
  try {
    expect(await exporter.get('/')).toContain('Looking at the stores for the first time');
    expect(JSON.parse(await exporter.get('/api/backups'))).toMatchObject({ complete: false, backups: [{ restorable: 'unknown', stores: [{ up: null }] }] });
    const told = Date.now();
    expect((await exporter.stop()).code).toBe(0);
    expect(Date.now() - told).toBeLessThan(AT_ONCE_MS);
  } finally {
    await proxy.stop();
  }
});

test('100,000 objects in a store: pages are answered while it is looked at', async () => {
  const directory = tempDir('many');
  // 24,000 backups of four files, and 4,000 files of others.
  for (let i = 0; i < 24_000; i++) {
    const at = new Date(Date.UTC(2026, 10, 20) - i * 3_600_000);
    const id = backupId('app', at);
    const record = {
      version: 1,
      id,
      name: 'app',
      source: { engine: 'sqlite', serverVersion: '3.53', address: '/data/app.db', database: null },
      startedAt: at.toISOString(),
      finishedAt: new Date(at.getTime() + 5000).toISOString(),
      tools: {},
      artifacts: [{ file: `${id}.db`, role: 'data', database: null, bytes: 3, sha256: 'b'.repeat(64), compression: { algorithm: 'none', level: 0, where: 'outside' }, plainBytes: 3, counts: null }],
      stores: ['volume'],
      suspect: null,
    };
    writeFileSync(path.join(directory, `${id}.db`), 'abc');
    writeFileSync(path.join(directory, `${id}.sha256`), '');
    writeFileSync(path.join(directory, `${id}.accepted`), '');
    writeFileSync(path.join(directory, `${id}.json`), JSON.stringify(record));
  }
  for (let i = 0; i < 4000; i++) writeFileSync(path.join(directory, `app_other-${i}`), '');
  const small = everything();
  const exporter = await startExporter([exported('app', [folder(directory)]), exported('small', [folder(small)])], { wait: false });
  try {
    // All of it is answered from what is known, while the store is being looked at.
    let answered = 0;
    const ask = async () => {
      for (const page of ['/', '/metrics', '/backups/app', '/healthz']) {
        await exporter.get(page);
        answered += 1;
      }
      return JSON.parse(await exporter.get('/api/backups')) as { complete: boolean; backups: { stores: { readAt: string }[] }[] };
    };
    await until('the first look is over', 240_000, async () => (await ask()).complete);
    expect(answered).toBeGreaterThan(4); // more than once before it was over
    const first = await ask();
    expect(first.backups[0]).toMatchObject({ backupCount: 24_000, restorable: 'but' });
    const looks = new Set<string>();
    await until('three more looks are over', 240_000, async () => looks.add((await ask()).backups[0]!.stores[0]!.readAt).size > 3);
  } finally {
    await exporter.stop();
  }
}, 600_000);

test('hundreds of backups: one page', async () => {
  const directory = tempDir('hundreds');
  const names = Array.from({ length: 300 }, (_, i) => `app-${i}`);
  for (const name of names) plantMonth([directory], name, { days: 5, bytes: 100 });
  const exporter = await startExporter(names.map(name => exported(name, [folder(directory)])));
  try {
    const page = await exporter.get('/');
    expect(page.match(/<th scope="row"/g)).toHaveLength(300);
    expect((await exporter.get('/cards')).match(/<article/g)).toHaveLength(300);
  } finally {
    await exporter.stop();
  }
});

test('where the manifest does not know the namespace, the metrics have that of the pod', async () => {
  const directory = tempDir('cli');
  plantMonth([directory], 'app', { days: 2 });
  const options = { config: exporterConfig([exported('app', [folder(directory)], { namespace: null })], 8080) };
  const inPod = await run(['metrics'], { ...options, env: { [NAMESPACE_ENV]: 'shop' } });
  expect(inPod.stdout).toContain('backup_repository_backups{backup_namespace="shop",backup="app",store="volume"} 2\n');
  const outside = await run(['metrics'], options);
  expect(outside.stdout).toContain('backup_repository_backups{backup="app",store="volume"} 2\n');
  expect(outside.events).toContainEqual(expect.objectContaining({ level: 'warn', event: 'metrics.no-namespace' }));
});

test('the config of a restore has no metrics, since it does not know the namespace of the backup', async () => {
  const options = { config: restoreOf(configOf({ source: sqlite('/tmp/x.db'), stores: [folder(tempDir('cli'))] }), { engine: 'sqlite', path: '/tmp/x.db', lockTimeoutSeconds: 1, keepPrevious: false, assertions: [] }) };
  expect(await run(['metrics'], options)).toMatchObject({ code: 10, message: expect.stringContaining('name the job of the backup') });
});

test('the command line looks at all backups of the exporter, or at one', async () => {
  const [one, other] = [tempDir('cli'), tempDir('cli')];
  const ids = plantMonth([one], 'app', { days: 3 });
  plantMonth([other], 'cache', { days: 2 });
  plantDrill(one, 'app', hoursAgo(5), { backup: ids[0]! });
  const options = { config: exporterConfig([exported('app', [folder(one)]), exported('cache', [folder(other)])], 8080) };
  const json = async (...args: string[]) => JSON.parse((await run([...args, '--json'], options)).stdout);

  expect((await json('list')).map(({ name, backups }: any) => [name, backups.length])).toEqual([['app', 3], ['cache', 2]]);
  expect(await json('list', '--name', 'cache')).toMatchObject({ name: 'cache', backups: [{}, {}] });
  expect((await json('usage')).map(({ stores: [store] }: any) => [store.backups, store.objects, store.freeBytes > 0])).toEqual([[3, 10, true], [2, 6, true]]);
  expect(await json('drills', '--name', 'app')).toMatchObject({ drills: [{ outcome: 'passed', backup: ids[0] }] });
  expect((await run(['metrics'], options)).stdout).toMatch(/backup_repository_backups\{backup_namespace="whispercache",backup="app",store="volume"\} 3\n.*backup="cache",store="volume"\} 2/s);
  expect((await run(['list'], options)).stdout).toMatch(/^app\nBACKUP .*\n\ncache\nBACKUP /s);
  expect(await run(['verify'], options)).toMatchObject({ code: 2, message: 'this config has several backups, say which with --name: app, cache' });
  expect(await run(['list', '--name', 'web'], options)).toMatchObject({ code: 2, message: 'there is no backup web in this config; it has app, cache' });
  expect(await run(['backup'], options)).toMatchObject({ code: 10, message: expect.stringContaining('config of the exporter') });
  const shown = await run(['show', '--name', 'app', ids[0]!], options);
  expect(shown.stdout).toMatch(new RegExp(`Backup +${ids[0]}\\nState +ok`));
  expect(shown.stdout).toMatch(/12000 +public\.orders/);
  expect(shown.stdout).toMatch(/DRILLED +OUTCOME/);
  expect(await json('show', '--name', 'app', 'latest')).toMatchObject({ id: ids.at(-1), latest: true, copies: { volume: 'ok' }, verifications: [], drills: [] });

  mkdirSync(path.join(one, 'x'));
  const gone = { config: exporterConfig([exported('app', [folder('/nowhere')]), exported('cache', [folder(other)])], 8080) };
  const partly = await run(['list'], gone);
  expect(partly.code).not.toBe(0);
  expect(partly.stdout).toContain('cache');
  expect(partly.stderr).toContain('app: ');
});
