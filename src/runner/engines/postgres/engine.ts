import { PostgresDrillTarget } from './drill-target';
import { foreignArchives } from './foreign';
import { installed } from './programs';
import { readPostgresFormat } from './read-format';
import { openPostgresRestorer } from './restorer';
import { PostgresSource } from './source';
import { DatabaseEngine } from '../../engine-api/engine';

export const postgres: DatabaseEngine<'postgres'> = {
  title: 'PostgreSQL',
  counted: 'rows',
  hasDrillServer: true,
  intoNewFile: null,
  foreign: foreignArchives,
  openSource: (config, { env }) => new PostgresSource(config, env),
  openRestorer: openPostgresRestorer,
  openDrillTarget: (target, context) => new PostgresDrillTarget(target, context),
  readFormat: readPostgresFormat,
  async formatTools(signal) {
    const newest = (await installed('pg_restore', signal).catch(() => [])).at(-1);
    return Object.fromEntries(newest ? [['pg_restore', newest.text]] : []);
  },
};
