export * from './persistent-volume-access-mode';
export * from './volume-store';
