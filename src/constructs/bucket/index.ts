export * from './backup-bucket-lifecycle';
export * from './backup-bucket-lifecycle-props';
export * from './lifecycle-apply-job';
export * from './lifecycle-provider';
export * from './lifecycle-rule';
export * from './lifecycle-storage-class';
export * from './s3-access-policy';
