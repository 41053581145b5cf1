export * from './recovery-runbook';
export * from './recovery-runbook-props';
