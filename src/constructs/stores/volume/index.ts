export * from './volume-store';
