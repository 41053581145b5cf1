import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { describeCluster } from './_can-run';
import { inNodeNetwork, Namespace, newNamespace, NOT_NOW, place, startKubectl } from './_cluster';
import { untilListening } from './_node';
import { ClusterS3, startClusterS3 } from './_s3';
import { BackupCronJob, BackupSource, BackupStore, Decryption, Encryption, RestoreJob, RestoreMode } from '../../src';
import { ROOT } from '../image/_lab';
import { tempDir } from '../integration/servers/_process';
import { objectsOf } from '../synth';

/* Secrets and ConfigMaps of a namespace that has no database: sealed by a pod that has no key, opened by one that has, or on a laptop. */

/** Values that are found nowhere but in the objects, with all that YAML and base64 may trip over. */
const PLANTED = ['planted: "pass" $(HOME) # word', 'planted key\n-----END\n', 'planted token \u00fc'];
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const base64 = (value: string | Buffer) => Buffer.from(value as string).toString('base64');
const labels = { app: 'shop' };
const OBJECTS = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', labels, annotations: { 'example.com/owner': 'shop team' } }, data: { password: base64(PLANTED[0]!), empty: '' } },
  { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'tls' }, data: { 'tls.crt': base64('a certificate\n'), 'tls.key': base64(PLANTED[1]!) } },
  { apiVersion: 'v1', kind: 'Secret', type: 'example.com/token', immutable: true, metadata: { name: 'token' }, data: { token: base64(PLANTED[2]!), bytes: base64(BYTES) } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { 'app.yaml': 'a: 1\nb: |\n  text\n', 'flag': 'no' }, binaryData: { bytes: base64(BYTES) } },
];
const NAMES = OBJECTS.map(({ kind, metadata: { name } }) => `${kind.toLowerCase()}/${name}`);
const BUCKET = 'secrets-backups';
/** Not that of other tests, which run beside this one. */
const PROXY_PORT = 8031;

