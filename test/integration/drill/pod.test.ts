import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { Chart, Cron, Duration, Size, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { drillsIn } from './_drill';
import { ScratchContainer, scratchContainerOf, startScratchPostgres, startScratchRedis, startStubbornServer } from './_scratch-server';
import { BackupCronJob, BackupSource, BackupStore, RestoreDrill, RestoreDrillProps } from '../../../src';
import { newChart, objectsOf } from '../../synth';
import { run } from '../_runner';
import { RunningProcess, tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { RedisServer, startRedis } from '../servers/redis';

/*
 * The pod of a drill without a cluster: the arguments and the environment of its scratch server go to the real program, as the entry point
 * of the official image would pass them on, and the runner gets its config out of the manifest. Ports and directories are those of the test.
 */
let production: { readonly pg: PostgresServer; readonly redis: RedisServer };
let binDir: string;
let pod: Pod;

interface Pod {
  readonly manifest: string;
  readonly volume: string;
  server(job: string): ScratchContainer;
  drill(job: string, ...settings: string[]): ReturnType<typeof run>;
}

beforeAll(async () => {
  const [pg, redis] = await Promise.all([startPostgres({ major: 17 }), startRedis()]);
  production = { pg, redis };
  binDir = pg.binDir;
  await pg.psql('create role shop login password \'x\'');
  await pg.psql('create database shop owner shop');
  await pg.psql('set role shop; create table orders as select i as id, now() as at from generate_series(1, 1000) i; analyze', 'shop');
  await redis.cli(['set', 'user:1', 'Ada']);

  const objects = define();
  const manifest = path.join(tempDir('synth'), 'app.yaml');
  writeFileSync(manifest, objects.map(object => Yaml.stringify(object)).join('---\n'));
  const volume = tempDir('volume');
  const common = (job: string) => ['--manifest', manifest, '--job', job, '--set', `stores.volume.directory=${volume}`];
  for (const [job, server] of [['pg-backup', pg], ['redis-backup', redis]] as const) {
    const taken = await run(['backup', ...common(job), '--set', 'source.host=127.0.0.1', '--set', `source.port=${server.port}`], { env: { POSTGRES_PASSWORD: pg.password } });
    expect(taken.stderr).not.toContain('"level":"error"');
  }
  await Promise.all([pg.stop(), redis.stop()]);
  pod = {
    manifest,
    volume,
    server: job => scratchContainerOf(objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === job).spec.jobTemplate.spec.template.spec),
    // Nothing in the environment: it needs no password.
    drill: (job, ...settings) => run(['drill', ...common(job), ...[...settings, `scratch.directory=${tempDir('scratch')}`].flatMap(setting => ['--set', setting])], {}),
  };
});

afterAll(() => Promise.all([production?.pg.stop(), production?.redis.stop()]));

function define(): any[] {
  const chart: Chart = newChart();
  const stores = [BackupStore.volume({ size: Size.gibibytes(1) })];
  const drills: { readonly [name: string]: [BackupSource, Partial<RestoreDrillProps>] } = {
    pg: [BackupSource.postgres({ host: 'postgres', databaseName: 'shop', user: 'postgres', password: { secret: kplus.Secret.fromSecretName(chart, 'Secret', 's'), key: 'k' } }), {
      assertions: ['SELECT count(*) = 1000 FROM orders'],
      freshness: [{ sql: 'SELECT max(at) FROM orders', maxAge: Duration.hours(1) }],
      serverArgs: ['-c', 'shared_buffers=64MB', '-c', 'listen_addresses=*'],
    }],
    redis: [BackupSource.redis({ host: 'redis' }), { keys: [{ pattern: 'user:*' }], serverArgs: ['--bind', '0.0.0.0'] }],
  };
  for (const [name, [source, changes]] of Object.entries(drills)) {
    const backup = new BackupCronJob(chart, `${name}-backup`, { source, stores, schedule: Cron.daily() });
    new RestoreDrill(chart, `${name}-drill`, { backup, schedule: Cron.weekly(), ...changes });
  }
  return objectsOf(chart);
}

/** An address of this machine that is none of the loopback's. */
function outerAddress(): string | undefined {
  return Object.values(networkInterfaces()).flat().find(address => address?.family === 'IPv4' && !address.internal)?.address;
}

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false));
  });
}

