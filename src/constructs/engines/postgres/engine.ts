import { POSTGRES_DRILL } from './drill';
import { swap } from './restore';
import { POSTGRES_RUNBOOK } from './runbook';
import { DatabaseEngine } from '../../engine-api/engine';

export const POSTGRES: DatabaseEngine<'postgres'> = {
  title: 'PostgreSQL',
  defaultMode: () => swap({}),
  contents: database => ({ database }),
  runbook: POSTGRES_RUNBOOK,
  drill: POSTGRES_DRILL,
};
