/*
 * What properties about stores take.
 */
import { BackupStore } from './backup-store';
import { S3Credentials } from './s3/s3-credentials';
import { Takes } from '../core/form';
import { instance, listOf, mapOf } from '../core/takes';

export const STORE: Takes<BackupStore> = instance(
  BackupStore, 'a BackupStore', 'BackupStore.s3 with \'bucketName\': "shop-backups" and \'region\': "eu-central-1"');
export const STORES = listOf(STORE);
export const S3_CREDENTIALS: Takes<S3Credentials> = instance(S3Credentials, 'an S3Credentials', 'S3Credentials.fromSecret(secret)');
export const S3_CREDENTIALS_BY_STORE = mapOf(S3_CREDENTIALS, 's3');
