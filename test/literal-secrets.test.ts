import { Chart, Cron, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { publicApi } from './_public-api';
import { newChart, props } from './synth';
import {
  BackupAlertRules, BackupBucketLifecycle, BackupCronJob, BackupDefaults, BackupExporter, BackupSource, BackupStore, CaCertificate, Decryption,
  Encryption, RecoveryPlan, RecoveryRunbook, RestoreDrill, RestoreJob, S3Credentials,
} from '../src';

/*
 * Nothing in the public API takes a secret: what is called like one takes a reference to it, and what could smuggle one, a URL with a login in
 * it, is refused without being shown. The API is read from its sources, so that a property that is added has to be looked at here.
 */
const SECRET = /secret|passw|token|credential|keys?$|^key|identit|login|auth/i;
const PLACE = /url|uri|host|endpoint|image$/i;

/** What refers to a secret, and can't hold one: objects of Kubernetes, and what is made of them; also several of them, by name. */
const REFERENCES = /^(\{ \[\w+: string\]: )?(IConstruct|SecretValue|S3Credentials|AzureCredentials|Decryption|CaCertificate)( \})?$/;

/** What is called like a secret, and takes text or something of its own, with the reason why that is no secret. */
const REVIEWED: { readonly [name: string]: string } = {
  'BackupDefaultsOptions.credentialsAsFiles: boolean': 'whether they are files',
  'RunnerPodOptions.credentialsAsFiles: boolean': 'whether they are files',
  'LifecycleApplyJobOptions.credentialsAsFiles: boolean': 'whether they are files',
  'S3SecretKeys.accessKeyIdKey: string': 'the name of a key in a Secret',
  'S3SecretKeys.secretAccessKeyKey: string': 'the name of a key in a Secret',
  'S3SecretKeys.sessionTokenKey: string': 'the name of a key in a Secret',
  'S3SecretKeys.regionKey: string': 'the name of a key in a Secret',
  'S3Credentials.fromSecret(keys: S3SecretKeys)': 'names of keys in a Secret',
  'S3Credentials.workloadIdentity(options: WorkloadIdentityOptions)': 'annotations of a ServiceAccount: the cloud knows it, and there is no secret',
  'AzureCredentials.fromAccountKey(options: AzureSecretOptions)': 'the name of a key in a Secret',
  'AzureCredentials.fromSasToken(options: AzureSecretOptions)': 'the name of a key in a Secret',
  'AzureSecretOptions.key: string': 'the name of a key in a Secret',
  'AzureCredentials.workloadIdentity(options: AzureWorkloadIdentityOptions)': 'a client ID, and annotations of a ServiceAccount: the cloud knows it, and there is no secret',
  'SecretValue.key: string': 'the name of a key in a Secret',
  'CaCertificate.fromConfigMap(key: string)': 'the name of a key in a ConfigMap',
  'CaCertificate.fromSecret(key: string)': 'the name of a key in a Secret',
  'Decryption.fromSecret(key: string)': 'the name of a key in a Secret; an identity in its place is refused',
  'KubernetesSecretsOptions.secretNames: string[]': 'names of Secrets that are backed up',
  'BackupSource.kubernetesSecrets(options: KubernetesSecretsOptions)': 'names and labels of Secrets that are backed up',
  'RestoreDrillOptions.keys: RedisAssertion[]': 'patterns of keys of Redis that have to be there',
  'RestoreMode.redisKeys(options: RedisKeysRestoreOptions)': 'a method that restores key by key',
  'S3Encryption.kms(keyId: string)': 'the name of a key that never leaves KMS',
};

const API = publicApi();
const typeOf = (entry: string) => /: (.*?)\)?$/.exec(entry)![1]!;

