export * from './postgres-restore-options';
export * from './postgres-source';
export * from './postgres-tls';
