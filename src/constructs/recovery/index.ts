export * from './recovery-objectives';
export * from './recovery-report';
export * from './recovery-scenario';
export * from './retention';
export * from './store-location';
