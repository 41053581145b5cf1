export * from './redis-source';
export * from './redis-tls';
