import { Construct } from 'constructs';
import { DrillFreshness, RestoreDrillProps } from './restore-drill-props';
import { DrillServer } from './server';
import { DatabaseConfig, DatabaseTargetConfig, DRILL_DATABASE, FreshnessConfig, SourceConfig } from '../../contract/config';
import { show, wholeSeconds } from '../core/check';
import { RestoreMode } from '../engines/restore-mode';
import { SCRATCH } from '../parts/pod-parts';

/** What a drill rehearses: the one database that is backed up, or the member of a set that is named. */
export function drillSource(source: SourceConfig, member: string | undefined): DatabaseConfig {
  if (source.engine === 'set') {
    const names = Object.keys(source.members).join(', ');
    if (member === undefined) throw new Error(`'member' is missing: the backup is a set, and a drill restores one member of it: ${names}; define a drill for each`);
    return source.members[member] ?? fail(`'member' must be one of the set, ${names}, got ${show(member)}`);
  }
  if (member !== undefined) throw new Error(`'member' is for sets, and the backup is of ${source.engine}, got ${show(member)}: drop it`);
  if (source.engine === 'kubernetes') throw new Error('\'backup\' is of Secrets of Kubernetes, and a drill needs a database: try the restore with --dry-run, which asks the API server');
  return source;
}

function fail(message: string): never {
  throw new Error(message);
}

/** The scratch server, as a restore is told of it. Nothing of the source gets into it but the name of the database. */
export function drillTarget(scope: Construct, source: DatabaseConfig, props: RestoreDrillProps): DatabaseTargetConfig {
  refuseOfOthers(source.engine, props);
  if (source.engine === 'postgres' && (props.databaseName ?? source.database) === null) {
    throw new Error('\'databaseName\' is missing: the backup has all databases of the server, and one drill restores one; name it, and define a drill for each that matters');
  }
  if ((props.parallelJobs ?? 1) > 1 && props.scratchSize === undefined) {
    throw new Error('\'scratchSize\' is missing: several \'parallelJobs\' need the whole archive in a file; say how large the volume for it may become, more than the backup is');
  }
  const config = source.engine === 'sqlite' ? { ...source, path: `${SCRATCH}/${DRILL_DATABASE}.db` } : source;
  const { config: target } = modeOf(source.engine, props)._bind(scope, { config, env: {}, mounts: [], mountsClaim: false });
  return DrillServer.address(target as DatabaseTargetConfig);
}

/** Restored as a restore of that mode does it, so that what it takes is what that takes. */
function modeOf(engine: DatabaseConfig['engine'], { databaseName, assertions, keys, parallelJobs }: RestoreDrillProps): RestoreMode {
  switch (engine) {
    case 'postgres': return RestoreMode.newDatabase(DRILL_DATABASE, { databaseName, assertions, parallelJobs, globals: true });
    case 'redis': return RestoreMode.replication({ assertions: keys, safetyBackup: false });
    case 'sqlite': return RestoreMode.replaceFile({ assertions, keepPrevious: false });
  }
}

export function freshnessOf(engine: DatabaseConfig['engine'], freshness: readonly DrillFreshness[]): readonly FreshnessConfig[] {
  return freshness.map(({ sql, maxAge }) => {
    if (sql.trim() === '') throw new Error(`'freshness' must have SQL that returns a time, got ${show(sql)}: SELECT max(created_at) FROM orders`);
    // SQLite has one statement at a time, and of PostgreSQL's it is made a part of a larger one.
    if (engine === 'postgres' && /;\s*\S/.test(sql)) throw new Error(`'freshness' must have one statement, got ${show(sql)}`);
    return { sql, maxAgeSeconds: wholeSeconds('maxAge', maxAge, 1, 'the newest row is older than the backup') };
  });
}

const FOR: { readonly [engine in DatabaseConfig['engine']]: readonly (keyof RestoreDrillProps)[] } = {
  postgres: ['databaseName', 'parallelJobs', 'tablesThatMayBeEmpty', 'assertions', 'freshness'],
  redis: ['keys'],
  sqlite: ['assertions', 'freshness'],
};

/** Refuses what only another engine has. */
function refuseOfOthers(engine: DatabaseConfig['engine'], props: RestoreDrillProps): void {
  const wrong = [...new Set(Object.values(FOR).flat())].find(property => props[property] !== undefined && !FOR[engine].includes(property));
  if (wrong === undefined) return;
  const engines = Object.entries(FOR).filter(([, properties]) => properties.includes(wrong)).map(([name]) => name);
  const instead = { postgres: 'assertions', redis: 'keys', sqlite: 'assertions' }[engine];
  throw new Error(`'${wrong}' is for ${engines.join(' and ')}, and the backup is of ${engine}: drop it; what has to be there is said with '${instead}'`);
}
