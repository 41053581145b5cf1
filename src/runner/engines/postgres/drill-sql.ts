import { quoted } from './errors';
import { besideTime } from './restore-names';
import { DatabaseState, ServerState } from './restore-server';
import { literal } from './restore-sql';
import { DRILL_DATABASE } from '../../../contract/config';

/** The database of a drill, and what its restore was about to make it of. */
export function orphansIn({ databases }: Pick<ServerState, 'databases'>, database: string): DatabaseState[] {
  return databases.filter(({ name }) => name === database || besideTime(name, database, 'restore') !== undefined);
}

/** Roles that own things and have rights, and can do nothing. */
export function noLoginRoles(names: readonly string[]): string {
  return ['begin;', ...names.map(name => `create role ${quoted(name)} nologin;`), 'commit;'].join('\n');
}

/**
 * A role that a drill makes before all others, and removes after them. Its comment names the others: none of them was there, so what a
 * killed drill has left can be told from what is somebody else's.
 */
export const MARK_ROLE = `${DRILL_DATABASE}_roles`;

export function markStatements(names: readonly string[]): string {
  return ['begin;', `create role ${quoted(MARK_ROLE)} nologin;`, `comment on role ${quoted(MARK_ROLE)} is ${literal(JSON.stringify(names))};`, 'commit;'].join('\n');
}

/** The comment of that role as a JSON text; `null` if there is none. */
export function markQuery(): string {
  return `select coalesce((select to_json(shobj_description(oid, 'pg_authid')) from pg_roles where rolname = ${literal(MARK_ROLE)}), 'null');`;
}

/** The roles that a mark names. */
export function rolesOfMark(comment: string | null): string[] {
  try {
    const names: unknown = JSON.parse(comment ?? '[]');
    return Array.isArray(names) ? names.filter(name => typeof name === 'string') : [];
  } catch {
    return []; // somebody else's words
  }
}

/** Seconds since 1970 of the one time that `sql` returns; nothing if it returns none. A time without a zone is taken for UTC. */
export function newestQuery(sql: string): string {
  const query = sql.trim().replace(/[\s;]+$/, '');
  // The line breaks keep a comment at its end from swallowing the rest.
  return `set default_transaction_read_only = on;
set timezone = 'UTC';
select extract(epoch from (
${query}
)::timestamptz);`;
}
