import { checkObjectLock } from './object-lock-checks';
import { S3StoreConfig, StoreConfig } from '../../../contract/config';
import { show } from '../../core/check';
import { hostOf, partitionOfHost } from '../../parts/store-place';
import { folderIn } from '../../store-api/prefix';
import { ConstructStoreType, IdentityAgent } from '../../store-api/store-type';

/** Where the agents are that give a pod its identity in the cloud. */
const LINK_LOCAL: IdentityAgent = { cidr: '169.254.0.0/16', ports: [80, 988] };

/** The agent of EKS Pod Identity, in a cluster of IPv6: this address of AWS's is not link-local. */
const POD_IDENTITY_IPV6: IdentityAgent = { cidr: 'fd00:ec2::23/128', ports: [80] };

/** A bucket of S3, or of a compatible service. */
export const S3: ConstructStoreType<'s3'> = {
  title: 'the bucket',
  reachedBy: 'Secret',
  elsewhere: (storeName, namespace) => `give 's3Credentials' for ${show(storeName)}, from a Secret of ${show(namespace)}`,
  inFolder: (store, backupName) => ({ ...store, prefix: folderIn(store.prefix, backupName) }),
  storageClass: store => store.storageClass ?? 'STANDARD',
  network: store => ({ url: store.endpoint ?? 'https://amazonaws.com', identityAgents: identityAgents(store) }),
  checkLock: checkObjectLock,
  describe: ({ bucketName, endpoint }) => `bucket ${bucketName}${endpoint === null ? '' : ` at ${new URL(endpoint).host}`}`,
  secretVariables: ({ credentials, regionEnv }) =>
    [credentials?.accessKeyIdEnv, credentials?.secretAccessKeyEnv, credentials?.sessionTokenEnv, regionEnv].flatMap(name => name ?? []),
};

/** Whether policies of IAM and a lifecycle are about it. */
export function isBucket(store: StoreConfig): store is S3StoreConfig {
  return store.type === 's3';
}

function identityAgents({ credentials, endpoint }: S3StoreConfig): readonly IdentityAgent[] {
  if (credentials !== null) return [];
  const isAws = endpoint === null || partitionOfHost(hostOf(endpoint)) !== undefined;
  return isAws ? [LINK_LOCAL, POD_IDENTITY_IPV6] : [LINK_LOCAL];
}
