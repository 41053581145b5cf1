import path from 'node:path';
import { describeCluster } from './_can-run';
import { inNodeNetwork, place, startKubectl } from './_cluster';
import { untilListening } from './_node';
import { startWhispercache, Whispercache } from './_whispercache';
import { clientBin } from '../integration/servers/postgres';

describeCluster('from a laptop, through port-forwards', () => {
  let world: Whispercache;
  let before: Awaited<ReturnType<Whispercache['rows']>>;
  const forwards: { stop(): void }[] = [];

  beforeAll(async () => {
    world = await startWhispercache('laptop');
    await world.ns.pass('db-backup');
    before = await world.rows();
    // It has looked before there was a backup, and does so again after minutes.
    await world.ns.kubectl('rollout', 'restart', 'deployment/db-backup');
    await world.ns.ready('deployment/db-backup');
    const { name } = world.ns;
    forwards.push(
      startKubectl('--namespace', name, 'port-forward', 'svc/postgres', '5432'),
      startKubectl('--namespace', name, 'port-forward', 'svc/db-backup', '8080'),
      startKubectl('proxy', '--port=8001'),
    );
    for (const port of [5432, 8080, 8001]) await untilListening(place(), port, 30_000);
  });

  afterAll(async () => {
    for (const forward of forwards) forward.stop();
    await world?.stop();
  });

  const laptop = (command: string, ...args: string[]) => world.cliWith(
    { CDK8S_BACKUP_KUBERNETES_URL: 'http://127.0.0.1:8001', PATH: `${clientBin(17)}${path.delimiter}${process.env.PATH}` },
    command, '--manifest', world.manifest, '--job', 'db-restore', '--set', 'target.host=localhost', '--set', 'healthUrl=null', ...args,
  );
  const users = () => world.sql("SELECT count(*) FROM users WHERE name = 'corrupted'");

  test('the status page and the metrics tell of the backup in both stores', async () => {
    const get = (where: string) => inNodeNetwork(['node', '-e', `fetch('http://127.0.0.1:8080${where}').then(answer => answer.text()).then(console.log)`]);
    // The other two have never been backed up.
    expect(/<title>.*<\/title>/.exec(await get('/'))![0]).toMatch(/^<title>No: redis and whispercache-sqlite can.t be restored/);
    const counts = (await get('/metrics')).split('\n').filter(line => line.startsWith('backup_repository_backups') && line.includes('backup="whispercache"'));
    expect(counts).toEqual(['volume', 's3'].map(store => expect.stringMatching(`store="${store}".*} 1$`)));
  });

  test('a restore brings every row back, and stops the application through the API', async () => {
    await world.sql("UPDATE users SET name = 'corrupted'");
    await laptop('restore', '--yes');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });

  test('a rollback makes live again what the restore replaced', async () => {
    await laptop('rollback', '--yes');
    expect(await users()).toBe('2000');
    await laptop('rollback', '--yes');
    await world.ns.ready('deployment/whispercache-backend');
    expect(await world.rows()).toEqual(before);
  });

  test('discard removes it for good', async () => {
    const databases = () => world.sql("SELECT datname FROM pg_database WHERE datname LIKE 'whispercache%' ORDER BY 1", 'postgres');
    expect(await databases()).toMatch(/^whispercache\nwhispercache_before_/);
    await laptop('discard', '--yes');
    expect(await databases()).toBe('whispercache');
  });
});