/** The names in an entry that say what it takes: of the property, or of the method and the parameter. */
const namesIn = (entry: string) => /^\w+\.(\w+)(?:\((\w+))?/.exec(entry)!.slice(1).filter(Boolean);

describe('what is called like a secret', () => {
  const called = API.filter(entry => namesIn(entry).some(name => SECRET.test(name)));

  test('is found, or there was nothing to look at', () => {
    expect(API.length).toBeGreaterThan(200);
    for (const entry of ['PostgresSourceOptions.password: SecretValue', 'RunnerPodOptions.imagePullSecret: IConstruct', 'S3StoreOptions.credentials: S3Credentials']) {
      expect(called).toContain(entry);
    }
  });

  test('takes a reference, or was reviewed', () => {
    expect(called.filter(entry => !REFERENCES.test(typeOf(entry)) && !(entry in REVIEWED))).toEqual([]);
  });

  test('has no review of what is gone', () => {
    expect(Object.keys(REVIEWED).filter(entry => !called.includes(entry))).toEqual([]);
  });
});

const PLANTED = 'planted-p4ssword';

/** The construct or the factory. */
const PLACE_OF_ERROR = '^(chart/[a-z/-]+|[A-Z]\\w+\\.\\w+): ';
const source = (host: string) => ({ host, databaseName: 'orders', user: 'backup' });
const backup = (chart: Chart, changes: object = {}) => new BackupCronJob(chart, 'backup', props(changes));
const bucket = (options: object = {}) => BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', ...options });

/** Each property that takes a URL, a host or an image, with what gives it a value. */
const PLACES: { readonly [name: string]: (chart: Chart, value: string) => unknown } = {
  'AzureBlobStoreOptions.endpoint': (_chart, endpoint) => BackupStore.azureBlob({ accountName: 'shopbackups', containerName: 'backups', endpoint }),
  'BackupAlertRulesOptions.runbookUrl': (chart, runbookUrl) => new BackupAlertRules(chart, 'alerts', { backups: [backup(chart)], runbookUrl }),
  'BackupCronJobOptions.pushgatewayUrl': (chart, pushgatewayUrl) => backup(chart, { pushgatewayUrl }),
  'BackupDefaultsOptions.image': (chart, image) => {
    BackupDefaults.of(chart).set({ image });
    return backup(chart);
  },
  'BackupExporterOptions.runbookUrl': (chart, runbookUrl) => new BackupExporter(chart, 'exporter', { backups: [backup(chart)], runbookUrl }),
  'LifecycleApplyJobOptions.image': (chart, image) => new BackupBucketLifecycle(chart, 'lifecycle', {
    store: bucket(), rules: [{ id: 'all', expiration: Duration.days(90) }], applyJob: { image },
  }),
  'PostgresSourceOptions.host': (_chart, host) => BackupSource.postgres(source(host)),
  'ProtectionOptions.healthUrl': (chart, healthUrl) => new RecoveryPlan(chart, 'plan', { source: BackupSource.postgres(source('db')), rpo: Duration.days(2), stores: [bucket()], healthUrl }),
  'RecoveryRunbookProps.url': (chart, url) => [backup(chart), new RecoveryRunbook(chart, 'runbook', { url })],
  'RedisSourceOptions.host': (_chart, host) => BackupSource.redis({ host }),
  'RestoreDrillOptions.serverImage': (chart, serverImage) => new RestoreDrill(chart, 'drill', { backup: backup(chart), schedule: Cron.weekly(), serverImage }),
  'RestoreJobOptions.healthUrl': (chart, healthUrl) => new RestoreJob(chart, 'restore', { backup: backup(chart), healthUrl }),
  'RunnerPodOptions.image': (chart, image) => new BackupExporter(chart, 'exporter', { backups: [backup(chart)], image }),
  'S3StoreOptions.endpoint': (_chart, endpoint) => bucket({ endpoint }),
};

describe('a place that a secret could be smuggled into', () => {
  test('is one of these', () => {
    const places = API.filter(entry => namesIn(entry).some(name => PLACE.test(name)) && typeOf(entry) === 'string').map(entry => entry.split(/[:(]/)[0]);
    expect(Object.keys(PLACES)).toEqual(places.sort());
  });

  test.each(Object.keys(PLACES).flatMap(name => [
    `https://user:${PLANTED}@example.com`,
    `https://user:${PLANTED}/with@example.com/path`,
    `https://${PLANTED}@example.com`,
    `postgres://user:${PLANTED}@example.com/db`,
    `user:${PLANTED}@example.com:9000`,
    `https://example.com/path?access_token=${PLANTED}`,
  ].map(value => [name, value])))('%s refuses %s, and does not show it', (name, value) => {
    const messages: string[] = [];
    try {
      PLACES[name!]!(newChart(), value!);
    } catch (error) {
      messages.push((error as Error).message);
    }
    expect(messages).toEqual([expect.stringMatching(new RegExp(`${PLACE_OF_ERROR}'${name!.split('.')[1]}' must `))]);
    expect(messages[0]).not.toContain(PLANTED);
  });
});

test('keys of age in the wrong place are refused and not shown', () => {
  const identity = 'AGE-SECRET-KEY-1PLANTED';
  const secret = kplus.Secret.fromSecretName(newChart(), 'Secret', 'secret');
  for (const make of [() => Decryption.fromSecret(secret, identity), () => Encryption.age({ recipients: [identity] })]) {
    expect(make).toThrow(/the secret itself|private one/);
    expect(make).not.toThrow(/PLANTED/);
  }
});

/** Each place that takes the name of a key. */
const KEY_NAMES: { readonly [name: string]: (chart: Chart, secret: kplus.ISecret, key: string) => unknown } = {
  'accessKeyIdKey': (_chart, secret, accessKeyIdKey) => S3Credentials.fromSecret(secret, { accessKeyIdKey }),
  'secretAccessKeyKey': (_chart, secret, secretAccessKeyKey) => S3Credentials.fromSecret(secret, { secretAccessKeyKey }),
  'sessionTokenKey': (_chart, secret, sessionTokenKey) => S3Credentials.fromSecret(secret, { sessionTokenKey }),
  'regionKey': (_chart, secret, regionKey) => S3Credentials.fromSecret(secret, { regionKey }),
  'key of a CA': (_chart, secret, key) => CaCertificate.fromSecret(secret, key),
  'key of a CA in a ConfigMap': (chart, _secret, key) => CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Map', 'map'), key),
  'key of an identity': (_chart, secret, key) => Decryption.fromSecret(secret, key),
  'password of PostgreSQL': (chart, secret, key) => backup(chart, { source: BackupSource.postgres({ ...source('db'), password: { secret, key } }) }),
  'password of Redis': (chart, secret, key) => backup(chart, { source: BackupSource.redis({ host: 'redis', password: { secret, key } }) }),
};

describe.each(Object.entries(KEY_NAMES))('%s', (name, make) => {
  const trying = (key: string) => {
    const chart = newChart();
    return () => make(chart, kplus.Secret.fromSecretName(chart, 'Secret', 'secret'), key);
  };

  test.each(['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'p4ss word', 'p4ss!', '..', ''])('does not take %j, and does not show it', key => {
    const property = name.split(' ')[0];
    expect(trying(key)).toThrow(new RegExp(`${PLACE_OF_ERROR}'${property}' must be the name of a key of the Secret.*${key.startsWith('AKIA') ? 'the secret itself' : `got ${key.length} characters`}`));
    if (key.length > 2) expect(trying(key)).not.toThrow(new RegExp(key));
  });

  test.each(['password', 'ca.crt', '.dockerconfigjson', 'POSTGRES_PASSWORD', 'db-1'])('takes %j', key => {
    expect(trying(key)).not.toThrow();
  });
});
