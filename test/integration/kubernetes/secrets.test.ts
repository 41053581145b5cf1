import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart } from 'cdk8s';
import { BackupCronJob, BackupSource, BackupStore, Encryption, RestoreJob, RestoreMode } from '../../../src';
import { BackupConfig, CONFIG_ENV, RestoreConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { API_URL_ENV } from '../../../src/runner/kubernetes/api';
import { aPair, Pair } from '../../runner/age/_age';
import { objectsOf, props } from '../../synth';
import { folder } from '../_configs';
import { backup, Ended, filesIn, list, run, RunOptions } from '../_runner';
import { watched } from '../_watched';
import { tempDir } from '../servers/_process';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { KubectlProxy, startKubectlProxy } from '../servers/kubectl-proxy';

/* Against a real API server, as the service accounts that the constructs make: their Roles are what allows all of this. */
const VALUE = 'planted-secret-value';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let server: KubeApiServer;
let key: Pair;
const proxies: KubectlProxy[] = [];

async function proxyAs(namespace: string, account: string): Promise<string> {
  const proxy = await startKubectlProxy(server, namespace, account);
  proxies.push(proxy);
  return proxy.url;
}

beforeAll(async () => {
  [server, key] = await Promise.all([startKubeApiServer(), aPair()]);
});

afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await server?.stop();
});

const secret = (namespace: string, name: string, data: { [key: string]: string }, more: object = {}) =>
  ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels: { app: 'shop' }, ...more }, data });
const configMap = (namespace: string, name: string, data: { [key: string]: string }) =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { app: 'shop' } }, data });

interface Site {
  readonly namespace: string;
  readonly directory: string;
  readonly backup: RunOptions;
  readonly restore: RunOptions;
  readonly replacing: RunOptions;
}

/** A namespace with objects, and with what the constructs define for them. */
async function site(namespace: string, options: Parameters<typeof BackupSource.kubernetesSecrets>[0]): Promise<Site> {
  await server.create([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    secret(namespace, 'db', { password: base64(VALUE), user: base64('shop') }, { annotations: { 'note': 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }),
    secret(namespace, 'tls', { 'tls.key': base64('key: "quoted"\nand more\n'), 'empty': '' }),
    configMap(namespace, 'settings', { 'app.conf': 'a: 1\n# ünïcode\n', 'flag': 'yes' }),
    { ...secret(namespace, 'other', { x: base64('x') }), metadata: { name: 'other', namespace } },
    { ...secret(namespace, 'release', { release: base64('x') }), type: 'helm.sh/release.v1' },
  ]);
  const chart = new Chart(new App(), 'chart', { namespace });
  const job = new BackupCronJob(chart, 'secrets-backup', props({
    source: BackupSource.kubernetesSecrets(options),
    encryption: Encryption.age({ recipients: [key.recipient] }),
    stores: [BackupStore.s3({ bucketName: 'bucket', region: 'x' })],
  }));
  new RestoreJob(chart, 'secrets-restore', { backup: job });
  new RestoreJob(chart, 'secrets-replace', { backup: job, mode: RestoreMode.kubernetesObjects({ replace: true }) });
  const objects = objectsOf(chart);
  await server.create(objects.filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind)));
  const directory = tempDir('volume');
  const optionsOf = async (name: string): Promise<RunOptions> => {
    const pod = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name).spec.jobTemplate.spec.template.spec;
    expect(pod.automountServiceAccountToken).toBe(true);
    const { value } = pod.containers[0].env.find((variable: any) => variable.name === CONFIG_ENV);
    const config = parseConfig(unescapeEnvValue(value)) as BackupConfig | RestoreConfig;
    return {
      config: { ...config, stores: [folder(directory)], ...config.kind === 'restore' && { decryption: { identityFile: key.file } } } as BackupConfig,
      env: { [API_URL_ENV]: await proxyAs(namespace, pod.serviceAccountName) },
    };
  };
  return { namespace, directory, backup: await optionsOf('secrets-backup'), restore: await optionsOf('secrets-restore'), replacing: await optionsOf('secrets-replace') };
}

/** All that matters of the objects, as the API has them. */
async function stateOf(namespace: string): Promise<{ [title: string]: object }> {
  const found: { [title: string]: object } = {};
  for (const resource of ['secrets', 'configmaps']) {
    for (const { metadata: { name, labels, annotations }, type, immutable, data } of (await server.request('GET', `/api/v1/namespaces/${namespace}/${resource}`)).items) {
      const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...notes } = annotations ?? {};
      found[`${resource}/${name}`] = { labels, notes, type, immutable, data };
    }
  }
  return found;
}

async function empty(namespace: string): Promise<void> {
  for (const resource of ['secrets', 'configmaps']) await server.request('DELETE', `/api/v1/namespaces/${namespace}/${resource}`);
}

