export * from './redis-restore-options';
export * from './redis-source';
export * from './redis-tls';
