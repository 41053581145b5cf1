import { S3Credentials } from './s3-credentials';
import { S3Encryption } from './s3-encryption';
import { S3ObjectLock, S3ObjectLockMode } from './s3-object-lock';
import { S3StorageClass } from './s3-storage-class';
import { S3Checksums, S3StoreOptions } from './s3-store';
import { Form, needed } from '../../core/form';
import { DURATION, FLAG, instance, NUMBER, oneOf, struct, text } from '../../core/takes';
import { CaCertificate } from '../../parts/ca-certificate';
import { StoreLayout } from '../../parts/store-layout';
import { LOCATION } from '../../recovery/takes';

const OBJECT_LOCK: Form<S3ObjectLock> = {
  mode: needed(oneOf(S3ObjectLockMode, 'S3ObjectLockMode')),
  duration: needed({ ...DURATION, example: 'Duration.days(14)' }),
};

/** What the options of an S3 store take. */
export const S3_FORM: Form<S3StoreOptions> = {
  bucketName: needed(text('shop-backups')),
  prefix: text('whispercache/backups'),
  region: text('eu-central-1'),
  endpoint: text('https://minio.storage.svc:9000'),
  caCertificate: instance(CaCertificate, 'a CaCertificate', 'CaCertificate.fromConfigMap(configMap)'),
  pathStyle: FLAG,
  credentials: instance(S3Credentials, 'an S3Credentials', 'S3Credentials.fromSecret(secret)'),
  encryption: instance(S3Encryption, 'an S3Encryption', 'S3Encryption.S3_MANAGED'),
  storageClass: instance(S3StorageClass, 'an S3StorageClass', 'S3StorageClass.INFREQUENT_ACCESS'),
  objectLock: struct(OBJECT_LOCK),
  layout: oneOf(StoreLayout, 'StoreLayout'),
  checksums: oneOf(S3Checksums, 'S3Checksums'),
  maxParts: { ...NUMBER, example: '1000' },
  location: LOCATION,
  storeName: text('s3'),
};
