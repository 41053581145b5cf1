export * from './backup-defaults';
export * from './ca-certificate';
export * from './compression';
export * from './decryption';
export * from './encryption';
export * from './network-options';
export * from './runner-pod-options';