async function withServer(server: RunningProcess, port: number, test: () => Promise<void>): Promise<void> {
  try {
    expect(await reaches('127.0.0.1', port)).toBe(true);
    const outer = outerAddress();
    if (outer !== undefined) expect(await reaches(outer, port)).toBe(false);
    await test();
  } finally {
    await server.stop();
  }
}

test('PostgreSQL: the scratch server starts with what the manifest says, and the drill of the manifest passes', async () => {
  const { server, port, directory, psql } = await startScratchPostgres(pod.server('pg-drill'), binDir);
  await withServer(server, port, async () => {
    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) expect(psql(`show ${setting}`)).toBe('on');
    expect(psql('show shared_buffers')).toBe('64MB');
    const ended = await pod.drill('pg-drill', `target.port=${port}`);
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended.code).toBe(0);
    expect(psql('select string_agg(datname, \' \' order by datname) from pg_database')).toBe('postgres template0 template1');
    expect(psql('select string_agg(rolname, \' \') from pg_roles where rolname !~ \'^pg_\'')).toBe('postgres');
  });
  expect(await drillsIn(path.join(pod.volume, 'shop'))).toMatchObject([{
    outcome: 'passed', items: 1000, checks: [{ passed: true }, { passed: true }, { name: 'SELECT count(*) = 1000 FROM orders', passed: true }, { passed: true }],
  }]);
  expect(readdirSync(directory)).toEqual([]);
});

describe('of the restored data nothing is left in the volume', () => {
  /** As a drill leaves them that had no time to clean up. */
  const restored = async (directory?: string) => {
    const started = await startScratchPostgres(pod.server('pg-drill'), binDir, directory);
    expect(started.psql('select count(*) from pg_database where datname = \'cdk8s_backup_drill\'')).toBe('0');
    started.psql('create database cdk8s_backup_drill');
    started.psql('create table of_production as select \'Ada\' as name; checkpoint');
    expect(readdirSync(started.directory)).not.toEqual([]);
    return started;
  };

  test('when the pod is stopped while somebody is connected', async () => {
    const { server, port, directory } = await restored();
    const session = connect({ host: '127.0.0.1', port }).on('error', () => {});
    await once(session, 'connect');
    await server.stop();
    session.destroy();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('when the pod is stopped and the server does not end', async () => {
    const { server, directory } = await startStubbornServer(pod.server('pg-drill'));
    await server.stop();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('when the server dies by itself', async () => {
    const { server, directory } = await restored();
    process.kill(Number(readFileSync(path.join(directory, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    await server.exited;
    expect(readdirSync(directory)).toEqual([]);
  });

  test('when the container was killed outright and is started again', async () => {
    const { server, directory } = await restored();
    server.kill('SIGKILL');
    await server.exited;
    expect(readdirSync(directory)).not.toEqual([]);
    await (await restored(directory)).server.stop();
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('Redis: the scratch server starts with what the manifest says, and the drill of the manifest passes', async () => {
  const { server, port, directory, cli } = await startScratchRedis(pod.server('redis-drill'));
  await withServer(server, port, async () => {
    expect(cli('config', 'get', 'save')).toBe('save');
    expect(cli('config', 'get', 'maxmemory')).toContain(String(768 * 1024 ** 2));
    const ended = await pod.drill('redis-drill', `target.port=${port}`);
    expect(ended.stderr).not.toContain('"level":"error"');
    expect(ended.code).toBe(0);
    expect(cli('dbsize')).toBe('0');
  });
  expect(await drillsIn(path.join(pod.volume, 'redis'))).toMatchObject([{ outcome: 'passed', items: 1 }]);
  expect(readdirSync(directory)).toEqual([]);
});
