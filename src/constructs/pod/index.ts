export * from './backup-defaults';
export * from './compression';
export * from './container-resources';
export * from './decryption';
export * from './encryption';
export * from './image-pull-policy';
export * from './network-options';
export * from './runner-pod-options';