function expectNoValue({ stdout, stderr }: Ended): void {
  for (const value of [VALUE, base64(VALUE), 'overwritten-value', base64('overwritten-value'), 'ünïcode']) expect(stdout + stderr).not.toContain(value);
}

test('named objects come back into an emptied namespace as they were, read and written with the rights to them alone', async () => {
  const { namespace, directory, backup: backingUp, restore } = await site('named', { secretNames: ['db', 'tls'], configMapNames: ['settings'] });
  const before = await stateOf(namespace);
  const { id, artifacts } = await backup(backingUp);
  expect(artifacts.map(({ file }) => file)).toEqual([`${id}.yaml.zst.age`]);

  // The stock programs show it, and kubectl could apply it.
  const yaml = execFileSync('zstd', ['--decompress', '--stdout'], { input: execFileSync('age', ['--decrypt', '--identity', key.file, path.join(directory, artifacts[0]!.file)]) }).toString();
  expect(yaml.split('---\n').slice(1).map(text => /kind: (\w+)\nmetadata:\n {2}name: (\S+)/.exec(text)!.slice(1).join(' '))).toEqual(['ConfigMap settings', 'Secret db', 'Secret tls']);
  expect(yaml).not.toMatch(/uid|resourceVersion|managedFields|creationTimestamp|last-applied/);
  expect(JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8'))).toMatchObject({
    source: { engine: 'kubernetes', address: namespace }, artifacts: [{ counts: { items: { ConfigMap: 2, Secret: 4 } } }],
  });
  for (const file of filesIn(directory)) {
    for (const hidden of ['tls.key', VALUE, base64(VALUE), key.identity]) expect(readFileSync(path.join(directory, file), 'latin1')).not.toContain(hidden);
  }

  await empty(namespace);
  const plan = await run(['restore', '--dry-run'], restore);
  expect(plan).toMatchObject({ code: 0 });
  expect(JSON.parse(plan.stdout).steps).toEqual(expect.arrayContaining(['create ConfigMap settings with app.conf, flag', 'create Secret db with password, user', 'create Secret tls with empty, tls.key']));
  expect(await stateOf(namespace)).toEqual({});

  const { ended, commandLines } = await watched(['restore', '--yes'], restore);
  expect([ended.code, ended.message]).toEqual([0, expect.anything()]);
  const { 'secrets/other': _other, 'secrets/release': _release, ...own } = before;
  expect(await stateOf(namespace)).toEqual(own);
  expect(commandLines.join()).toContain('restore');
  for (const hidden of [VALUE, base64(VALUE), key.identity]) expect(commandLines.join()).not.toContain(hidden);
  for (const shown of [plan, ended]) expectNoValue(shown);

  const again = await run(['restore', '--yes'], restore);
  expect(again).toMatchObject({ code: 0, result: { previous: null } });
});

test('an object that was changed is replaced only on demand, and what it held can be brought back', async () => {
  const { namespace, backup: backingUp, restore, replacing } = await site('changed', { secretNames: ['db', 'tls'] });
  const { id } = await backup(backingUp);
  const before = await stateOf(namespace);
  await server.request('PATCH', `/api/v1/namespaces/${namespace}/secrets/db`, { data: { password: base64('overwritten-value'), added: base64('1') } });
  const changed = await stateOf(namespace);

  const refused = await run(['restore', '--yes'], restore);
  expect([refused.code, refused.message]).toEqual([2, expect.stringContaining('Secret db is there and differs (the backup removes added, changes password): it is replaced only if you say so, with --set target.replace=true')]);
  expect(await stateOf(namespace)).toEqual(changed);

  const ended = await run(['restore', '--yes'], replacing);
  expect([ended.code, ended.message]).toEqual([0, expect.anything()]);
  expect(await stateOf(namespace)).toEqual(before);
  const { backups, latest } = await list(backingUp);
  expect(latest).toBe(id);
  expect(backups.at(-1)).toMatchObject({ suspect: `it is what was there before the restore of ${id}`, artifacts: [{ recipients: [key.recipient] }] });

  const back = await run(['rollback', '--yes'], replacing);
  expect([back.code, back.message]).toEqual([0, expect.anything()]);
  expect(await stateOf(namespace)).toEqual(changed);
  for (const shown of [refused, ended, back]) expectNoValue(shown);
});

test('labels choose, releases of Helm are left out, and so is the rest', async () => {
  const { namespace, backup: backingUp, restore } = await site('labelled', { matchLabels: { app: 'shop' } });
  const before = await stateOf(namespace);
  await backup(backingUp);
  await empty(namespace);
  expect(await run(['restore', '--yes'], restore)).toMatchObject({ code: 0 });
  const { 'secrets/other': _other, 'secrets/release': _release, ...own } = before;
  expect(await stateOf(namespace)).toEqual(own);
});

