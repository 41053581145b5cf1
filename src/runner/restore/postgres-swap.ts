/*
 * Two databases change names. Both renames are one transaction, so there is no moment at which the live name holds anything but
 * the one or the other; what a crash can leave behind is a live database that accepts no connections, and its mark says why.
 */
import { createHash } from 'node:crypto';
import { SWAP_MARK } from './postgres-server';
import { literal } from './postgres-sql';
import { quoted } from '../sources/postgres-errors';

/** Sessions that do not go within this time keep the swap from happening. */
const LEAVE_SECONDS = 15;

export interface Swap {
  /** The live name. */
  readonly live: string;
  /** Name that the live database gets; `null` if there is none. */
  readonly aside: string | null;
  /** Name of the database that goes live. */
  readonly incoming: string;
  /** Connection limit that it gets. */
  readonly connectionLimit: number | null;
}

/** SQL of the swap. Fails as a whole where it fails: then {@link reopen} is due. */
export function swapStatements({ live, aside, incoming, connectionLimit }: Swap): string {
  const both = [...aside === null ? [] : [live], incoming];
  return `set application_name = ${literal(swapSession(live))};
${aside === null ? '' : closeStatements(live)}
alter database ${quoted(incoming)} allow_connections false;
${leaveStatements(inDatabases(both))}
begin;
${aside === null ? '' : `alter database ${quoted(live)} reset ${SWAP_MARK.parameter};`}
${aside === null ? '' : `alter database ${quoted(live)} rename to ${quoted(aside)};`}
alter database ${quoted(incoming)} rename to ${quoted(live)};
${connectionLimit === null ? '' : `alter database ${quoted(live)} connection limit ${connectionLimit};`}
alter database ${quoted(live)} allow_connections true;
commit;
`;
}

function closeStatements(live: string): string {
  return `begin;
alter database ${quoted(live)} set ${SWAP_MARK.parameter} to ${literal(SWAP_MARK.value)};
alter database ${quoted(live)} allow_connections false;
commit;`;
}

/**
 * Ends the session of a swap whose runner is gone: until the server has noticed that, it may be in the midst of its transaction.
 * Afterwards that was committed, or is undone.
 */
export function endSwapStatements(live: string): string {
  return leaveStatements(`application_name = ${literal(swapSession(live))}`);
}

/** By which the session of a swap is recognised. Names of applications are short and in ASCII. */
function swapSession(live: string): string {
  return `cdk8s-backup swap ${createHash('sha256').update(live).digest('hex').slice(0, 12)}`;
}

/** Opens a database that a swap has closed. */
export function reopen(live: string): string {
  return `begin;
alter database ${quoted(live)} allow_connections true;
alter database ${quoted(live)} reset ${SWAP_MARK.parameter};
commit;`;
}

/** Condition of {@link leaveStatements} for all sessions in databases. */
export function inDatabases(databases: readonly string[]): string {
  return `datname in (${databases.map(literal).join(', ')})`;
}

/** Ends sessions, and waits until they are gone. Background workers of the server go by themselves. */
export function leaveStatements(condition: string): string {
  const theirs = `${condition} and pid <> pg_backend_pid() and backend_type <> 'autovacuum worker'`;
  return `do $leave$
declare
  give_up timestamptz := clock_timestamp() + interval '${LEAVE_SECONDS} seconds';
  who text;
begin
  loop
    perform pg_terminate_backend(pid) from pg_stat_activity where ${theirs};
    perform pg_sleep(0.01);
    perform pg_stat_clear_snapshot();
    select string_agg(distinct usename || ' from ' || coalesce(host(client_addr), 'the server itself'), ', ') into who from pg_stat_activity where ${theirs};
    exit when who is null and not exists (select from pg_stat_activity where ${theirs});
    if clock_timestamp() > give_up then raise exception 'is being accessed by other users: %', who; end if;
  end loop;
end $leave$;`;
}

/** PostgreSQL drops no template, and a restored database may be one. */
export function dropStatements(database: string): string {
  return `alter database ${quoted(database)} allow_connections false;
${leaveStatements(inDatabases([database]))}
alter database ${quoted(database)} is_template false;
drop database ${quoted(database)};`;
}
