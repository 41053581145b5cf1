export * from './azure';
export * from './backup-store';
export * from './s3';
export * from './volume';
