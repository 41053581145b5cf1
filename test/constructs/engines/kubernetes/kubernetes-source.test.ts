import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupSource, Encryption, KubernetesSecretsOptions, RestoreJob, RestoreMode } from '../../../../src';
import { parseConfig } from '../../../../src/runner/config/config';
import { configOf, newChart, objectsOf, podOf, props, synth } from '../../../synth';

const encryption = Encryption.age({ recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'] });

function define(options: KubernetesSecretsOptions, chart: Chart = newChart(), mode?: RestoreMode): any[] {
  const backup = new BackupCronJob(chart, 'secrets-backup', props({ source: BackupSource.kubernetesSecrets(options), encryption }));
  new RestoreJob(chart, 'secrets-restore', { backup, mode });
  return objectsOf(chart);
}

const rulesOf = (objects: any[], name: string) => objects.find(({ kind, metadata }) => kind === 'Role' && metadata.name === name).rules;

test('named objects: the pod has a token, and may read them and no others', () => {
  const objects = define({ secretNames: ['db', 'tls'], configMapNames: ['settings'] });
  expect(podOf(objects)).toMatchObject({ automountServiceAccountToken: true, serviceAccountName: 'secrets-backup' });
  expect(configOf(objects)).toMatchObject({
    name: 'secrets',
    source: { engine: 'kubernetes', namespace: 'shop', secretNames: ['db', 'tls'], configMapNames: ['settings'], labelSelector: null },
  });
  expect(parseConfig(JSON.stringify(configOf(objects)))).toBeDefined();
  expect(rulesOf(objects, 'secrets-backup-objects')).toEqual([
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['settings'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['db', 'tls'], verbs: ['get'] },
  ]);
  expect(rulesOf(objects, 'secrets-restore-objects')).toEqual([
    { apiGroups: [''], resources: ['configmaps'], resourceNames: ['settings'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['db', 'tls'], verbs: ['get'] },
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['create'] },
  ]);
  expect(objects.find(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === 'secrets-backup-objects')).toMatchObject({
    roleRef: { kind: 'Role', name: 'secrets-backup-objects' }, subjects: [{ kind: 'ServiceAccount', name: 'secrets-backup', namespace: 'shop' }],
  });
});

test('by labels, or all: a list can\'t be restricted by name', () => {
  for (const [options, labelSelector] of [[{ matchLabels: { app: 'shop', tier: 'web' } }, 'app=shop,tier=web'], [{}, null]] as const) {
    const objects = define(options);
    expect(configOf(objects).source).toMatchObject({ secretNames: [], configMapNames: [], labelSelector });
    expect(rulesOf(objects, 'secrets-backup-objects')).toEqual([{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] }]);
  }
});

test('of another namespace: the rights are there, and the account is here', () => {
  const objects = define({ namespace: 'payments', secretNames: ['db'] });
  expect(objects.filter(({ kind }) => kind.startsWith('Role')).map(({ metadata }) => metadata.namespace)).toEqual(['payments', 'payments', 'payments', 'payments']);
  expect(objects.find(({ kind }) => kind === 'RoleBinding').subjects).toEqual([{ kind: 'ServiceAccount', name: 'secrets-backup', namespace: 'shop' }]);
});

test('an account of your own is given the rights', () => {
  const chart = newChart();
  new BackupCronJob(chart, 'secrets-backup', props({
    source: BackupSource.kubernetesSecrets({ secretNames: ['db'] }), encryption, serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'mine'),
  }));
  expect(objectsOf(chart).find(({ kind }) => kind === 'RoleBinding').subjects).toEqual([{ kind: 'ServiceAccount', name: 'mine', namespace: 'shop' }]);
});

test('a backup of a database has neither token nor rights', () => {
  expect(podOf(synth({ encryption })).automountServiceAccountToken).toBe(false);
  expect(synth({ encryption }).filter(({ kind }) => kind.startsWith('Role'))).toEqual([]);
});

test('only a restore that may replace has the right to', () => {
  const replacing = (options: KubernetesSecretsOptions) => rulesOf(define(options, newChart(), RestoreMode.kubernetesObjects({ replace: true })), 'secrets-restore-objects');
  expect(replacing({ secretNames: ['db'] })).toEqual([
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['db'], verbs: ['get', 'update'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  ]);
  expect(replacing({})).toEqual([{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'create', 'update'] }]);
  expect(rulesOf(define({}), 'secrets-restore-objects')).toEqual([{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'create'] }]);
});

test('replacing is said in the manifest', () => {
  const config = (mode?: RestoreMode) => JSON.stringify(define({ secretNames: ['db'] }, newChart(), mode).filter(({ metadata }) => metadata.name === 'secrets-restore'));
  expect(config()).toContain('\\"replace\\":false');
  expect(config(RestoreMode.kubernetesObjects({ replace: true }))).toContain('\\"replace\\":true');
});

test.each<[string, () => unknown, string]>([
  ['without encryption', () => synth({ source: BackupSource.kubernetesSecrets({ secretNames: ['db'] }) }), '\'encryption\' is missing: Secrets are not stored in the clear; give Encryption.age with \'recipients\''],
  ['names and labels', () => BackupSource.kubernetesSecrets({ secretNames: ['db'], matchLabels: { app: 'shop' } }), '\'matchLabels\' can\'t be given together with names'],
  ['no labels', () => BackupSource.kubernetesSecrets({ matchLabels: {} }), '\'matchLabels\' must have at least one label, got {}'],
  ['a label that none is', () => BackupSource.kubernetesSecrets({ matchLabels: { app: 'a b' } }), '\'matchLabels\' has a value that Kubernetes refuses'],
  ['no names', () => BackupSource.kubernetesSecrets({ secretNames: [] }), '\'secretNames\' must have at least one name, got []: leave it out'],
  ['a name twice', () => BackupSource.kubernetesSecrets({ secretNames: ['a', 'a'] }), '\'secretNames\' has "a" twice: drop one of them'],
  ['a name that none is', () => BackupSource.kubernetesSecrets({ configMapNames: ['../x'] }), '\'configMapNames\' must be names of objects of Kubernetes'],
  ['a namespace that none is', () => BackupSource.kubernetesSecrets({ namespace: 'A' }), '\'namespace\' must be the name of a namespace, got "A"'],
  ['no namespace at all', () => define({ secretNames: ['db'] }, new Chart(new App(), 'chart')), '\'namespace\' is missing: give the chart one'],
  ['a mode of a database', () => define({ secretNames: ['db'] }, newChart(), RestoreMode.postgresSwap()), '\'mode\' is for postgres, and the target is kubernetes'],
])('fails: %s', (_name, bad, message) => {
  expect(bad).toThrow(message);
});
