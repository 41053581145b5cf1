export interface S3StoreConfig {
  readonly type: 's3';
  /** How messages and records name this store; unique within a config. */
  readonly name: string;
  readonly bucketName: string;
  /** Without a slash at either end; empty means the top of the bucket. The folder that a backup has to itself is its last part. */
  readonly prefix: string;
  /** `null`: taken from {@link regionEnv}. */
  readonly region: string | null;
  /** Environment variable that holds the region where {@link region} is `null`. */
  readonly regionEnv: string | null;
  /** URL of an S3-compatible service; `null` means AWS. */
  readonly endpoint: string | null;
  /** PEM file of an authority that is trusted beside the public ones; left out or `null`: these alone are. */
  readonly caFile?: string | null;
  /** Whether the bucket is addressed in the path rather than in the host name. */
  readonly pathStyle: boolean;
  /** `null`: the SDK's own chain, which finds a workload identity. */
  readonly credentials: S3CredentialsConfig | null;
  /** `null`: whatever the bucket's own default is. */
  readonly encryption: S3EncryptionConfig | null;
  /** `null`: the service's default class. */
  readonly storageClass: string | null;
  /** For what a backup consists of, not for the notes beside it; `null`: nothing is locked by us, whatever the bucket's own default does. */
  readonly objectLock: S3ObjectLockConfig | null;
  /** Whether the SDK may add checksums that some S3-compatible services refuse. */
  readonly checksums: 'auto' | 'required-only';
  /** Most parts that the service takes for one object: 10,000 on AWS, 1,000 on some others. */
  readonly maxParts: number;
}

export interface S3CredentialsConfig {
  readonly accessKeyIdEnv: string;
  readonly secretAccessKeyEnv: string;
  /** Environment variable of the session token of temporary credentials. */
  readonly sessionTokenEnv: string | null;
}

export interface S3EncryptionConfig {
  readonly algorithm: 'AES256' | 'aws:kms';
  /** Key for `aws:kms`; `null` means the bucket's default key. */
  readonly kmsKeyId: string | null;
}

export interface S3ObjectLockConfig {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** From the moment of the upload. */
  readonly durationSeconds: number;
}
