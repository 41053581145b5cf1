import { Chart, Cron, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  AzureAccessTier, AzureBlobStoreOptions, AzureCredentials, BackupCronJob, BackupExporter, BackupStore, RecoveryRunbook, RestoreJob, S3Credentials,
  StoreLayout, StoreLocation,
} from '../../../../src';
import { configOf, cronJobOf, newChart, objectsOf, props, secretsOf, synth } from '../../../synth';
import { fileOf } from '../../runbook/_shop-runbook';

const azure = (options: Partial<AzureBlobStoreOptions> = {}) => BackupStore.azureBlob({ accountName: 'shopbackups', containerName: 'backups', ...options });
const secret = (chart: Chart) => kplus.Secret.fromSecretName(chart, 'Azure', 'azure-keys');
const CLIENT_ID = '11111111-2222-3333-4444-555555555555';

test('defaults are an account key in the guide\'s Secret, and public Azure', () => {
  const objects = synth({ stores: [azure()] });
  expect(configOf(objects).stores).toEqual([{
    type: 'azure',
    name: 'azure',
    accountName: 'shopbackups',
    containerName: 'backups',
    prefix: 'orders',
    endpoint: null,
    credentials: { kind: 'account-key', accountKeyEnv: 'AZURE_STORAGE_KEY' },
    accessTier: null,
  }]);
  expect(secretsOf(objects)).toEqual({ AZURE_STORAGE_KEY: 'backup-secrets/AZURE_STORAGE_KEY' });
});

test('every option reaches the config', () => {
  const objects = synth(chart => ({
    stores: [azure({
      prefix: 'a/b',
      region: 'westeurope',
      endpoint: 'http://azurite.storage:10000/devstoreaccount1/',
      credentials: AzureCredentials.fromSasToken(secret(chart), { key: 'sas' }),
      accessTier: AzureAccessTier.COOL,
      layout: StoreLayout.FLAT,
      storeName: 'off-site',
    })],
  }));
  expect(configOf(objects).stores).toEqual([{
    type: 'azure',
    name: 'off-site',
    accountName: 'shopbackups',
    containerName: 'backups',
    prefix: 'a/b',
    endpoint: 'http://azurite.storage:10000/devstoreaccount1',
    credentials: { kind: 'sas', sasTokenEnv: 'AZURE_STORAGE_SAS_TOKEN' },
    accessTier: 'Cool',
  }]);
  expect(secretsOf(objects)).toEqual({ AZURE_STORAGE_SAS_TOKEN: 'azure-keys/sas' });
});

test('several stores have variables of their own, and go together with a bucket', () => {
  const objects = synth(chart => ({
    stores: [azure(), azure({ accountName: 'otheraccount', storeName: 'off-site', credentials: AzureCredentials.fromSasToken(secret(chart)) }), ...props().stores],
  }));
  expect(secretsOf(objects)).toMatchObject({
    AZURE_STORAGE_KEY: 'backup-secrets/AZURE_STORAGE_KEY',
    OFF_SITE_AZURE_STORAGE_SAS_TOKEN: 'azure-keys/AZURE_STORAGE_SAS_TOKEN',
    AWS_ACCESS_KEY_ID: 'backup-secrets/AWS_ACCESS_KEY_ID',
  });
});

test('the Secret may be mounted as files', () => {
  const objects = synth({ stores: [azure()], credentialsAsFiles: true });
  const [{ env }] = cronJobOf(objects).spec.jobTemplate.spec.template.spec.containers;
  expect(env).toContainEqual({ name: 'AZURE_STORAGE_KEY_FILE', value: '/etc/cdk8s-backup/secrets/backup-secrets/AZURE_STORAGE_KEY' });
});

describe('a workload identity', () => {
  const stores = () => [azure({ credentials: AzureCredentials.workloadIdentity({ clientId: CLIENT_ID }) })];

  test('needs no Secret: the pods have the label and the service account the annotation that Azure\'s webhook looks for', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ stores: stores(), verify: { schedule: Cron.weekly() } }));
    new RestoreJob(chart, 'restore', { backup });
    new BackupExporter(chart, 'exporter', { backups: [backup] });
    const objects = objectsOf(chart);
    expect(configOf(objects).stores[0]).toMatchObject({ credentials: null });
    expect(secretsOf(objects)).toEqual({});
    const pods = objects.flatMap(({ kind, spec }) => kind === 'CronJob' ? [spec.jobTemplate.spec.template] : kind === 'Deployment' ? [spec.template] : []);
    expect(pods).toHaveLength(4);
    for (const pod of pods) expect(pod.metadata.labels).toMatchObject({ 'azure.workload.identity/use': 'true' });
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount');
    expect(accounts.length).toBeGreaterThan(0);
    for (const { metadata } of accounts) expect(metadata.annotations).toMatchObject({ 'azure.workload.identity/client-id': CLIENT_ID });
  });

  test('is let out to Entra ID, also where the place of the store is known', () => {
    const policyOf = (objects: any[]) => objects.find(({ kind }) => kind === 'NetworkPolicy').spec.egress;
    const network = { stores: { azure: { cidrs: ['10.1.0.0/16'] } } };
    expect(policyOf(synth({ stores: stores(), network }))).toContainEqual({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ protocol: 'TCP', port: 443 }] });
    expect(JSON.stringify(policyOf(synth({ stores: [azure()], network })))).not.toContain('0.0.0.0/0');
  });

  test.each(['', 'shop', `${CLIENT_ID}0`])('has no client ID like %j', clientId => {
    expect(() => AzureCredentials.workloadIdentity({ clientId })).toThrow(/^AzureCredentials\.workloadIdentity: 'clientId' must be the client ID of a managed identity/);
  });
});