test('more objects than one answer has are all backed up', async () => {
  const { namespace, backup: backingUp, restore } = await site('many', {});
  await server.create(Array.from({ length: 120 }, (_, i) => secret(namespace, `s${i}`, { i: base64(String(i)) })));
  const before = await stateOf(namespace);
  await backup(backingUp);
  await empty(namespace);
  expect(await run(['restore', '--yes'], restore)).toMatchObject({ code: 0 });
  const { 'secrets/release': _release, ...own } = before;
  expect(await stateOf(namespace)).toEqual(own);
});

test('Secrets that lie in the store in the clear are none of ours, and are not restored', async () => {
  const { namespace, directory, backup: backingUp, replacing } = await site('planted', { secretNames: ['db', 'tls'] });
  const { id, artifacts: [artifact] } = await backup(backingUp);
  const record = JSON.parse(readFileSync(path.join(directory, `${id}.json`), 'utf8'));
  const plain = execFileSync('age', ['--decrypt', '--identity', key.file, path.join(directory, artifact!.file)]);
  writeFileSync(path.join(directory, artifact!.file), plain);
  Object.assign(record.artifacts[0], { recipients: undefined, bytes: plain.length, sha256: createHash('sha256').update(plain).digest('hex') });
  writeFileSync(path.join(directory, `${id}.json`), JSON.stringify(record));
  await server.request('PATCH', `/api/v1/namespaces/${namespace}/secrets/db`, { data: { password: base64('overwritten-value') } });
  const before = await stateOf(namespace);
  const files = filesIn(directory);
  const ended = await run(['restore', '--yes'], replacing);
  expect([ended.code, ended.message]).toEqual([11, expect.stringContaining(`${id} has Secrets and is not encrypted, and no backup of this program is that`)]);
  expect(await stateOf(namespace)).toEqual(before);
  expect(filesIn(directory)).toEqual(files);
});

describe('nothing is changed, and the message says why', () => {
  test('where Secrets would be stored in the clear before they are replaced', async () => {
    const { namespace, directory, backup: backingUp, replacing } = await site('unsealed', { secretNames: ['db', 'tls'] });
    await backup(backingUp);
    await server.request('PATCH', `/api/v1/namespaces/${namespace}/secrets/db`, { data: { password: base64('overwritten-value') } });
    const [before, files] = [await stateOf(namespace), filesIn(directory)];
    const ended = await run(['restore', '--yes'], { ...replacing, config: { ...replacing.config as RestoreConfig, encryption: null } });
    expect([ended.code, ended.message]).toEqual([10, expect.stringContaining('the safety backup of what is there now would not be encrypted')]);
    expect(await stateOf(namespace)).toEqual(before);
    expect(filesIn(directory)).toEqual(files);
  });

  let given: Site;

  beforeAll(async () => {
    given = await site('refused', { secretNames: ['db', 'tls'] });
    await backup(given.backup);
  });

  test('where the rights are missing', async () => {
    const foreign = { ...given.backup, env: given.restore.env };
    const config = { ...given.backup.config as BackupConfig, source: { ...(given.backup.config as BackupConfig).source, secretNames: ['other'] } } as BackupConfig;
    const denied = await run(['backup'], { ...foreign, config });
    expect([denied.code, denied.message]).toEqual([14, expect.stringContaining('secrets "other" is forbidden')]);
    expect(denied.message).toContain('Bind the Role that the construct makes');
    // The account of the backup may read, and not write.
    await server.request('DELETE', '/api/v1/namespaces/refused/secrets/tls');
    const writing = await run(['restore', '--yes'], { ...given.restore, env: given.backup.env });
    expect([writing.code, writing.message]).toEqual([14, expect.stringContaining('Secret tls can\'t be written')]);
    expectNoValue(writing);
  });

  test('where a named object is missing', async () => {
    const config = { ...given.backup.config as BackupConfig, source: { ...(given.backup.config as BackupConfig).source, secretNames: ['tls', 'db'] } } as BackupConfig;
    const missing = await run(['backup'], { ...given.backup, config });
    expect([missing.code, missing.message]).toEqual([15, expect.stringContaining('there is no Secret tls in the namespace refused')]);
  });

  test('where an object can\'t be changed', async () => {
    await server.request('PATCH', '/api/v1/namespaces/refused/secrets/db', { immutable: true, data: { user: base64('overwritten-value') } });
    const ended = await run(['restore', '--yes'], given.replacing);
    expect([ended.code, ended.message]).toEqual([1, expect.stringContaining('immutable')]);
    expectNoValue(ended);
    expect((await stateOf('refused'))['secrets/tls']).toBeUndefined();
  });
});
