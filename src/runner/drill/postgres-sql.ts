import { besideTime } from '../restore/postgres-names';
import { DatabaseState, ServerState } from '../restore/postgres-server';
import { quoted } from '../sources/postgres-errors';

/** The database of a drill, and what its restore was about to make it of. */
export function leftoversIn({ databases }: Pick<ServerState, 'databases'>, database: string): DatabaseState[] {
  return databases.filter(({ name }) => name === database || besideTime(name, database, 'restore') !== undefined);
}

/** Roles that own things and have rights, and can do nothing. */
export function noLoginRoles(names: readonly string[]): string {
  return ['begin;', ...names.map(name => `create role ${quoted(name)} nologin;`), 'commit;'].join('\n');
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
