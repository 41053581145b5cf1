import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { describeImage } from './_can-run';
import { IMAGE, Output, succeed } from './_lab';
import { withOutside } from './_outside';
import { claimsOf, play, startPod, templateOf } from './_pod';
import { startWhispercache, Whispercache } from './_whispercache';
import { BackupCronJob, BackupSource, BackupStore, Decryption, Encryption, RestoreJob } from '../../src';
import { scratchContainerOf, startScratchPostgres, startScratchRedis } from '../integration/drill/_scratch-server';
import { tempDir, until } from '../integration/servers/_process';
import { newChart, objectsOf } from '../synth';

/*
 * The pods of examples/whispercache, as synthesized, from the real image, with a kubelet's volumes: what is changed about them is in
 * `_outside.ts`. Databases, S3 and the API server are real; the image of a drill's scratch server is not to be had, so that the real
 * program runs beside the pod (see `_scratch-server.ts`).
 */
describeImage('the pods of examples/whispercache', () => {
  let world: Whispercache;

  beforeAll(async () => {
    world = await startWhispercache();
  });

  afterAll(() => world?.stop());

  /** The pod of a job, played to its end; `change` is a test's own, for what must fail. */
  const run = (job: string, settings: string[] = [], change: (object: any) => any = object => object) =>
    play(world.cluster, change(withOutside(world.object(job), world.outside, settings)));

  async function pass(job: string, settings: string[] = []): Promise<Output> {
    const ended = await run(job, settings);
    if (ended.code !== 0) throw new Error(`${job} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
    return ended;
  }

  const folderOf = (id: string) => path.join(claimsOf(world.cluster), 'backup-storage', id.slice(0, -'_YYYYMMDD_HHMMSS'.length));

  test.each(['db-backup', 'redis-backup', 'sqlite-backup'])('%s stores a backup in the claim and in S3', async job => {
    const { stdout } = await pass(job);
    const { id, artifacts } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    expect(readdirSync(folderOf(id))).toContain(`${id}.json`);
    for (const { file } of artifacts) {
      const { uid, gid } = statSync(path.join(folderOf(id), file));
      expect({ uid, gid }).toEqual({ uid: 10001, gid: 10001 });
    }
  });

  test('"kubectl exec deploy/db-backup -- cdk8s-backup list" lists them in both stores', async () => {
    const exporter = await startPod(world.cluster, withOutside(world.object('db-backup', 'Deployment'), world.outside));
    try {
      const url = `http://127.0.0.1:${world.outside.exporterPort}/healthz`;
      await until(`${url} answers`, 30_000, () => fetch(url).then(({ ok }) => ok, () => false));
      const { code, stdout } = await exporter.exec('cdk8s-backup', 'list', '--name', 'whispercache', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ backups: [{ id: expect.stringMatching(/^whispercache_/) }] });
      expect((await exporter.exec('cdk8s-backup', 'list')).stdout).toMatch(/whispercache_[^]*redis_[^]*whispercache-sqlite_/);
    } finally {
      await exporter.stop();
    }
  });

  test('db-backup-verify reads them back', async () => {
    expect((await pass('db-backup-verify')).stderr).not.toContain('"level":"error"');
  });

  test('db-restore stops the application through the API, brings the data back, and starts the application', async () => {
    await world.pg.psql('UPDATE users SET name = \'CORRUPTED\'', 'whispercache');
    const { stderr } = await pass('db-restore');
    expect(await world.pg.psql('SELECT count(*), count(*) FILTER (WHERE name = md5(id::text)) FROM users', 'whispercache')).toBe('1000|1000');
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d UTC {2}.*: scaled to 0, had 2$[^]* is whispercache_[^]*: scaled back to 2$/m);
    expect(world.asked).toEqual(['whispercache-backend/api/health']);
    expect(await world.backendReplicas()).toBe(2);
  });

  test('redis-restore brings keys back over the replication protocol, which calls the pod', async () => {
    const before = await world.redis.cli(['DEBUG', 'DIGEST']);
    await world.redis.cli(['FLUSHALL']);
    await pass('redis-restore');
    expect(await world.redis.cli(['DEBUG', 'DIGEST'])).toBe(before);
  });

  test('sqlite-restore brings rows back in a claim that the application owns', async () => {
    world.sqlite('DELETE FROM notes');
    await pass('sqlite-restore');
    expect(world.sqlite('SELECT note FROM notes')).toBe('kept');
    expect(await world.backendReplicas()).toBe(2);
  });

  test('a key in a Secret volume opens an encrypted backup', async () => {
    const key = execFileSync('age-keygen', { encoding: 'utf8', stdio: 'pipe' });
    const chart = newChart('whispercache');
    const backup = new BackupCronJob(chart, 'sealed', {
      source: BackupSource.redis({ host: 'redis' }),
      stores: [BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(1) })],
      encryption: Encryption.age({ recipients: [/age1\w+/.exec(key)![0]] }),
      onDemand: true,
      backupName: 'sealed',
    });
    const decryption = Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'backup-key', 'backup-key'));
    new RestoreJob(chart, 'sealed-restore', { backup, decryption });
    const cluster = { ...world.cluster, secrets: { ...world.cluster.secrets, 'backup-key': { identity: key } } };
    const objects = objectsOf(chart).filter(({ kind }) => kind === 'CronJob');

    const before = await world.redis.cli(['DEBUG', 'DIGEST']);
    for (const name of ['sealed', 'sealed-restore']) {
      const object = objects.find(({ metadata }) => metadata.name === name);
      const { code, stderr } = await play(cluster, withOutside(object, world.outside));
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('"level":"error"') });
      if (name === 'sealed') await world.redis.cli(['FLUSHALL']);
    }
    expect(await world.redis.cli(['DEBUG', 'DIGEST'])).toBe(before);
  });

  test('the drills pass, each against a server with what the manifest says', async () => {
    const server = (job: string) => scratchContainerOf(templateOf(world.object(job)).spec);
    const postgres = await startScratchPostgres(server('db-drill'), world.pg.binDir);
    try {
      await pass('db-drill', [`target.port=${postgres.port}`]);
    } finally {
      await postgres.server.stop();
    }
    const redis = await startScratchRedis(server('redis-drill'));
    try {
      await pass('redis-drill', [`target.port=${redis.port}`]);
    } finally {
      await redis.server.stop();
    }
    await pass('sqlite-drill');
  });

  describe('fail', () => {
    const without = (change: (spec: any) => void) => (object: any) => {
      const changed = structuredClone(object);
      change(templateOf(changed).spec);
      return changed;
    };

    test('without fsGroup: a fresh claim belongs to root', async () => {
      const change = without(spec => {
        delete spec.securityContext.fsGroup;
        spec.volumes.find((volume: any) => volume.persistentVolumeClaim).persistentVolumeClaim.claimName = 'fresh';
      });
      const { code, stderr } = await run('db-backup', [], change);
      expect(code).not.toBe(0);
      expect(stderr).toContain('give that group the directory (fsGroup in the pod spec)');
      expect(readdirSync(path.join(claimsOf(world.cluster), 'fresh'))).toEqual(['lost+found']);
    });

    test('with an image whose user is root', async () => {
      const directory = tempDir('root-image');
      writeFileSync(path.join(directory, 'Dockerfile'), `FROM ${IMAGE}\nUSER root\n`);
      await succeed('buildah', ['build', '-q', '--pull-never', '--isolation', 'chroot', '-t', 'with-a-name', directory]);
      writeFileSync(path.join(directory, 'Dockerfile'), `FROM ${IMAGE}\nUSER 0\n`);
      await succeed('buildah', ['build', '-q', '--pull-never', '--isolation', 'chroot', '-t', 'with-a-number', directory]);
      const from = (image: string) => without(spec => {
        spec.containers[0].image = image;
        for (const context of [spec.securityContext, spec.containers[0].securityContext]) delete context.runAsUser;
      });
      await expect(run('db-backup', [], from('with-a-name'))).rejects.toThrow('cannot verify user is non-root');
      await expect(run('db-backup', [], from('with-a-number'))).rejects.toThrow('image will run as root');
      // The image itself says a user that passes.
      expect((await run('db-backup', [], from(IMAGE))).code).toBe(0);
    });

    // Those that write there: backups of PostgreSQL and Redis stream, and a small one passes.
    test.each(['sqlite-backup', 'db-restore', 'redis-restore', 'sqlite-drill'])('without /tmp: %s', async job => {
      const { code, stderr } = await run(job, [], without(spec => {
        spec.containers[0].volumeMounts = spec.containers[0].volumeMounts.filter(({ mountPath }: any) => mountPath !== '/tmp');
      }));
      expect({ code, stderr }).toEqual({ code: expect.any(Number), stderr: expect.stringMatching(/EROFS|read-only/i) });
      expect(code).not.toBe(0);
    });
  });
});
