import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { describeCluster } from './_can-run';
import { EndedJob, kubectl, kubectlWith, NOT_NOW } from './_cluster';
import { startWhispercache, Whispercache } from './_whispercache';
import { BackupCronJob, BackupSource, BackupStore, RestoreJob, RestorePoint, RestoreTrigger, RestoreWorkload, Retention } from '../../src';
import { objectsOf } from '../synth';

/*
 * The three databases of one application as one backup, with CronJobs of its own that verify and prune it; and a restore that is started by
 * what is applied.
 */

describeCluster('a set', () => {
  let world: Whispercache;
  /** What there was at each backup. */
  const rows: Awaited<ReturnType<Whispercache['rows']>>[] = [];

  beforeAll(async () => {
    world = await startWhispercache('set');
    await world.ns.apply(chartOf());
  });

  afterAll(() => world?.stop());

  /**
   * @param named a backup that is restored when this is applied
   * @param activeDeadline of that: with another one it is another Job, as with another image
   */
  function chartOf(named?: string, activeDeadline?: Duration): any[] {
    const { ns, s3 } = world;
    const chart = new Chart(new App(), 'shop', { namespace: ns.name });
    const secret = kplus.Secret.fromSecretName(chart, 'secret', 'backup-secrets');
    const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'data', 'whispercache-data');
    const backup = new BackupCronJob(chart, 'shop-backup', {
      source: BackupSource.set({
        db: BackupSource.postgres({ host: 'postgres', databaseName: 'whispercache', user: 'whispercache', password: { secret, key: 'POSTGRES_PASSWORD' } }),
        cache: BackupSource.redis({ host: 'redis' }),
        files: BackupSource.sqlite({ claim, path: 'whispercache.db', mountPath: '/app/data' }),
      }),
      backupName: 'shop',
      stores: [
        BackupStore.volume({ claimName: 'shop-storage', size: Size.gibibytes(1) }),
        BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop/backups', endpoint: s3.endpoint }),
      ],
      schedule: NOT_NOW,
      retention: Retention.newest(2, { keepAtLeast: 1 }),
      prune: { schedule: NOT_NOW },
      verify: { schedule: NOT_NOW, olderPercent: 100, repair: true },
    });
    const workloads = [RestoreWorkload.fromDeploymentName('whispercache-backend')];
    new RestoreJob(chart, 'shop-restore', { backup, workloads });
    if (named !== undefined) new RestoreJob(chart, 'shop-now', { backup, workloads, restorePoint: RestorePoint.named(named), activeDeadline, trigger: RestoreTrigger.onApply() });
    return objectsOf(chart);
  }

  /** The files of both stores, by their names, with what they hold. */
  async function stored(): Promise<{ readonly [store in 'volume' | 's3']: { readonly [file: string]: string } }> {
    const { spec } = await world.ns.get('pvc/shop-storage');
    const volume = JSON.parse(await kubectl('get', 'pv', spec.volumeName, '--output=json'));
    const filesOf = (directory: string) => Object.fromEntries(readdirSync(directory).map(file => [file, path.join(directory, file)]));
    return {
      volume: filesOf(path.join(volume.spec.local.path, 'shop')),
      s3: filesOf(path.join(world.s3.dataDirectory, 'your-backup-bucket', 'shop', 'backups', 'shop')),
    };
  }

  const idsIn = (files: object) => Object.keys(files).filter(file => /^shop_\d{8}_\d{6}\.json$/.test(file)).map(file => path.basename(file, '.json')).sort();

  /** What a pod has logged, which has to be one JSON object on each line, and no empty line. */
  function events({ outcome, log }: EndedJob): any[] {
    expect([outcome, log]).toEqual(['Complete', expect.stringMatching(/^(\{.*\}\n)+$/)]);
    return log.trimEnd().split('\n').map(line => JSON.parse(line));
  }

  /** The result, which need not be the last line of a log: the container runtime reads stdout and stderr side by side. */
  function resultOf(log: readonly any[], event: string): any {
    return log.find(line => line.event === event);
  }

  async function corrupt(): Promise<void> {
    await world.sql("DELETE FROM notes; UPDATE users SET name = 'corrupted'");
    await world.redis('FLUSHALL');
    await world.notes('?empty=all');
  }

  test('is one backup of three databases, in both stores, each time with what they hold', async () => {
    for (const note of ['first', 'second', 'third']) {
      await world.sql(`INSERT INTO notes(user_id, body) VALUES (1, '${note}')`);
      await world.redis('SET', 'session:3', note);
      await world.notes(`?write=${note}`);
      rows.push(await world.rows());
      await world.ns.pass('shop-backup');
    }
    const { volume, s3 } = await stored();
    expect(idsIn(volume)).toHaveLength(3);
    expect(idsIn(s3)).toEqual(idsIn(volume));
    for (const id of idsIn(s3)) {
      const { artifacts } = JSON.parse(readFileSync(s3[`${id}.json`]!, 'utf8'));
      expect(new Set(artifacts.map(({ member }: any) => member))).toEqual(new Set(['db', 'cache', 'files']));
    }
  });

  test('is verified from its CronJob, all of it; a copy that is damaged is repaired, and the log is JSON and nothing else', async () => {
    const { volume, s3 } = await stored();
    const [oldest] = idsIn(s3);
    const damaged = Object.keys(s3).find(file => file.startsWith(oldest!) && file.includes('.rdb'))!;
    const bytes = readFileSync(s3[damaged]!);
    writeFileSync(s3[damaged]!, Buffer.concat([Buffer.from('?'), bytes.subarray(1)]));
    const log = events(await world.ns.run('shop-backup-verify'));
    expect(log.find(({ event }) => event === 'copy.repaired')).toMatchObject({ id: oldest, store: 's3', from: 'volume' });
    const { findings } = resultOf(log, 'verification.finished');
    expect(findings.map(({ id, store, result }: any) => `${id} ${store} ${result}`).sort())
      .toEqual(idsIn(s3).flatMap(id => ['s3', 'volume'].map(store => `${id} ${store} ok`)));
    expect(readFileSync(s3[damaged]!)).toEqual(readFileSync(volume[damaged]!));
    expect(readFileSync(s3[damaged]!)).toEqual(bytes);
  });

  test('is pruned from its CronJob, in both stores, of what is older than the newest two, and the log is JSON and nothing else', async () => {
    const before = idsIn((await stored()).s3);
    const log = events(await world.ns.run('shop-backup-prune'));
    expect(resultOf(log, 'prune.finished')).toMatchObject({ name: 'shop', removed: 2, of: 6, failed: 0, stopped: [] });
    for (const files of Object.values(await stored())) {
      expect(idsIn(files)).toEqual(before.slice(1));
      expect(Object.keys(files).filter(file => file.startsWith(before[0]!))).toEqual([]);
    }
    expect(resultOf(events(await world.ns.run('shop-backup-prune')), 'prune.finished')).toMatchObject({ removed: 0, of: 4 });
  });

  test('is restored as one: every row of all three databases is as it was at its newest backup', async () => {
    await corrupt();
    await world.ns.pass('shop-restore');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(rows[2]);
  });

  test('with RestoreTrigger.onApply is restored once by "kubectl apply", and never again by a second one', async () => {
    const { ns } = world;
    const [older] = idsIn((await stored()).s3);
    const objects = chartOf(older);
    const { metadata: { name } } = objects.find(({ kind }) => kind === 'Job');
    expect(await ns.apply(objects)).toContain(`job.batch/${name} created`);
    expect(await ns.ended(name)).toMatchObject({ outcome: 'Complete', log: expect.stringContaining(older!) });
    await ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(rows[1]);

    await corrupt();
    const [corrupted, { metadata: { uid }, status }] = [await world.rows(), await ns.get(`job/${name}`)];
    const lines = (await ns.apply(chartOf(older))).trim().split('\n');
    expect(lines.filter(line => !line.endsWith(' unchanged'))).toEqual([]);
    expect(await ns.get(`job/${name}`)).toMatchObject({ metadata: { uid }, status });
    expect((await ns.get('pods', `--selector=job-name=${name}`)).items).toHaveLength(1);
    expect(await world.rows()).toEqual(corrupted);
  });

  test('with RestoreTrigger.onApply that is left in the app is not restored again by the Job of another image', async () => {
    const { ns } = world;
    const corrupted = await world.rows();
    const objects = chartOf(idsIn((await stored()).s3)[0], Duration.hours(2));
    const { metadata: { name } } = objects.find(({ kind }) => kind === 'Job');
    expect(await ns.apply(objects)).toContain(`job.batch/${name} created`);
    expect(await ns.ended(name)).toMatchObject({ outcome: 'Complete', log: expect.stringMatching(/by an earlier Job, .* and is not restored again/) });
    expect(await world.rows()).toEqual(corrupted);
  });

  test('with RestoreTrigger.onApply and another backup is another Job, which the one that has run does not stand in the way of', async () => {
    const input = chartOf(idsIn((await stored()).s3).at(-1)).map(object => JSON.stringify(object)).join('\n');
    const said = await kubectlWith({ input }, 'apply', '--dry-run=server', '--filename=-');
    expect(said.split('\n').filter(line => line.startsWith('job.'))).toEqual([expect.stringMatching(/^job.batch\/shop-now-\w+ created \(server dry run\)$/)]);
  });
});
