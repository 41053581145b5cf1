import path from 'node:path';
import { restore } from './_restore';
import { site, Site, sqliteTarget } from './_site';
import { BackupSource, BackupStore, RestoreJob, RestoreTrigger } from '../../../src';
import { RestoreConfig } from '../../../src/contract/config';
import { newChart, objectsOf } from '../../synth';
import { tempDir } from '../servers/_process';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { KubectlProxy, startKubectlProxy } from '../servers/kubectl-proxy';

/*
 * A restore that applying starts, and that is left in the app: the image of another version is another Job, and must not restore over what
 * the application has written. Against an API server, with the rights that the construct makes.
 */
const NAMESPACE = 'shop';
const NOTES = `/api/v1/namespaces/${NAMESPACE}/configmaps/db-restore-restored`;

function applied(trigger = RestoreTrigger.onApply()): { readonly once: RestoreConfig['once']; readonly objects: readonly any[] } {
  const chart = newChart(NAMESPACE);
  const { _config: { once } } = new RestoreJob(chart, 'db-restore', {
    target: BackupSource.redis({ host: 'redis' }), stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x' })], trigger,
  });
  return { once, objects: objectsOf(chart) };
}

const { once, objects } = applied();
const notes = objects.filter(({ kind }) => kind === 'ConfigMap');
let server: KubeApiServer;
let proxy: KubectlProxy;

beforeAll(async () => {
  server = await startKubeApiServer();
  const rights = objects.filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind));
  await server.create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, ...rights]);
  proxy = await startKubectlProxy(server, NAMESPACE, 'db-restore');
});

afterAll(async () => {
  proxy?.close();
  await server?.stop();
});

beforeEach(() => server.create(notes));
afterEach(() => server.request('DELETE', NOTES));

/** Restored by its first Job, and written to since. */
async function restored(): Promise<Site> {
  const given = await site(proxy, { once });
  const first = await restore(given.options('job-1'));
  expect([first.code, first.message, given.notes()]).toEqual([0, expect.anything(), ['backed up']]);
  given.write('written since');
  return given;
}

test('the Job of another image does not restore again: it ends well, and says when it was done and what to do', async () => {
  const given = await restored();
  const second = await restore(given.options('job-2', { activeDeadlineSeconds: 1000 }));
  const holds = new RegExp(`^${given.id} was restored to .*app.db by an earlier Job, .* and is not restored again: .* Nothing was changed\\..*RestoreTrigger.onApply`);
  expect([second.code, second.result]).toEqual([0, expect.objectContaining({
    event: 'restore.finished', id: given.id, recoveryPoint: null, previous: null, holds: expect.stringMatching(holds),
  })]);
  expect(given.notes()).toEqual(['backed up', 'written since']);
});

test('a pod that follows another one of the same Job goes on where that has ended', async () => {
  const given = await restored();
  const again = await restore(given.options('job-1'));
  expect([again.code, again.events.map(({ event }) => event)]).toEqual([0, expect.arrayContaining(['restore.resumed'])]);
  expect(given.notes()).toEqual(['backed up', 'written since']);
});

test('another id restores once more', async () => {
  const given = await restored();
  expect((await restore(given.options('job-2', { once: applied(RestoreTrigger.onApply('again')).once }))).code).toBe(0);
  expect(given.notes()).toEqual(['backed up']);
});

test('after the namespace was lost it restores, also where the old note came back from a backup of the namespace', async () => {
  const given = await restored();
  const { data } = await server.request('GET', NOTES);
  await server.request('DELETE', NOTES);
  await server.create([{ ...notes[0], data }]);
  expect((await restore(given.options('job-2'))).code).toBe(0);
  expect(given.notes()).toEqual(['backed up']);
});

test('another target was not restored, and that is no success', async () => {
  const given = await restored();
  const other = path.join(tempDir('once-other'), 'other.db');
  const second = await restore(given.options('job-2', { target: sqliteTarget(other) }));
  expect([second.code, second.message]).toEqual([10, expect.stringMatching(/Now the target is .*other.db, which was not restored\. To restore once more, .*onApply another id\. Nothing was changed/)]);
});

test('where nobody can tell whether it was done, nothing is restored', async () => {
  const given = await site(proxy, { once });
  await server.request('DELETE', NOTES);
  const missing = await restore(given.options('job-1'));
  expect([missing.code, missing.message]).toEqual([15, expect.stringMatching(/db-restore-restored.*apply the whole manifest of the RestoreJob.*Nothing was changed/)]);
  await server.create([{ ...notes[0], data: { [once!.key]: 'half a no' } }]);
  const torn = await restore(given.options('job-1'));
  expect([torn.code, torn.message]).toEqual([10, expect.stringContaining('has a note that can\'t be read')]);
  expect(given.notes()).toEqual(['backed up', 'to be undone']);
});
