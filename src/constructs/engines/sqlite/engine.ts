import { SQLITE_DRILL } from './drill';
import { replaceFile } from './restore';
import { SQLITE_RUNBOOK } from './runbook';
import { DatabaseEngine } from '../../engine-api/engine';

export const SQLITE: DatabaseEngine<'sqlite'> = {
  title: 'SQLite',
  defaultMode: () => replaceFile({}),
  contents: database => ({ database }),
  runbook: SQLITE_RUNBOOK,
  drill: SQLITE_DRILL,
};
