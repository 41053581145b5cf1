import { SqliteDrillTarget } from './drill-target';
import { foreignDatabases } from './foreign';
import { readSqliteFormat } from './read-format';
import { restoreIntoNewFile } from './restore-new-file';
import { SqliteRestorer } from './restorer';
import { SqliteSource } from './source';
import { DatabaseEngine } from '../../engine-api/engine';

export const sqlite: DatabaseEngine<'sqlite'> = {
  title: 'SQLite',
  counted: 'rows',
  hasDrillServer: false,
  intoNewFile: restoreIntoNewFile,
  foreign: foreignDatabases,
  openSource: (config, { scratch }) => new SqliteSource(config, scratch),
  openRestorer: (target, context) => new SqliteRestorer(target, context),
  openDrillTarget: (target, context) => new SqliteDrillTarget(target, context),
  readFormat: readSqliteFormat,
  formatTools: () => Promise.resolve({ sqlite: process.versions.sqlite ?? 'unknown' }),
};
