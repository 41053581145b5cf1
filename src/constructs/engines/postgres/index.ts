export * from './postgres-source';
export * from './postgres-tls';
