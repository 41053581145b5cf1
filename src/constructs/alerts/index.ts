export * from './backup-alert-rules';
export * from './backup-alert-rules-props';
