import { REDIS_DRILL } from './drill';
import { replication } from './restore';
import { DatabaseEngine } from '../../engine-api/engine';

export const REDIS: DatabaseEngine<'redis'> = {
  title: 'Redis',
  defaultMode: () => replication({}),
  contents: database => ({ database }),
  drill: REDIS_DRILL,
};
