export * from './restore-job';
export * from './restore-job-props';
export * from './restore-point';
export * from './restore-trigger';
export * from './restore-workload';
