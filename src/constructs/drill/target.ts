import { DrillFreshness, RestoreDrillProps } from './restore-drill-props';
import { DatabaseConfig, DatabaseTargetConfig, FreshnessConfig, SourceConfig } from '../../contract/config';
import { show, wholeSeconds } from '../core/check';
import { contentsOf, databaseEngine, databaseEngines } from '../engines/engines';

/** What a drill rehearses: the one database that is backed up, or the member of a set that is named. */
export function drillSource(source: SourceConfig, member: string | undefined): DatabaseConfig {
  const contents = contentsOf(source);
  if ('members' in contents) {
    const names = Object.keys(contents.members).join(', ');
    if (member === undefined) throw new Error(`'member' is missing: the backup is a set, and a drill restores one member of it: ${names}; define a drill for each`);
    return contents.members[member] ?? fail(`'member' must be one of the set, ${names}, got ${show(member)}`);
  }
  if (member !== undefined) throw new Error(`'member' is for sets, and the backup is of ${source.engine}, got ${show(member)}: drop it`);
  return 'database' in contents ? contents.database : fail(contents.noDatabase.inDrill);
}

function fail(message: string): never {
  throw new Error(message);
}

/** What the scratch server, or the file, is to the restore of a drill. */
export function drillTarget(source: DatabaseConfig, props: RestoreDrillProps): DatabaseTargetConfig {
  refuseOfOthers(source, props);
  const target = databaseEngine(source).drill.target(source, props);
  if ((props.parallelJobs ?? 1) > 1 && props.scratchSize === undefined) {
    throw new Error('\'scratchSize\' is missing: several \'parallelJobs\' need the whole archive in a file; say how large the volume for it may become, more than the backup is');
  }
  return target;
}

export function freshnessOf(source: DatabaseConfig, freshness: readonly DrillFreshness[]): readonly FreshnessConfig[] {
  return freshness.map(({ sql, maxAge }) => {
    if (sql.trim() === '') throw new Error(`'freshness' must have SQL that returns a time, got ${show(sql)}: SELECT max(created_at) FROM orders`);
    databaseEngine(source).drill.checkFreshness(sql);
    return { sql, maxAgeSeconds: wholeSeconds('maxAge', maxAge, 1, 'the newest row is older than the backup') };
  });
}

/** Refuses what only another engine has. */
function refuseOfOthers(source: DatabaseConfig, props: RestoreDrillProps): void {
  const { properties: own, assertedBy } = databaseEngine(source).drill;
  const engines = databaseEngines();
  const wrong = engines.flatMap(([, { drill }]) => drill.properties).find(property => props[property] !== undefined && !own.includes(property));
  if (wrong === undefined) return;
  const names = engines.filter(([, { drill }]) => drill.properties.includes(wrong)).map(([name]) => name);
  throw new Error(`'${wrong}' is for ${names.join(' and ')}, and the backup is of ${source.engine}: drop it, and say with '${assertedBy}' which data must be there`);
}
