import { SQLITE_DRILL } from './drill';
import { replaceFile } from './restore';
import { DatabaseEngine } from '../../engine-api/engine';

export const SQLITE: DatabaseEngine<'sqlite'> = {
  title: 'SQLite',
  defaultMode: () => replaceFile({}),
  contents: database => ({ database }),
  drill: SQLITE_DRILL,
};
