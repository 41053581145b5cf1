/*
 * What is asked of a PostgreSQL server before a dump, as SQL that returns one JSON value. Works from server 12 on.
 */
import { filterCondition } from './pattern';
import { TableFiles } from './remade';
import { PostgresConfig } from '../../../contract/config';

/** About the server as a whole. */
export interface ServerFacts {
  /** Such as 170011. */
  readonly versionNumber: number;
  readonly version: string;
  /** Whether the role may see the hashes of the passwords of all roles. */
  readonly seesPasswords: boolean;
  /** How many locks it has room for, all sessions together. */
  readonly locks: number;
  /** The one that was asked for or all, in the order of their names' bytes. */
  readonly databases: readonly DatabaseFacts[];
  /** Where all were asked for: those that accept no connections, but for what restores have put aside or not finished. */
  readonly closed: readonly string[];
}

export interface DatabaseFacts {
  readonly name: string;
  /** `null` if the role may not connect. */
  readonly bytes: number | null;
}

/** The server's major version. */
export function majorOf({ versionNumber }: ServerFacts): number {
  return Math.floor(versionNumber / 10_000);
}

/** What the dump would fail on, a few of each. */
export interface MissingRights {
  readonly unreadable: readonly string[];
  readonly hiddenRows: readonly string[];
  readonly largeObjects: number;
  /** How many tables are dumped, each of which is locked until the end. */
  readonly tables: number;
}

export interface Contents {
  /** Rows by `schema.table`, as the server estimates them. */
  readonly rows: { readonly [table: string]: number };
  readonly files: TableFiles;
  readonly empty: boolean;
}

/** Databases of hosting services that nobody else gets into. */
const OF_THE_SERVICE = ['rdsadmin', 'cloudsqladmin', 'azure_maintenance'];
const MOST_NAMED = 5;

export function serverFactsQuery(database: string | null): string {
  const which = database === null
    ? `datallowconn and not datistemplate and datconnlimit <> -2 and datname not in (${OF_THE_SERVICE.map(name => `'${name}'`).join(', ')})`
    : 'datname = current_database()';
  const closed = database === null
    ? 'not datallowconn and not datistemplate and datconnlimit <> -2 and datname !~ \'_(before|restore)_[0-9]{8}_[0-9]{6}$\''
    : 'false';
  return `select json_build_object(
    'versionNumber', current_setting('server_version_num')::int,
    'version', current_setting('server_version'),
    'locks', current_setting('max_locks_per_transaction')::int * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int),
    'seesPasswords', has_table_privilege('pg_catalog.pg_authid', 'select'),
    'databases', (
      select coalesce(json_agg(json_build_object(
        'name', datname,
        'bytes', case when has_database_privilege(oid, 'connect') then pg_database_size(oid) end
      ) order by datname collate "C"), '[]')
      from pg_database where ${which}
    ),
    'closed', (select coalesce(json_agg(datname order by datname collate "C"), '[]') from pg_database where ${closed}));`;
}

export function missingRightsQuery(config: PostgresConfig): string {
  return `with ${dumpedRelations(config)},
    unreadable as (
      select format('%I.%I', schema, name) as name from dumped
      where kind in ('r', 'p', 'S') and not (has_schema_privilege(schema_oid, 'usage') and
        case when kind = 'S' then has_sequence_privilege(oid, 'select') else has_table_privilege(oid, 'select') end)
    ),
    hidden as (select format('%I.%I', schema, name) as name from dumped where kind in ('r', 'p') and row_security_active(oid)),
    objects as (
      select count(*) as count from pg_largeobject_metadata
      where ${dumpsLargeObjects(config)} and current_setting('lo_compat_privileges') = 'off'
        and not (select rolsuper from pg_roles where rolname = current_user) and not pg_has_role(lomowner, 'usage')
        and not exists (
          select from aclexplode(lomacl) as acl
          where acl.privilege_type = 'SELECT' and (acl.grantee = 0 or pg_has_role(acl.grantee, 'usage'))
        )
    )
    select json_build_object(
      'unreadable', (select coalesce(json_agg(name), '[]') from (select name from unreadable order by name limit ${MOST_NAMED}) as few),
      'hiddenRows', (select coalesce(json_agg(name), '[]') from (select name from hidden order by name limit ${MOST_NAMED}) as few),
      'largeObjects', (select count from objects),
      'tables', (select count(*) from dumped where kind in ('r', 'p'))
    );`;
}

/** An estimate of -1, or 0 pages and rows before server 14, means that nobody has counted yet: such a table is left out. */
export function contentsQuery(config: PostgresConfig): string {
  return `set lock_timeout = '${config.lockTimeoutSeconds}s';
    with ${dumpedRelations(config)},
    tables as (select * from dumped where kind = 'r')
    select json_build_object(
      'rows', (
        select coalesce(json_object_agg(schema || '.' || name, rows), '{}') from tables
        where rows > 0 or rows = 0 and (pages > 0 or current_setting('server_version_num')::int >= 140000)
      ),
      'files', ${TABLE_FILES},
      'empty', not exists (select from tables where pg_relation_size(oid) > 0)
        and not (${dumpsLargeObjects(config)} and pg_relation_size('pg_catalog.pg_largeobject') > 0)
    );`;
}

export function tableFilesQuery(config: PostgresConfig): string {
  return `with ${dumpedRelations(config)}, tables as (select * from dumped where kind = 'r') select ${TABLE_FILES};`;
}

const TABLE_FILES = '(select coalesce(json_object_agg(schema || \'.\' || name, oid || \'/\' || file), \'{}\') from tables)';

/**
 * What `pg_dump` takes: neither the system's own, nor what extensions bring along, except for their tables of settings. A sequence
 * comes along with the table that owns it (`a`), and one of an identity column (`i`) does not come without it.
 */
export function dumpedRelations(config: PostgresConfig): string {
  return `candidates as (
    select c.oid, n.oid as schema_oid, n.nspname as schema, c.relname as name, c.relkind as kind, c.reltuples::bigint as rows, c.relpages as pages, c.relfilenode as file,
      ${filterCondition(config)} as wanted
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (
        select from pg_depend d left join pg_extension e on e.oid = d.refobjid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e' and not c.oid = any (coalesce(e.extconfig, '{}'))
      )
  ),
  dumped as (
    select c.* from candidates c
    left join pg_depend d on c.kind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    left join candidates owner on owner.oid = d.refobjid
    where case when owner.oid is null then c.wanted else owner.wanted or d.deptype = 'a' and c.wanted end
  )`;
}

/** With filters for schemas or tables `pg_dump` leaves large objects out. */
function dumpsLargeObjects({ includeSchemas, includeTables }: PostgresConfig): string {
  return String(includeSchemas.length === 0 && includeTables.length === 0);
}
