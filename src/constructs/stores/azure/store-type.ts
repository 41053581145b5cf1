import { show } from '../../core/check';
import { folderIn } from '../../store-api/prefix';
import { ConstructStoreType, IdentityAgent } from '../../store-api/store-type';

/** Entra ID, which gives a pod its identity: it has many addresses, and they change. */
const ENTRA: readonly IdentityAgent[] = ['0.0.0.0/0', '::/0'].map(cidr => ({ cidr, ports: [443] }));

/** A container of Azure Blob Storage. */
export const AZURE: ConstructStoreType<'azure'> = {
  title: 'the container',
  reachedBy: 'Secret',
  elsewhere: storeName => `give the store ${show(storeName)} AzureCredentials.workloadIdentity()`,
  inFolder: (store, backupName) => ({ ...store, prefix: folderIn(store.prefix, backupName) }),
  storageClass: () => undefined, // all tiers that can be chosen are read at once
  network: store => ({
    url: store.endpoint ?? `https://${store.accountName}.blob.core.windows.net`,
    identityAgents: store.credentials === null ? ENTRA : [],
  }),
  checkLock: () => ({ errors: [], warnings: [] }),
  describe: ({ accountName, containerName, endpoint }) =>
    `container ${containerName} of account ${accountName}${endpoint === null ? '' : ` at ${new URL(endpoint).host}`}`,
  secretVariables: ({ credentials }) => credentials === null ? [] : [credentials.kind === 'sas' ? credentials.sasTokenEnv : credentials.accountKeyEnv],
};
