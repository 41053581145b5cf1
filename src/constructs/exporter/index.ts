export * from './backup-exporter';
export * from './backup-exporter-props';
