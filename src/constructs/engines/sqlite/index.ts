export * from './sqlite-restore-options';
export * from './sqlite-source';