describeCluster('Kubernetes Secrets', () => {
  let ns: Namespace;
  let s3: ClusterS3;
  let before: readonly unknown[];
  let identity: string;
  let manifest: string;
  let proxy: { stop(): void } | undefined;

  beforeAll(async () => {
    [ns, s3] = await Promise.all([newNamespace('secrets'), startClusterS3(BUCKET)]);
    identity = path.join(tempDir('key'), 'backup.key');
    execFileSync('age-keygen', ['-o', identity], { stdio: 'pipe' });
    const recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim();
    await ns.kubectl('create', 'secret', 'generic', 'backup-key', `--from-file=identity=${identity}`);
    await keysOfBucket();
    const objects = chartOf(recipient);
    manifest = path.join(tempDir('manifest'), 'shop.k8s.yaml');
    writeFileSync(manifest, objects.map(object => `---\n${JSON.stringify(object)}\n`).join(''));
    await ns.apply([...OBJECTS, ...objects]);
    before = await stored();
  });

  afterAll(async () => {
    proxy?.stop();
    await s3?.kill();
    await ns?.kubectl('delete', 'namespace', ns.name, '--wait=false');
  });

  function chartOf(recipient: string): any[] {
    const chart = new Chart(new App(), 'shop', { namespace: ns.name });
    const backup = new BackupCronJob(chart, 'secrets-backup', {
      source: BackupSource.kubernetesSecrets({ secretNames: ['db', 'tls', 'token'], configMapNames: ['settings'] }),
      encryption: Encryption.age({ recipients: [recipient] }),
      stores: [BackupStore.s3({ bucketName: BUCKET, endpoint: s3.endpoint })],
      schedule: NOT_NOW,
    });
    const decryption = Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'key', 'backup-key'));
    new RestoreJob(chart, 'secrets-restore', { backup, decryption });
    new RestoreJob(chart, 'secrets-replace', { backup, decryption, mode: RestoreMode.kubernetesObjects({ replace: true }) });
    return objectsOf(chart);
  }

  const keysOfBucket = () => ns.apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-secrets' }, stringData: s3.keys }]);

  /** All that is theirs, as the API has it: not what a cluster notes, nor kubectl's copy of what was applied. */
  const stored = async () => (await ns.get(...NAMES)).items.map(({ kind, type, immutable, data, binaryData, metadata }: any) => {
    const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = metadata.annotations ?? {};
    return { kind, name: metadata.name, type, immutable, data, binaryData, labels: metadata.labels, annotations };
  });

  const filesInBucket = () => readdirSync(s3.dataDirectory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  const artifacts = () => filesInBucket().filter(file => file.endsWith('.yaml.zst.age'));

  /** None of the values, in any form in which they might be written. */
  function expectNoValue(text: string): void {
    const forms = PLANTED.flatMap(value => [value, JSON.stringify(value).slice(1, -1), base64(value).replace(/=+$/, '').slice(0, -1)]);
    expect(forms.filter(form => text.includes(form))).toEqual([]);
  }

  const laptop = (command: string, job: string) => inNodeNetwork(
    [process.execPath, path.join(ROOT, 'dist', 'runner', 'main.js'), command, '--manifest', manifest, '--job', job, '--identity', identity, '--yes'],
    { env: { ...s3.keys, CDK8S_BACKUP_KUBERNETES_URL: `http://127.0.0.1:${PROXY_PORT}` } },
  );

  test('are stored sealed: the program age opens them with the identity, and no file and no line of the log has a value', async () => {
    const log = await ns.pass('secrets-backup');
    expectNoValue(log);
    for (const file of filesInBucket()) expectNoValue(readFileSync(file, 'latin1'));
    const [sealed, ...others] = artifacts();
    expect(others).toEqual([]);
    const zstd = execFileSync('age', ['--decrypt', '--identity', identity, sealed!]);
    const yaml = execFileSync('zstd', ['-dc'], { input: zstd, encoding: 'utf8' });
    for (const value of PLANTED) expect(yaml).toContain(base64(value));
  });

  test('that are deleted come back by a restore in the cluster, key by key; what is there stays as it is', async () => {
    const versionOf = async () => (await ns.get('secret/tls')).metadata.resourceVersion;
    const version = await versionOf();
    await ns.kubectl('delete', 'secret/db', 'secret/token', 'configmap/settings');
    const log = await ns.pass('secrets-restore');
    expect(await stored()).toEqual(before);
    expect(await versionOf()).toBe(version);
    expectNoValue(log);
  });

  test('that differ stop a restore before anything is changed, with the names of the keys, and without another try', async () => {
    await ns.kubectl('patch', 'secret/db', '--patch={"stringData":{"password":"another"}}');
    await ns.kubectl('delete', 'configmap/settings');
    const { outcome, log } = await ns.run('secrets-restore', 'refused');
    expect([outcome, log]).toEqual(['Failed', expect.stringContaining('changes password')]);
    expect((await ns.get('pods', '--selector=job-name=refused')).items).toHaveLength(1);
    await expect(ns.kubectl('get', 'configmap/settings')).rejects.toThrow('not found');
    expect((await ns.get('secret/db')).data.password).toBe(base64('another'));
    expectNoValue(log);
  });

  test('that differ are replaced where that is asked for, and a rollback from a laptop brings back, out of a sealed backup, what was replaced', async () => {
    const log = await ns.pass('secrets-replace');
    expect(await stored()).toEqual(before);
    expectNoValue(log);
    expect(artifacts()).toHaveLength(2);
    proxy = startKubectl('proxy', `--port=${PROXY_PORT}`);
    await untilListening(place(), PROXY_PORT, 30_000);
    await laptop('rollback', 'secrets-replace');
    expect(await stored()).toEqual(before.map((object: any) => object.name === 'db' ? { ...object, data: { ...object.data, password: base64('another') } } : object));
    await laptop('restore', 'secrets-replace');
    expect(await stored()).toEqual(before);
  });

  test('of a namespace that is lost, with the keys of the bucket and the identity, come back from a laptop that has both', async () => {
    await ns.kubectl('delete', ...NAMES, 'secret/backup-key', 'secret/backup-secrets');
    const said = await laptop('restore', 'secrets-restore');
    expect(await stored()).toEqual(before);
    expectNoValue(said);
    await keysOfBucket();
  });
});
