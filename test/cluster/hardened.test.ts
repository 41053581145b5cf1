import { describeCluster } from './_can-run';
import { Hardened, startHardened } from './_hardened';
import { denied, runWithoutEach } from './_rights';

const BACKUPS = ['db-backup', 'redis-backup'];

describeCluster('PostgreSQL 18 and Redis with a private authority, and a bucket with Object Lock, in a cluster', () => {
  let world: Hardened;
  let before: Awaited<ReturnType<Hardened['rows']>>;
  let first: string[];

  beforeAll(async () => {
    world = await startHardened();
    before = await world.rows();
    first = await Promise.all(BACKUPS.map(backup => taken(backup)));
  });

  afterAll(() => world?.stop());

  /** Takes a backup, and returns its id. */
  const taken = async (cronJob: string): Promise<string> => JSON.parse(/^.*"event":"backup\.finished".*$/m.exec(await world.ns.pass(cronJob))![0]).id;
  const podsOf = async (job: string) => (await world.ns.get('pods', `--selector=job-name=${job}`)).items;
  const corrupt = async () => {
    await world.sql("DELETE FROM orders WHERE id > 10; UPDATE orders SET customer = 'corrupted'");
    await world.redis('FLUSHALL');
    const { postgres, redis } = await world.rows();
    expect([postgres === before.postgres, redis === before.redis]).toEqual([false, false]);
  };

  test('nobody gets in without TLS', async () => {
    const plain = world.ns.kubectl('exec', 'postgres-0', '--', 'psql', 'host=postgres user=shop password=shop-secret dbname=shop sslmode=disable', '-c', 'SELECT 1');
    await expect(plain).rejects.toThrow(/no pg_hba.conf entry.*no encryption/);
    await expect(world.ns.kubectl('exec', 'redis-0', '--', 'redis-cli', '-e', '-h', 'redis', 'PING')).rejects.toThrow();
    expect(await world.sql('SHOW server_version')).toMatch(/^18\./);
  });

  test('a certificate of another authority is refused at once: backups and restores say what to give, and the application is not stopped', async () => {
    const jobs = ['db-backup-stranger', 'redis-backup-stranger', 'db-restore-stranger', 'redis-restore-stranger'];
    const ended = await Promise.all(jobs.map(job => world.ns.run(job, job)));
    expect(ended.map(({ outcome }) => outcome)).toEqual(jobs.map(() => 'Failed'));
    for (const [i, { log }] of ended.entries()) {
      expect(log).toMatch(jobs[i]!.startsWith('db') ? /certificate verify failed.*PostgresTls/ : /no TLS connection.*RedisTls\.trusting/);
      expect(log).not.toContain('shop-secret');
      expect(await podsOf(jobs[i]!)).toHaveLength(1);
    }
    expect((await world.ns.get('statefulset/shop')).metadata.generation).toBe(1);
    expect(await world.rows()).toEqual(before);
  });

  test('a drill restores the backup of PostgreSQL 18 into a postgres:18 beside it', async () => {
    await world.ns.pass('db-drill', 'drill-18');
    expect((await podsOf('drill-18'))[0].spec.initContainers[0].image).toBe('postgres:18');
  });

  test('without a right to the StatefulSet, a restore ends before it is stopped, and says which it lacks', async () => {
    const rights = ['get statefulsets', 'patch statefulsets', 'list pods', 'list horizontalpodautoscalers'];
    const ended = await runWithoutEach(world.ns, 'db-restore', 'db-restore');
    expect([...ended].map(denied)).toEqual(rights.map(right => ({ right, outcome: 'Failed', said: 'which it lacks' })));
    expect((await world.ns.get('statefulset/shop')).metadata.generation).toBe(1);
  });

  test('restores through TLS bring every row and key back, and start the StatefulSet that they have stopped', async () => {
    await corrupt();
    await Promise.all(['db-restore', 'redis-restore'].map(restore => world.ns.pass(restore)));
    await world.ns.ready('statefulset/shop');
    const { metadata, spec } = await world.ns.get('statefulset/shop');
    expect([metadata.generation, spec.replicas]).toEqual([3, 2]);
    expect(await world.rows()).toEqual(before);
  });

  test('what prune hides is locked: the root account can\'t delete it, and without its delete markers it is there again and restored', async () => {
    await world.sql('UPDATE orders SET customer = md5(customer)');
    await world.redis('MSET', 'session:1', 'Bob', 'session:2', 'Linus');
    await Promise.all(BACKUPS.map(backup => taken(backup)));
    for (const log of await Promise.all(BACKUPS.map(backup => world.ns.pass(`${backup}-prune`)))) expect(log).toContain('"event":"prune.hidden"');
    const [{ answer: { Versions, DeleteMarkers } }] = await world.s3.send(['ListObjectVersions']) as [any];
    for (const id of first) {
      const ofBackup = ({ Key }: { readonly Key: string }) => Key.includes(`${id}.`);
      const markers = DeleteMarkers.filter(ofBackup);
      expect(markers).toContainEqual(expect.objectContaining({ Key: expect.stringContaining(`${id}.json`) }));
      const locked = Versions.filter(ofBackup).filter(({ Key }: any) => /\.(zst|dump|rdb|sha256|json)$/.test(Key) && !/\.(verified|drill)\./.test(Key));
      expect(locked.length).toBeGreaterThanOrEqual(3);
      const refused = await world.s3.send(...locked.map(({ Key, VersionId }: any) => ['DeleteObject', { Key, VersionId, BypassGovernanceRetention: true }] as const));
      expect(refused).toEqual(locked.map(() => ({ error: expect.stringMatching(/AccessDenied|locked|WORM/) })));
      expect(await world.s3.send(...markers.map(({ Key, VersionId }: any) => ['DeleteObject', { Key, VersionId }] as const))).toEqual(markers.map(() => ({ answer: expect.anything() })));
    }
    await Promise.all(['db-restore', 'redis-restore'].map(async (restore, i) => {
      const { outcome, log } = await world.ns.run(restore, `${restore}-first`, job => {
        for (const variable of job.spec.template.spec.containers[0].env) {
          if (typeof variable.value === 'string') variable.value = variable.value.replace('"backup":"latest"', `"backup":"${first[i]}"`);
        }
      });
      expect({ outcome, log }).toEqual({ outcome: 'Complete', log: expect.stringContaining(first[i]!) });
    }));
    expect(await world.rows()).toEqual(before);
  });
});