test('pods of other stores have no label of Azure\'s', () => {
  expect(JSON.stringify(synth({ stores: [azure(), ...props().stores] }))).not.toContain('azure.workload.identity');
});

const REFUSED: readonly [Partial<AzureBlobStoreOptions>, RegExp][] = [
  [{ accountName: 'Shop-Backups' }, /'accountName' must be 3 to 24 lower-case letters and digits, got "Shop-Backups"/],
  [{ accountName: 'shop.blob.core.windows.net' }, /the name alone, without "\.blob\.core\.windows\.net"/],
  [{ containerName: 'ab' }, /'containerName' must be 3 to 63 characters long/],
  [{ containerName: 'a'.repeat(64) }, /'containerName' must be 3 to 63 characters long/],
  [{ containerName: 'Backups' }, /'containerName' must have lower-case letters, digits and "-" only/],
  [{ containerName: 'a--b' }, /'containerName' must not have two hyphens in a row/],
  [{ containerName: '-ab' }, /'containerName' must begin and end with a letter or digit/],
  [{ containerName: '$web' }, /'containerName' must not be one of the containers that Azure keeps for itself/],
  [{ prefix: '/a' }, /'prefix' must not begin or end with a slash/],
  [{ prefix: 'a/../b' }, /'prefix' must not have "\." or "\.\." between slashes, got "a\/\.\.\/b": Azure has no folders to go up in/],
  [{ endpoint: 'azurite:10000' }, /'endpoint' must be a URL with http or https/],
  [{ endpoint: 'https://shopbackups.blob.core.windows.net/?sv=1&sig=planted' }, /'endpoint' must not have "\?" or "#", got "https:\/\/shopbackups\.blob\.core\.windows\.net\/\?…"/],
  [{ endpoint: 'https://shopbackups.blob.core.windows.net/backups' }, /'endpoint' must not have the container in its path/],
  [{ storeName: 'Off Site' }, /'storeName' must be up to 30 lower-case letters/],
];

test('what Azure would refuse is refused at synth', () => {
  for (const [options, message] of REFUSED) {
    expect(() => azure(options)).toThrow(message);
    expect(() => azure(options)).toThrow(/^BackupStore\.azureBlob: /);
    expect(() => azure(options)).not.toThrow(/planted/);
  }
});

test('a misspelled option is told', () => {
  expect(() => azure({ container: 'backups' } as any)).toThrow(/'container'/);
});

test('credentials of S3 are not for it', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [azure()] }));
  const s3Credentials = { azure: S3Credentials.fromSecret(kplus.Secret.fromSecretName(chart, 'S', 's')) };
  expect(() => new RestoreJob(chart, 'restore', { backup, s3Credentials })).toThrow(/'s3Credentials' has "azure", and the job has no S3 store of that name/);
});

test.each<[Partial<AzureBlobStoreOptions>, string]>([
  [{}, 'in one zone'],
  [{ region: 'westeurope' }, 'in one zone of region "westeurope"'],
  [{ endpoint: 'https://shopbackups.blob.core.chinacloudapi.cn', region: 'chinanorth3' }, 'in one zone of region "chinanorth3"'],
  [{ endpoint: 'http://azurite.storage.svc:10000/devstoreaccount1' }, 'in the cluster'],
  [{ endpoint: 'https://blobs.example.com' }, 'who knows where'],
  [{ location: StoreLocation.region('westeurope') }, 'in region "westeurope"'],
])('%j is %s: nobody can see from here how redundant an account is', (options, description) => {
  expect(azure(options).location.description).toBe(description);
});

test.each<[boolean, Partial<AzureBlobStoreOptions>, Partial<AzureBlobStoreOptions>]>([
  [true, {}, { endpoint: 'https://shopbackups.blob.core.windows.net' }],
  [true, {}, { endpoint: 'https://shopbackups.privatelink.blob.core.windows.net' }],
  [true, {}, { endpoint: 'https://shopbackups.z21.blob.storage.azure.net' }],
  [true, { endpoint: 'http://azurite:10000/shopbackups' }, { endpoint: 'http://azurite.shop.svc:10000/shopbackups/' }],
  [false, {}, { containerName: 'others' }],
  [false, {}, { accountName: 'othershop' }],
  [false, {}, { endpoint: 'https://shopbackups.blob.core.chinacloudapi.cn' }],
  [false, {}, { prefix: 'other' }],
])('whether two are one place: %s for %j and %j', (same, one, other) => {
  const both = () => synth({ stores: [azure(one), azure({ ...other, storeName: 'other' })] });
  if (same) expect(both).toThrow(/'stores' must be different places, got "other"/);
  else expect(both).not.toThrow();
});

test('the runbook restores from it on any machine', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [azure(), BackupStore.volume({ size: Size.gibibytes(1) })] }));
  new RestoreJob(chart, 'restore', { backup });
  new RecoveryRunbook(chart, 'runbook');
  const page = fileOf(chart, 'RUNBOOK.md');
  expect(page).toContain('container backups of account shopbackups');
  expect(page).toMatch(/npx cdk8s-backup restore --yes .*--store azure/);
  expect(page).toContain('--set stores.volume=null');
  expect(page).not.toContain('--set stores.azure=null');
  expect(page).toMatch(/read .*AZURE_STORAGE_KEY/);
});
