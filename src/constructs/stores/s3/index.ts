export * from './s3-access';
export * from './s3-credentials';
export * from './s3-encryption';
export * from './s3-object-lock';
export * from './s3-storage-class';
export * from './s3-store';
