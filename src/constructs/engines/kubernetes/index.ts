export * from './kubernetes-source';
export * from './objects-restore-options';
