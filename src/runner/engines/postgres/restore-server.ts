/*
 * What is asked of the server that a restore goes to, as SQL that returns one JSON value. Works from server 12 on.
 */
import { literals } from './restore-sql';

/** About the server, the role, and all of its databases. */
export interface ServerState {
  /** Such as 170011. */
  readonly versionNumber: number;
  readonly version: string;
  readonly superuser: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  readonly databases: readonly DatabaseState[];
  readonly roles: readonly RoleState[];
  readonly tablespaces: readonly TablespaceState[];
  /** Names of the sessions of swaps that are under way, see `swapSession()`. */
  readonly swaps: readonly string[];
}

export interface DatabaseState {
  readonly name: string;
  /** As a text: what a renamed database is recognised by. */
  readonly oid: string;
  readonly owner: string;
  /** In which everything is that names none of its own. */
  readonly tablespace: string;
  /** Whether the role that restores is the owner, or has its rights by itself. */
  readonly owned: boolean;
  /** `null` if the role may not connect. */
  readonly bytes: number | null;
  readonly open: boolean;
  readonly sessions: number;
  /** Roles whose sessions in it the role that restores may not end. */
  readonly lasting: readonly string[];
  /** What keeps a database from being renamed. */
  readonly preparedTransactions: number;
  readonly slots: readonly string[];
}

export interface TablespaceState {
  readonly name: string;
  /** Whether the role that restores may create something there. */
  readonly usable: boolean;
}

export interface RoleState {
  readonly name: string;
  /** Whether the role that restores has its rights by itself, and can make it the owner of something. */
  readonly member: boolean;
  /** Whether it is a member of it, although perhaps without INHERIT or SET, and then can't. */
  readonly granted: boolean;
  /** Those that it has of `SUPERUSER`, `INHERIT`, `CREATEROLE`, `CREATEDB`, `LOGIN`, `REPLICATION`, `BYPASSRLS`. */
  readonly attributes: readonly string[];
}

export function serverStateQuery(): string {
  return `select json_build_object(
    'versionNumber', current_setting('server_version_num')::int,
    'version', current_setting('server_version'),
    'superuser', me.rolsuper,
    'createDb', me.rolsuper or me.rolcreatedb,
    'createRole', me.rolsuper or me.rolcreaterole,
    'databases', (select coalesce(json_agg(json_build_object(
      'name', datname,
      'oid', d.oid::text,
      'owner', pg_get_userbyid(datdba),
      'tablespace', (select spcname from pg_tablespace t where t.oid = dattablespace),
      'owned', pg_has_role(datdba, 'usage'),
      'bytes', case when has_database_privilege(d.oid, 'connect') then pg_database_size(d.oid) end,
      'open', datallowconn,
      'sessions', (select count(*) from pg_stat_activity a where a.datid = d.oid),
      'lasting', (select coalesce(json_agg(distinct usename), '[]') from pg_stat_activity a join pg_roles r on r.oid = usesysid where a.datid = d.oid
        and not me.rolsuper and (r.rolsuper or not pg_has_role(usesysid, 'usage') and not pg_has_role('pg_signal_backend', 'usage'))),
      'preparedTransactions', (select count(*) from pg_prepared_xacts p where p.database = datname),
      'slots', (select coalesce(json_agg(slot_name), '[]') from pg_replication_slots r where r.database = datname)
    ) order by datname collate "C"), '[]') from pg_database d),
    'roles', (select coalesce(json_agg(json_build_object(
      'name', rolname,
      'member', pg_has_role(r.oid, 'usage') and case when current_setting('server_version_num')::int < 160000 then true else pg_has_role(r.oid, 'set') end,
      'granted', pg_has_role(r.oid, 'member'),
      'attributes', array_remove(array[
        case when rolsuper then 'SUPERUSER' end, case when rolinherit then 'INHERIT' end, case when rolcreaterole then 'CREATEROLE' end,
        case when rolcreatedb then 'CREATEDB' end, case when rolcanlogin then 'LOGIN' end, case when rolreplication then 'REPLICATION' end,
        case when rolbypassrls then 'BYPASSRLS' end
      ], null)
    )), '[]') from pg_roles r),
    'tablespaces', (select json_agg(json_build_object('name', spcname, 'usable', has_tablespace_privilege(oid, 'create'))) from pg_tablespace),
    'swaps', (select coalesce(json_agg(application_name), '[]') from pg_stat_activity where application_name like 'cdk8s-backup swap %')
  ) from pg_roles me where me.rolname = current_user;`;
}

/** An extension of the archive, as this server has it. */
export interface ExtensionState {
  readonly name: string;
  readonly available: boolean;
  /** Whether somebody who is no superuser may create it. */
  readonly trusted: boolean;
}

export function extensionsQuery(names: readonly string[], versionNumber: number): string {
  const trusted = versionNumber >= 130_000 ? 'not v.superuser or v.trusted' : 'not v.superuser';
  return `select coalesce(json_agg(json_build_object(
    'name', name,
    'available', exists (select from pg_available_extensions a where a.name = wanted.name),
    'trusted', exists (
      select from pg_available_extension_versions v join pg_available_extensions a on a.name = v.name and a.default_version = v.version
      where v.name = wanted.name and (${trusted})
    )
  )), '[]') from unnest(${literals(names)}) as wanted(name);`;
}

/** Relations of a database that are neither the system's nor an extension's, as `schema.name`. */
export function relationsQuery(): string {
  return `select coalesce(json_agg(n.nspname || '.' || c.relname), '[]')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I') and c.relpersistence <> 't'
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');`;
}

/** Oids by `schema.name` of those of `names` that are there. One that is dropped and made again has another one. */
export function oidsQuery(names: readonly string[]): string {
  return `select coalesce(json_object_agg(n.nspname || '.' || c.relname, c.oid::text), '{}')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = any (${literals(names)});`;
}

/** Tables of a database, without those of extensions, as `schema.name`. */
export function tablesQuery(): string {
  return `select coalesce(json_agg(n.nspname || '.' || c.relname order by n.nspname, c.relname), '[]')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');`;
}

/** Rows by `schema.name` after an ANALYZE; where `exact`, counted. */
export function rowsQuery(tables: readonly string[], exact: boolean): string {
  const rows = exact
    ? '(xpath(\'/row/n/text()\', query_to_xml(format(\'select count(*) as n from only %s\', c.oid::regclass), false, true, \'\')))[1]::text::bigint'
    : 'c.reltuples::bigint';
  return `select coalesce(json_object_agg(n.nspname || '.' || c.relname, ${rows}), '{}')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname || '.' || c.relname = any (${literals(tables)});`;
}
