import { Chart, Size } from 'cdk8s';
import { BackupStore, CaCertificate, ClusterLocation, LifecycleProvider, StoreLocation } from 'cdk8s-backup';
import * as kplus from 'cdk8s-plus-28';

/** What differs from place to place. All else is the same everywhere. */
export interface Profile {
  /** Pods of the application. */
  readonly replicas: number;

  /** Whether the application keeps its notes in a SQLite file beside PostgreSQL. */
  readonly sqlite: boolean;

  /** Of the claim of each database. */
  readonly databaseSize: Size;

  /** Where backups are kept. Keys of S3 come from the Secret `backup-secrets`. */
  readonly stores: (chart: Chart) => BackupStore[];

  /** Whose rules clean up the bucket, where its name does not tell. */
  readonly provider?: LifecycleProvider;

  /** Where the cluster is. Only with it can the loss of a region be promised to be survived. */
  readonly cluster?: ClusterLocation;
}

const prefix = 'whispercache/backups';

const PROFILES: { readonly [name: string]: Profile } = {
  /** S3 on AWS, in another region than the cluster. */
  'production': {
    replicas: 2,
    sqlite: false,
    databaseSize: Size.gibibytes(20),
    stores: () => [
      BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) }),
      // Its region is in the Secret; the objectives need to know it as well.
      BackupStore.s3({ bucketName: 'your-backup-bucket', prefix, location: StoreLocation.region('eu-west-1') }),
    ],
    cluster: { region: 'eu-central-1' },
  },

  /** MinIO, or another S3-compatible service, at another site. The ConfigMap `minio-ca` has the certificate of the authority that signed its own, as `ca.crt`. */
  'on-premises': {
    replicas: 2,
    sqlite: false,
    databaseSize: Size.gibibytes(20),
    stores: chart => [
      BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(20) }),
      BackupStore.s3({
        endpoint: 'https://minio.example.com:9000',
        // Leave it out where the certificate is of an authority that is publicly known.
        caCertificate: CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'minio-ca', 'minio-ca')),
        bucketName: 'whispercache-backups',
        prefix,
        location: StoreLocation.region('second-site'),
      }),
    ],
    provider: LifecycleProvider.MINIO,
    cluster: { region: 'first-site' },
  },

  /** Docker Compose: compose.yaml has the databases and the application, and its runner reads the synthesized manifest. */
  'development': {
    replicas: 1,
    sqlite: true,
    databaseSize: Size.gibibytes(1),
    stores: () => [
      BackupStore.volume({ claimName: 'backup-storage', size: Size.gibibytes(10) }),
      BackupStore.s3({ endpoint: 'http://s3:9000', prefix, bucketName: 'your-backup-bucket' }),
    ],
    provider: LifecycleProvider.MINIO,
  },
};

/** @param name production, unless another one is given */
export function profileOf(name = 'production'): Profile {
  if (!Object.hasOwn(PROFILES, name)) throw new Error(`PROFILE must be one of ${Object.keys(PROFILES).join(', ')}, got ${name}`);
  return PROFILES[name];
}
