import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupSource, BackupStore, RecoveryObjectives, StoreLocation } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { newChart, props } from '../../synth';

const NODE_LOSS: RecoveryObjectives = { rpo: Duration.hours(48), nodeLoss: {} };

function volume(storageClassName?: string, location?: StoreLocation): BackupStore {
  return BackupStore.volume({ size: Size.gibibytes(1), storageClassName, location });
}

function backup(
  store: BackupStore, objectives: RecoveryObjectives | null = NODE_LOSS, chart: Chart = newChart(), source: BackupSource = props().source,
): BackupCronJob {
  return new BackupCronJob(chart, 'db-backup', props({ source, stores: [store], objectives: objectives ?? undefined }));
}

function sqlite(chart: Chart, name: string): BackupSource {
  return BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, `Data-${name}`, name), path: 'app.db' });
}

describe('the loss of a node is not survived by a volume on it', () => {
  test.each([
    'local-path', 'local-storage', 'local', 'local-hostpath', 'hostpath', 'microk8s-hostpath', 'openebs-hostpath', 'openebs-lvmpv', 'openebs-zfspv', 'openebs-device', 'topolvm-provisioner',
    'lvms-vg1', 'csi-hostpath-sc', 'hostpath-csi',
  ])('of storage class %s', storageClassName => {
    expect(() => backup(volume(storageClassName))).toThrow(
      `'objectives.nodeLoss' needs a store that is still there, got "volume" on a node, as volumes of storage class "${storageClassName}" are (set 'location' if yours are not): add one that is not on a node`);
  });

  test('of a claim that the app defines with such a class', () => {
    const chart = newChart();
    const claim = new kplus.PersistentVolumeClaim(chart, 'Claim', { storage: Size.gibibytes(1), storageClassName: 'local-path' });
    expect(() => backup(BackupStore.fromClaim(claim), NODE_LOSS, chart)).toThrow('"volume" on a node, as volumes of storage class "local-path" are');
  });

  test.each(['gp3', 'longhorn', 'rook-ceph-block', 'standard-rwo', 'premium', 'nonlocal', 'openebs-replicated'])('but by one of storage class %s, without a word', storageClassName => {
    expect(warningsOf(backup(volume(storageClassName)))).toEqual([]);
  });

  test('what somebody says about it is believed', () => {
    expect(() => backup(volume('local-path', StoreLocation.CLUSTER))).not.toThrow();
    expect(() => backup(volume('gp3', StoreLocation.NODE))).toThrow('"volume" on a node');
  });

  test('where the class is the default, or not known, that is said, unless another store is left', () => {
    const warning = '\'objectives.nodeLoss\' is held by store "volume" only, whose storage class is not known here: the default classes of k3s, kind and minikube keep a volume on one node';
    expect(warningsOf(backup(volume()))).toEqual([expect.stringContaining(warning)]);
    const chart = newChart();
    expect(warningsOf(backup(BackupStore.fromClaim(kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'disk')), NODE_LOSS, chart))).toEqual([expect.stringContaining(warning)]);
    expect(warningsOf(backup(volume(undefined, StoreLocation.CLUSTER)))).toEqual([]);
    expect(warningsOf(backup(volume(), null))).toEqual([]);
    const stores = [volume(), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
    expect(warningsOf(new BackupCronJob(newChart(), 'db-backup', props({ stores, objectives: NODE_LOSS })))).toEqual([]);
  });
});

describe('a database that is backed up onto its own claim', () => {
  const onto = (name: string, objectives?: RecoveryObjectives, more: BackupStore[] = []) => {
    const chart = newChart();
    const store = BackupStore.fromClaim(kplus.PersistentVolumeClaim.fromClaimName(chart, 'Store', name));
    return new BackupCronJob(chart, 'db-backup', props({ source: sqlite(chart, 'data'), stores: [store, ...more], objectives }));
  };

  test('survives nothing but damage to the data', () => {
    expect(() => onto('data', NODE_LOSS)).toThrow('\'objectives.nodeLoss\' needs a store that is still there, got "volume" on claim "data", where the database itself is: add one');
    expect(() => onto('data', { rpo: Duration.hours(48), corruption: {} })).not.toThrow();
    expect(() => onto('other', NODE_LOSS)).not.toThrow();
    const s3 = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
    const [scenario] = onto('data', NODE_LOSS, [s3]).recoveryReport().scenarios;
    expect(scenario.stores.map(({ store, survives }) => [store, survives])).toEqual([['volume', false], ['s3', true]]);
  });

  test('is warned, also without objectives, and as a member of a set', () => {
    const warning = 'store "volume" is on claim "data", where the database itself is. Both are lost together';
    expect(warningsOf(onto('data'))).toEqual([expect.stringContaining(warning)]);
    expect(warningsOf(onto('other'))).toEqual([]);

    const chart = newChart();
    const source = BackupSource.set({ db: props().source, files: sqlite(chart, 'data') });
    const store = BackupStore.fromClaim(kplus.PersistentVolumeClaim.fromClaimName(chart, 'Store', 'data'));
    expect(warningsOf(backup(store, null, chart, source))).toEqual([expect.stringContaining(warning)]);
  });
});
