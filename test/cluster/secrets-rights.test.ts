import { readFileSync } from 'node:fs';
import * as kplus from 'cdk8s-plus-28';
import { describeCluster } from './_can-run';
import { Namespace, newNamespace } from './_cluster';
import { denied, runWithoutEach } from './_rights';
import { ClusterS3, startClusterS3 } from './_s3';
import { BackupCronJob, BackupSource, BackupStore, Decryption, Encryption, RestoreJob, RestoreMode } from '../../src';
import { aPair } from '../runner/age/_age';
import { newChart, objectsOf, props } from '../synth';

const BUCKET = 'secrets';
const LABELS = { app: 'shop' };
const NAMED = { 'secret/app': { password: 'planted-value' }, 'configmap/settings': { flag: 'planted-flag' } };

describeCluster('the Roles of a backup and a restore of Secrets in a cluster', () => {
  let ns: Namespace;
  let s3: ClusterS3;

  beforeAll(async () => {
    [ns, s3] = await Promise.all([newNamespace('secrets'), startClusterS3(BUCKET)]);
    const key = await aPair();
    const chart = newChart(ns.name);
    const backupOf = (id: string, options: Parameters<typeof BackupSource.kubernetesSecrets>[0]) => new BackupCronJob(chart, id, props({
      backupName: id,
      source: BackupSource.kubernetesSecrets(options),
      encryption: Encryption.age({ recipients: [key.recipient] }),
      stores: [BackupStore.s3({ bucketName: BUCKET, endpoint: s3.endpoint })],
      onDemand: true,
    }));
    const decryption = Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Identity', 'identity'));
    for (const [id, options] of Object.entries({ named: { secretNames: ['app'], configMapNames: ['settings'] }, all: { matchLabels: LABELS } })) {
      const backup = backupOf(id, options);
      new RestoreJob(chart, `${id}-restore`, { backup, decryption });
      new RestoreJob(chart, `${id}-replace`, { backup, decryption, mode: RestoreMode.kubernetesObjects({ replace: true }) });
    }
    await ns.apply([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-secrets' }, stringData: s3.keys },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'identity' }, stringData: { identity: readFileSync(key.file, 'utf8') } },
      ...objectsOf(chart),
    ]);
    await fill(NAMED);
    await Promise.all([ns.pass('named'), ns.pass('all')]);
  });

  afterAll(async () => {
    await s3?.kill();
  });

  const fill = (content: typeof NAMED) => ns.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app', labels: LABELS }, stringData: content['secret/app'] },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', labels: LABELS }, data: content['configmap/settings'] },
  ]);
  const held = async () => {
    const { items } = await ns.get('secrets,configmaps', `--selector=app=${LABELS.app}`);
    const plain = ({ kind, data }: any) => kind === 'Secret' ? Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value as string, 'base64').toString()])) : data;
    return Object.fromEntries(items.map((item: any) => [`${item.kind.toLowerCase()}/${item.metadata.name}`, plain(item)]));
  };
  const lose = () => ns.kubectl('delete', 'secret/app', 'configmap/settings');
  const OTHERS = { 'secret/app': { password: 'overwritten-value' }, 'configmap/settings': { flag: 'overwritten-flag' } };

  const refusedWithoutEach = async (cronJob: string, rights: readonly string[], verb?: string) => {
    const ended = await runWithoutEach(ns, cronJob, `${cronJob}-objects`, verb);
    expect([...ended].map(denied)).toEqual(rights.map(right => ({ right, outcome: 'Failed', said: 'which it lacks' })));
    for (const { log } of ended.values()) expect(log).not.toMatch(/(planted|overwritten)-/);
  };

  test('a backup needs "get" of what it names, and without names "list"', async () => {
    await Promise.all([
      refusedWithoutEach('named', ['get configmaps', 'get secrets']),
      refusedWithoutEach('all', ['list configmaps', 'list secrets']),
    ]);
  });

  test('a restore that replaces nothing needs "get" and "create", and makes nothing without one of them', async () => {
    await lose();
    await Promise.all([
      refusedWithoutEach('named-restore', ['get configmaps', 'get secrets', 'create configmaps', 'create secrets']),
      refusedWithoutEach('all-restore', ['get configmaps', 'create configmaps', 'get secrets', 'create secrets']),
    ]);
    expect(await held()).toEqual({});
    await ns.pass('named-restore');
    expect(await held()).toEqual(NAMED);
    await lose();
    await ns.pass('all-restore');
    expect(await held()).toEqual(NAMED);
  });

  test('one that may replace needs "update" as well, and replaces nothing without it', async () => {
    await fill(OTHERS);
    await refusedWithoutEach('named-replace', ['update configmaps', 'update secrets'], 'update');
    expect(await held()).toEqual(OTHERS);
    await ns.pass('named-replace');
    expect(await held()).toEqual(NAMED);
  });
});
