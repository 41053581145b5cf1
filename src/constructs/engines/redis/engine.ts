import { REDIS_DRILL } from './drill';
import { replication } from './restore';
import { REDIS_RUNBOOK } from './runbook';
import { DatabaseEngine } from '../../engine-api/engine';

export const REDIS: DatabaseEngine<'redis'> = {
  title: 'Redis',
  defaultMode: () => replication({}),
  contents: database => ({ database }),
  runbook: REDIS_RUNBOOK,
  drill: REDIS_DRILL,
};
