export * from './kubernetes-source';
export * from './kubernetes-objects-restore-options';
