export * from './secret-value';
export * from './store-layout';
