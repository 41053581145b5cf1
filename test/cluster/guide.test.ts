import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { backupId } from '../../src/contract/layout';
import { until } from '../integration/servers/_process';
import { shellBlock, shellLine } from '../pages';
import { describeCluster } from './_can-run';
import { inNodeNetwork, kubectl, kubectlWith, Namespace, place } from './_cluster';
import { migration } from './_migration';
import { untilListening } from './_node';
import { run, start } from './_readme';
import { startGuide, Whispercache } from './_whispercache';

/*
 * The README from its first backup to its last rollback, in one world: to make one takes longer than most of what is played here.
 * Each test takes it as it is, and leaves the rows as they were.
 */

const ENGINES = ['db', 'redis', 'sqlite'];
/** What "kubectl create job --from" writes on a Job: the controller does not. */
const BY_HAND = 'cronjob.kubernetes.io/instantiate';
const SOON_MS = 70_000;

describeCluster('the guide', () => {
  let world: Whispercache;
  let ns: Namespace;
  let logs: { readonly [engine: string]: string };
  let before: Awaited<ReturnType<Whispercache['rows']>>;
  const forwards: { stop(): void }[] = [];

  beforeAll(async () => {
    world = await startGuide();
    ns = world.ns;
    logs = Object.fromEntries(await Promise.all(ENGINES.map(async engine => [engine, await ns.pass(`${engine}-backup`)])));
    before = await world.rows();
    // It has looked before there was a backup, and does so again after minutes.
    await ns.kubectl('rollout', 'restart', 'deployment/db-backup');
    // What is looked at in the last test is left alone until then.
    for (const name of templates()) await ns.kubectl('patch', `cronjob/${name}`, '--patch={"spec":{"suspend":false}}');
    const soon = new Date(Date.now() + SOON_MS);
    await ns.kubectl('patch', 'cronjob/redis-backup', `--patch={"spec":{"schedule":"${soon.getUTCMinutes()} ${soon.getUTCHours()} * * *"}}`);
    await ns.ready('deployment/db-backup');
    forwards.push(start('kubectl -n whispercache port-forward svc/db-backup 8080'), start('kubectl -n whispercache port-forward svc/postgres'), start('kubectl proxy'));
    for (const port of [8080, 5432, 8001]) await untilListening(place(), port, 30_000);
  });

  afterAll(async () => {
    for (const forward of forwards) forward.stop();
    await world?.stop();
  });

  const templates = (): string[] => world.objects.filter(({ kind, spec }) => kind === 'CronJob' && spec.suspend === true).map(({ metadata }) => metadata.name);
  const list = () => ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list');
  const corrupt = () => world.sql("UPDATE users SET name = 'corrupted'");
  /** What was put aside last. */
  const newest = () => world.sql("SELECT coalesce(max(datname), '') FROM pg_database WHERE datname LIKE 'whispercache_before_%'", 'postgres');
  const corrupted = () => world.sql("SELECT count(*) FROM users WHERE name = 'corrupted'");

  describe('backups', () => {
    test.each(ENGINES)('kubectl create job --from=cronjob/%s-backup stores a backup', engine => {
      // Not always the last line: the runtime reads what is a result and what is not through two pipes.
      expect(logs[engine]!.trimEnd().split('\n').map(text => JSON.parse(text))).toContainEqual(expect.objectContaining({ event: 'backup.finished', artifacts: expect.arrayContaining([expect.anything()]) }));
    });

    test('the first commands of the README make one, show it, and show its log', async () => {
      await run(shellLine('kubectl create job --from=cronjob/db-backup manual-backup'), world);
      await ns.ended('manual-backup');
      const shown = await run(shellLine('kubectl get cronjobs,jobs'), world);
      expect(shown).toMatch(/^cronjob.batch\/db-backup [^]*^job.batch\/manual-backup +Complete/m);
      expect(shown).not.toMatch(/restore|drill|lifecycle/);
      expect(await run(shellLine('kubectl logs -n whispercache job/manual-backup'), world)).toContain('"artifacts"');
    });

    test('kubectl exec deploy/db-backup -- cdk8s-backup list tells all three, in both stores', async () => {
      expect(await run(shellLine('kubectl -n whispercache exec deploy/db-backup'), world)).toMatch(/whispercache_[^]*redis_[^]*whispercache-sqlite_/);
    });

    test('the status page and the metrics tell of them, through a port-forward', async () => {
      const get = (where: string) => inNodeNetwork(['node', '-e', `fetch('http://127.0.0.1:8080${where}').then(answer => answer.text()).then(console.log)`]);
      expect(/<title>.*<\/title>/.exec(await get('/'))![0]).toMatch(/^<title>Yes/);
      const counts = (await get('/metrics')).split('\n').filter(text => text.startsWith('backup_repository_backups') && text.includes('backup="whispercache"'));
      expect(counts).toEqual(['volume', 's3'].map(store => expect.stringMatching(`store="${store}".*} [1-9]\\d*$`)));
    });

    test('a verification reads them back, and says so in JSON', async () => {
      const log = await ns.pass('db-backup-verify');
      expect(log.trimEnd().split('\n').map(text => JSON.parse(text)).at(-1)).toMatchObject({ level: 'info' });
    });

    test('doctor in a pod as the backup has it checks everything, with the command of the README', async () => {
      await run(shellBlock('kubectl create job db-doctor'), world);
      const { outcome, log } = await ns.ended('db-doctor');
      expect([outcome, log]).toEqual(['Complete', expect.stringMatching(/store volume +can be written and read back/)]);
    });

    test('a dump of a script on the claim that the backups go on with is imported by a Job, with the commands of the page', async () => {
      const { spec } = await ns.get('pvc', 'backup-storage');
      const directory = JSON.parse(await kubectl('get', 'pv', spec.volumeName, '--output=json')).spec.local.path as string;
      const taken = readdirSync(path.join(directory, 'whispercache')).find(file => /^whispercache_\d{8}_\d{6}\.dump$/.test(file))!;
      const id = backupId('whispercache', new Date(Date.now() - 7_200_000));
      copyFileSync(path.join(directory, 'whispercache', taken), path.join(directory, `${id}.dump`));
      const digest = createHash('sha256').update(readFileSync(path.join(directory, `${id}.dump`))).digest('hex');
      writeFileSync(path.join(directory, `${id}.sha256`), `${digest}  /backups/${id}.dump\n`);

      expect(await run(shellBlock('kubectl create job db-import-look'), world)).toMatch(new RegExp(`${id}\\.dump +${id} .* would be imported`));
      expect(await list()).not.toContain(id);
      expect(await run(shellBlock('kubectl create job db-import -n'), world)).toMatch(new RegExp(`${id}\\.dump +${id} .* ${id}\\.sha256 +imported`));
      await run(shellBlock('kubectl create job db-doctor').replaceAll('db-doctor', 'db-imported').replace('"doctor"', `"verify", "${id}"`), world);
      const { outcome, log } = await ns.ended('db-imported');
      expect([outcome, log]).toEqual(['Complete', expect.stringMatching(new RegExp(`${id} +volume +ok`))]);
      expect(readdirSync(directory).filter(file => file.startsWith(id)).sort()).toEqual([`${id}.dump`, `${id}.sha256`]);
      // The oldest of all: the tests below restore others.
      await run(`kubectl -n whispercache exec deploy/db-backup -- cdk8s-backup show ${id} --name whispercache`, world);
    });

    test('a reader that Pod Security "restricted" takes brings the claim to the laptop, where every copy is read back', async () => {
      const there = (await list()).match(/^\S+_\d{8}_\d{6}\b/gm)!.filter(id => id.startsWith('whispercache_'));
      const said = await run(shellBlock('kubectl run reader').replaceAll('busybox', 'postgres:17'), world);
      expect(there.filter(id => !said.includes(id))).toEqual([]);
    });
  });

  describe('drills', () => {
    test('those of three engines pass at once, each with a server of its own beside it', async () => {
      await Promise.all(ENGINES.map(engine => ns.pass(`${engine}-drill`, `${engine}-drill-now`)));
      const { items } = await ns.get('pods', '--selector=component=restore-drill');
      expect(items.map(({ metadata, status }: any) => [metadata.labels['cdk8s-backup/job'], status.phase, status.initContainerStatuses?.[0].state.terminated?.exitCode]).sort())
        .toEqual([['db-drill', 'Succeeded', 0], ['redis-drill', 'Succeeded', 0], ['sqlite-drill', 'Succeeded', undefined]]);
      expect(await world.rows()).toEqual(before);
    });

    test('nothing of what was restored stays in the claim of a scratch server, which goes with its Job', async () => {
      const { items } = await ns.get('pvc');
      const { metadata, spec } = items.find((claim: any) => claim.metadata.name.startsWith('db-drill-now-'));
      const volume = JSON.parse(await kubectl('get', 'pv', spec.volumeName, '--output=json'));
      expect(readdirSync(volume.spec.local.path)).toEqual([]);
      await ns.kubectl('delete', 'job', 'db-drill-now');
      await ns.kubectl('wait', '--for=delete', `pvc/${metadata.name}`, '--timeout=60s');
    });

    test('kubectl exec deploy/db-backup -- cdk8s-backup drills tells them', async () => {
      const drills = await ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'drills');
      expect(drills).toMatch(/whispercache[^]*redis[^]*whispercache-sqlite/);
    });
  });

  describe('a restore', () => {
    test('by the three commands of the README: a plan, the restore, and its log to the last line', async () => {
      await corrupt();
      const said = await run(shellBlock('create job --from=cronjob/db-restore emergency-restore'), world);
      expect(said).toMatch(/^job.batch\/look created\n[^]*^job.batch\/emergency-restore created\n[^]*rollback/m);
      await ns.ready('deployment/whispercache-backend');
      expect(await world.rows()).toEqual(before);
    });

    test('whose container is not there yet: "kubectl logs -f" fails, and what the README says waits, and tells what for', async () => {
      const job = parse(await world.cli('restore-manifest', '--manifest', world.manifest, '--job', 'db-restore', '--dry-run', '--name', 'look'));
      const pod = job.spec.template.spec;
      pod.volumes.push({ name: 'late', configMap: { name: 'late' } });
      pod.containers[0].volumeMounts.push({ name: 'late', mountPath: '/late' }); // what nobody mounts is not waited for
      await ns.kubectl('delete', 'job', 'look', '--ignore-not-found');
      await kubectlWith({ input: JSON.stringify(job) }, 'create', '--filename=-');
      await ns.kubectl('wait', '--for=create', 'pod', '--selector=job-name=look', '--timeout=60s');
      await until('the pod waits', 60_000, async () => (await ns.get('pods', '--selector=job-name=look')).items[0].status.containerStatuses?.[0].state.waiting !== undefined);
      await expect(ns.kubectl('logs', '-f', 'job/look', '--pod-running-timeout=30s')).rejects.toThrow('ContainerCreating');
      const [, waits] = / (until .*; done)$/.exec(shellLine('npx cdk8s-backup restore-manifest --manifest dist/whispercache.k8s.yaml --job db-restore --dry-run'))!;
      const screen = path.join(process.env.TMPDIR!, 'screen');
      const waited = run(`{ ${waits}; } > ${screen} 2>&1`, world);
      await until('what it waits for is told', 60_000, async () => existsSync(screen) && readFileSync(screen, 'utf8').includes('waiting to start: ContainerCreating'));
      await ns.kubectl('create', 'configmap', 'late');
      await waited;
      const { log } = await ns.ended('look');
      expect(readFileSync(screen, 'utf8').endsWith(log)).toBe(true);
    });

    test('of a backup of one\'s choice, by its name', async () => {
      await corrupt();
      const [first] = /^whispercache_\d{8}_\d{6}/m.exec(await list())!;
      await ns.kubectl('delete', 'job', 'emergency-restore', '--ignore-not-found');
      const commands = shellBlock('--backup whispercache_20261122_020000 --name emergency-restore').replaceAll('whispercache_20261122_020000', first);
      expect(await run(commands, world)).toMatch(new RegExp(`^${first}[^]*^job.batch/emergency-restore created$`, 'm'));
      expect(await ns.ended('emergency-restore')).toMatchObject({ outcome: 'Complete', log: expect.stringContaining(first) });
      await ns.ready('deployment/whispercache-backend');
      expect(await world.rows()).toEqual(before);
    });

    test('is gone back from, and that again, and what is kept is discarded, each by a Job in the cluster', async () => {
      await corrupt();
      await ns.kubectl('delete', 'job', 'emergency-restore', '--ignore-not-found');
      await ns.kubectl('create', 'job', '--from=cronjob/db-restore', 'emergency-restore');
      const { log } = await ns.ended('emergency-restore');
      const goBack = async (flag: string, name: string, job: string) => {
        const manifest = await world.cli('restore-manifest', '--manifest', world.manifest, '--job', 'db-restore', flag, name, '--name', job);
        await kubectlWith({ input: manifest }, 'create', '--filename=-');
        expect(await ns.ended(job)).toMatchObject({ outcome: 'Complete' });
        await ns.ready('deployment/whispercache-backend');
      };

      await goBack('--rollback', /--rollback (\w+)/.exec(log)![1]!, 'go-back');
      expect(await corrupted()).toBe('2000');
      await goBack('--rollback', await newest(), 'go-back-again');
      expect(await world.rows()).toEqual(before);
      const kept = await newest();
      await goBack('--discard', kept, 'discard');
      expect(await newest()).not.toBe(kept);
      expect(await world.rows()).toEqual(before);
    });
  });

  describe('a migration that waits for a backup', () => {
    /** The commands of the README, with a migration that a restore has to take back. */
    const migrate = (timeout: string) => {
      const job = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'migration', namespace: ns.name },
        spec: { backoffLimit: 0, template: { spec: migration() } },
      };
      return run(`echo '${JSON.stringify(job)}' > migration.yaml\n${shellBlock('before-migration').replace('--timeout=2h', `--timeout=${timeout}`)}`, world);
    };
    const columns = () => world.sql("SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'notes'");

    test('does not begin where the backup fails', async () => {
      await world.sql("ALTER ROLE whispercache PASSWORD 'another'");
      await expect(migrate('5s')).rejects.toThrow('timed out waiting for the condition on jobs/before-migration');
      expect(await ns.ended('before-migration')).toMatchObject({ outcome: 'Failed' });
      await world.sql("ALTER ROLE whispercache PASSWORD 'wh$(HOME)-secret'");
      await expect(ns.kubectl('get', 'job/migration')).rejects.toThrow('not found');
      await ns.kubectl('delete', 'job', 'before-migration');
    });

    test('begins when it is stored, and a restore of that backup takes the migration back', async () => {
      const there = await columns();
      expect(await migrate('2m')).toContain('job.batch/migration created');
      expect(await ns.ended('migration')).toMatchObject({ outcome: 'Complete' });
      const [backup, migrated] = [await ns.get('job/before-migration'), await ns.get('job/migration')];
      expect(Date.parse(migrated.metadata.creationTimestamp)).toBeGreaterThanOrEqual(Date.parse(backup.status.completionTime));
      expect(await columns()).not.toBe(there);
      const { log } = await ns.ended('before-migration');
      const { id } = log.trimEnd().split('\n').map(text => JSON.parse(text)).find(({ event }) => event === 'backup.finished');
      await ns.kubectl('delete', 'job', 'emergency-restore', '--ignore-not-found');
      await run(shellBlock('--backup whispercache_20261122_020000 --name emergency-restore').replaceAll('whispercache_20261122_020000', id), world);
      expect(await ns.ended('emergency-restore')).toMatchObject({ outcome: 'Complete' });
      await ns.ready('deployment/whispercache-backend');
      expect([await columns(), await world.rows()]).toEqual([there, before]);
    });
  });

  describe('from a laptop, through port-forwards', () => {
    const laptop = (command: string) =>
      run(`export CDK8S_BACKUP_KUBERNETES_URL=http://127.0.0.1:8001\n${shellLine('npx cdk8s-backup restore --manifest dist/whispercache.k8s.yaml').replace('restore', command)} --yes`, world);
    const kept = () => world.sql("SELECT datname FROM pg_database WHERE datname LIKE 'whispercache_before_%'", 'postgres');

    test('a backup goes into the bucket, and into a folder of the laptop', async () => {
      const said = await run(`${shellLine('mkdir -p backups && npx cdk8s-backup backup')}; find backups -name '*.dump'`, world);
      const [id] = /whispercache_\d{8}_\d{6}(?=\.dump)/.exec(said)!;
      expect(await list()).toContain(id);
    });

    test('a restore brings every row back, and stops the application through the API', async () => {
      await corrupt();
      await laptop('restore');
      await ns.ready('deployment/whispercache-backend');
      expect(await world.rows()).toEqual(before);
    });

    test('a rollback makes live again what the restore replaced', async () => {
      await laptop('rollback');
      expect(await corrupted()).toBe('2000');
      await laptop('rollback');
      await ns.ready('deployment/whispercache-backend');
      expect(await world.rows()).toEqual(before);
    });

    test('discard removes it for good', async () => {
      expect(await kept()).toMatch(/^whispercache_before_/);
      for (let left = await kept(); left !== ''; left = await kept()) await laptop('discard');
      expect(await world.rows()).toEqual(before);
    });
  });

  test('a CronJob fires by itself, and the templates of restores never do, not even where somebody has resumed them', async () => {
    expect(templates()).toEqual(expect.arrayContaining(['db-restore', 'redis-restore', 'sqlite-restore']));
    await ns.kubectl('wait', '--for=jsonpath={.status.lastScheduleTime}', 'cronjob/redis-backup', '--timeout=90s');
    const fired = (await ns.get('jobs')).items
      .filter(({ metadata: { annotations = {}, ownerReferences = [] } }: any) => ownerReferences.length > 0 && annotations[BY_HAND] === undefined)
      .map(({ metadata: { name, ownerReferences } }: any) => ({ name, of: ownerReferences[0].name }));
    expect(fired.filter(({ of }: any) => templates().includes(of))).toEqual([]);
    const ofRedis = fired.find(({ of }: any) => of === 'redis-backup');
    expect(await ns.ended(ofRedis.name)).toMatchObject({ outcome: 'Complete' });
  });
});
