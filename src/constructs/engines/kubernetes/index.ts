export * from './kubernetes-source';
