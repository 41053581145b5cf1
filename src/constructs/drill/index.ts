export * from './drill-volume';
export * from './restore-drill';
export * from './restore-drill-props';
