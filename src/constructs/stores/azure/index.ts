export * from './azure-access-tier';
export * from './azure-blob-store';
export * from './azure-credentials';
