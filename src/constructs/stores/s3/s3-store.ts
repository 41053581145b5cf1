import { S3Credentials } from './s3-credentials';
import { S3Encryption } from './s3-encryption';
import { S3ObjectLock } from './s3-object-lock';
import { S3StorageClass } from './s3-storage-class';
import { CaCertificate } from '../../parts/ca-certificate';
import { StoreLayout } from '../../parts/store-layout';
import { StoreLocation } from '../../recovery/store-location';

/** When checksums are sent with what is uploaded. */
export enum S3Checksums {
  /** Always: S3 compares and refuses what was damaged on the way. */
  AUTO = 'auto',

  /** Only where the request demands one: for S3-compatible services that don't know the newer checksums. */
  REQUIRED_ONLY = 'required-only',
}

/** Options for `BackupStore.s3()`. */
export interface S3StoreOptions {
  /** Name of the bucket, which must exist: 3 to 63 lower-case letters, digits, `-` and `.`. */
  readonly bucketName: string;

  /**
   * What stands before the names of the objects, and of the folders of the backups, without a slash at either end, such as
   * `whispercache/backups`.
   *
   * @default - the top of the bucket
   */
  readonly prefix?: string;

  /**
   * Region of the bucket, such as `eu-central-1`. S3-compatible services mostly take `us-east-1`.
   *
   * @default - the key `AWS_DEFAULT_REGION` of the Secret `backup-secrets`, or the `regionKey` of `credentials`
   */
  readonly region?: string;

  /**
   * URL of an S3-compatible service, such as `https://minio.storage.svc:9000`.
   *
   * @default - AWS
   */
  readonly endpoint?: string;

  /**
   * The authority that has signed the certificate of the service, where it is one of your own, as with most of MinIO on premises. It is trusted beside the
   * public ones, for this store alone. Each pod that reaches the store mounts it, so it must be in the namespace of each.
   *
   * @default - public authorities alone are trusted
   */
  readonly caCertificate?: CaCertificate;

  /**
   * Whether the bucket is addressed in the path of the URL rather than in the host name.
   *
   * @default - true if an `endpoint` is given, false otherwise
   */
  readonly pathStyle?: boolean;

  /**
   * How the backup proves who it is.
   *
   * @default - the keys `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, unless `region` is given, `AWS_DEFAULT_REGION` of the
   * Secret `backup-secrets`
   */
  readonly credentials?: S3Credentials;

  /**
   * Encryption by S3.
   *
   * @default - as the bucket is set up; AWS encrypts with SSE-S3
   */
  readonly encryption?: S3Encryption;

  /**
   * Storage class of the objects.
   *
   * @default - the service's own, STANDARD on AWS
   */
  readonly storageClass?: S3StorageClass;

  /**
   * Lock what a backup consists of: artifacts, checksum file and record. The notes beside them, such as claims, pins and verifications,
   * are not locked. The bucket must have Object Lock.
   *
   * A plain deletion, also that of pruning, only hides what is locked: its bytes stay until the lock ends and a lifecycle rule removes
   * old versions.
   *
   * @default - nothing is locked by the runner; a default retention of the bucket acts all the same
   */
  readonly objectLock?: S3ObjectLock;

  /**
   * How the backups in it are arranged. Backups in another layout than this one are not seen: `cdk8s-backup list` and `doctor` say so where
   * they find some.
   *
   * @default StoreLayout.FOLDER_PER_BACKUP
   */
  readonly layout?: StoreLayout;

  /**
   * When checksums are sent.
   *
   * @default S3Checksums.AUTO
   */
  readonly checksums?: S3Checksums;

  /**
   * Most parts that the service takes for one object, 1 to 10,000; some services take 1,000. Fewer parts are larger ones, and the
   * runner holds a few of them in memory.
   *
   * @default 10000
   */
  readonly maxParts?: number;

  /**
   * Where the bucket is, for the objectives of a backup.
   *
   * @default - with AWS, the `region`, or a single zone of it for `ONE_ZONE_INFREQUENT_ACCESS`; with an `endpoint` inside of Kubernetes (`.svc`), in the
   * cluster; with any other one, unknown: it doesn't count for the loss of a cluster, zone or region
   */
  readonly location?: StoreLocation;

  /**
   * How messages, records and `--set stores.NAME.…` call this store: up to 30 lower-case letters, digits and `-`. Unique within a
   * backup.
   *
   * @default "s3"
   */
  readonly storeName?: string;
}
