export * from './ca-certificate';
export * from './secret-value';
export * from './store-layout';
