import { POSTGRES_DRILL } from './drill';
import { swap } from './restore';
import { DatabaseEngine } from '../../engine-api/engine';

export const POSTGRES: DatabaseEngine<'postgres'> = {
  title: 'PostgreSQL',
  defaultMode: () => swap({}),
  contents: database => ({ database }),
  drill: POSTGRES_DRILL,
};
