/*
 * What the source says of a server that can't be dumped as asked, or not without a warning.
 */
import { quoted } from './errors';
import { majorOf, MissingRights, ServerFacts } from './facts';
import { howToGet, PostgresProgram } from './programs';

const MOST_NAMED = 5;
/** The first server with a role that reads all. */
const READ_ALL_ROLE_VERSION = 140_000;

export function includesForOneOnly(source: string): string {
  return `${source}: schemas and tables can be included for one database only: name the database`;
}

/** @param newest of the programs that are installed */
export function tooOld(source: string, newest: PostgresProgram, server: ServerFacts): string {
  return `${source}: ${newest.name} ${newest.text} can't dump a server of version ${server.version}: ${howToGet(majorOf(server))}`;
}

export function newerThanServer(source: string, dumper: PostgresProgram, server: ServerFacts): string {
  const major = majorOf(server);
  return `${source} is dumped by pg_dump ${dumper.text}, since there is none of the server's version ${major}: stock pg_restore ${major} can't read that. `
    + `For dumps that it reads, ${howToGet(major)}`;
}

export function closedDatabase(address: string, database: string): string {
  return `postgres ${address}: the database ${database} accepts no connections and is not in the backup: `
    + `ALTER DATABASE ${quoted(database)} ALLOW_CONNECTIONS true, or drop it`;
}

export function mayNotConnect(user: string, database: string): string {
  return `role ${quoted(user)} may not connect: GRANT CONNECT ON DATABASE ${quoted(database)} TO ${quoted(user)}`;
}

/** Why the dump would fail, or lack rows; `null` if the role has all rights that it needs. */
export function mayNotReadAll(user: string, { unreadable, hiddenRows, largeObjects }: Omit<MissingRights, 'tables'>, server: ServerFacts): string | null {
  const role = quoted(user);
  if (unreadable.length > 0) {
    const grant = server.versionNumber >= READ_ALL_ROLE_VERSION
      ? `GRANT pg_read_all_data TO ${role}`
      : `GRANT USAGE ON its schema and SELECT ON ALL TABLES and ALL SEQUENCES in it TO ${role}`;
    return `role ${role} may not read ${unreadable.join(', ')}: ${grant}`;
  }
  if (hiddenRows.length > 0) return `role ${role} does not see all rows of ${hiddenRows.join(', ')}, which have row-level security: ALTER ROLE ${role} BYPASSRLS`;
  if (largeObjects > 0) {
    return `role ${role} may not read ${largeObjects} large objects: GRANT SELECT ON LARGE OBJECT … TO ${role} for each, or dump as their owner or as a superuser`;
  }
  return null;
}

/** @param place names the database */
export function tooManyTables(place: string, tables: number, locks: number): string {
  return `${place}: a dump locks all of its ${tables} tables at once, and the server has room for about ${locks} locks: `
    + 'raise its max_locks_per_transaction, which times max_connections is that number, and restart it';
}

export function remadeMeanwhile(place: string, tables: readonly string[]): string {
  return `${place}: ${tables.length} tables were made anew, truncated or rewritten while the dump waited for its locks, and it would have none of their rows: `
    + `${tables.slice(0, MOST_NAMED).join(', ')}. Nothing was stored; try again, and keep restores in place and schema changes away from the backup`;
}
