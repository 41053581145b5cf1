export * from './sqlite-source';
