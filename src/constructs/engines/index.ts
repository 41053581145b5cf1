export * from './backup-source';
export * from './kubernetes';
export * from './postgres';
export * from './redis';
export * from './restore-mode';
export * from './sqlite';
