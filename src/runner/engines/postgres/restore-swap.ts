/*
 * Two databases change names in one transaction, so there is no moment at which the live name holds anything but the one or the
 * other, or at which it is closed: whoever connects meanwhile waits for the transaction. A swap that is killed leaves nothing behind.
 */
import { createHash } from 'node:crypto';
import { quoted } from './errors';
import { literal } from './restore-sql';

/** Sessions that do not go within this time keep the swap from happening. */
const LEAVE_SECONDS = 15;
/** Whoever connects waits as long as the rename does. */
const LOCK_SECONDS = 5;
/** Whoever may not see where a session comes from is not told its type either. */
const WHO = `string_agg(distinct usename || case
  when client_addr is not null then ' from ' || host(client_addr) when backend_type is not null then ' from the server itself' else '' end, ', ')`;

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

/**
 * SQL of the swap. The transaction is one statement: once it has begun the server ends it by itself, whatever becomes of the runner.
 * Fails as a whole where it fails.
 */
export function swapStatements({ live, aside, incoming, connectionLimit }: Swap): string {
  return `set application_name = ${literal(swapSession(live))};
alter database ${quoted(incoming)} allow_connections false;
${leaveStatements(inDatabases([incoming]))}
do $swap$
declare
  give_up timestamptz := clock_timestamp() + interval '${LEAVE_SECONDS} seconds';
  who text;
begin
perform set_config('lock_timeout', '${LOCK_SECONDS}s', true);
${aside === null ? '' : asideStatements(live, aside)}
alter database ${quoted(incoming)} rename to ${quoted(live)};
${connectionLimit === null ? '' : `alter database ${quoted(live)} connection limit ${connectionLimit};`}
alter database ${quoted(live)} allow_connections true;
end $swap$;
`;
}

/**
 * Ends the sessions of the live database and renames it. The rename locks it against new sessions, and waits 5 s for those that are
 * in it: if one has come in between, it is ended too, and the rename is done again.
 */
function asideStatements(live: string, aside: string): string {
  const theirs = othersWhere(inDatabases([live]));
  return `loop
  ${terminate(theirs)}
  begin
alter database ${quoted(live)} rename to ${quoted(aside)};
    exit;
  exception when object_in_use or lock_not_available then
    if clock_timestamp() > give_up then
      perform pg_stat_clear_snapshot();
      select ${WHO} into who from pg_stat_activity where ${theirs};
      raise exception 'is being accessed by other users: %', coalesce(who, sqlerrm);
    end if;
  end;
end loop;
alter database ${quoted(aside)} allow_connections false;`;
}

/**
 * Ends the session of a swap whose runner is gone: until the server has noticed that, it may be in the midst of its transaction.
 * Afterwards that was committed, or is undone.
 */
export function endSwapStatements(live: string): string {
  return leaveStatements(`application_name = ${literal(swapSession(live))}`);
}

/** By which the session of a swap is recognised. Names of applications are short and in ASCII. */
export function swapSession(live: string): string {
  return `cdk8s-backup swap ${createHash('sha256').update(live).digest('hex').slice(0, 12)}`;
}

/** Condition of {@link leaveStatements} for all sessions in databases. */
export function inDatabases(databases: readonly string[]): string {
  return `datname in (${databases.map(literal).join(', ')})`;
}

/** Other sessions than this one. The server's own go by themselves; they have no user, which whoever may not see more of them is told too. */
function othersWhere(condition: string): string {
  return `${condition} and pid <> pg_backend_pid() and usesysid is not null`;
}

/** Tells sessions to end. The server's own words would not say whose they are, and be in its language. */
function terminate(theirs: string): string {
  return `begin
    perform pg_stat_clear_snapshot();
    perform pg_terminate_backend(pid) from pg_stat_activity where ${theirs};
  exception when insufficient_privilege then
    select ${WHO} into who from pg_stat_activity where ${theirs};
    raise exception 'may not end all of the sessions of %', who;
  end;`;
}

/** Ends sessions, and waits until they are gone. */
export function leaveStatements(condition: string): string {
  const theirs = othersWhere(condition);
  return `do $leave$
declare
  give_up timestamptz := clock_timestamp() + interval '${LEAVE_SECONDS} seconds';
  who text;
begin
  loop
    ${terminate(theirs)}
    perform pg_sleep(0.01);
    perform pg_stat_clear_snapshot();
    select ${WHO} into who from pg_stat_activity where ${theirs};
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
