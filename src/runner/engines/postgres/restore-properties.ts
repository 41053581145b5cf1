/*
 * What hangs on a database itself: locale and encoding, tablespace, owner, comment, rights, connection limit, settings, whether it is a template. `pg_restore` makes it
 * only together with a database of the original name, so it is carried over here.
 */
import { quoted } from './errors';
import { ArchiveEntry, ArchiveHead } from './restore-archive';
import { literal } from './restore-sql';

/** Properties of a live database. */
export interface DatabaseProperties {
  readonly owner: string;
  readonly comment: string | null;
  readonly connectionLimit: number;
  /** Whether others may be made of it by everybody who may create databases. */
  readonly template: boolean;
  /** In the order in which they were granted; `null` where nobody has changed the defaults. */
  readonly grants: readonly Grant[] | null;
  readonly settings: readonly Setting[];
}

interface Grant {
  readonly grantor: string;
  /** `null` is PUBLIC. */
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

interface Setting {
  /** `null`: for all roles. */
  readonly role: string | null;
  readonly name: string;
  readonly value: string;
}

/** Settings that are lists of names, and are quoted one by one. */
const LISTS = ['local_preload_libraries', 'search_path', 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'];

/** Options of CREATE DATABASE that are taken from the archive. The rest has its own statement. */
const OPTION = /\b(ENCODING|LOCALE_PROVIDER|LOCALE|LC_COLLATE|LC_CTYPE|ICU_LOCALE|ICU_RULES|BUILTIN_LOCALE) = ('(?:[^']|'')*'|\w+)/g;

export function propertiesQuery(database: string): string {
  return `select json_build_object(
    'owner', pg_get_userbyid(datdba),
    'comment', shobj_description(d.oid, 'pg_database'),
    'connectionLimit', datconnlimit,
    'template', datistemplate,
    'grants', case when datacl is not null then (select coalesce(json_agg(json_build_object(
      'grantor', pg_get_userbyid(acl.grantor),
      'grantee', case when acl.grantee <> 0 then pg_get_userbyid(acl.grantee) end,
      'privilege', acl.privilege_type,
      'grantable', acl.is_grantable
    ) order by n), '[]') from aclexplode(datacl) with ordinality as acl(grantor, grantee, privilege_type, is_grantable, n)) end,
    'settings', (select coalesce(json_agg(json_build_object(
      'role', case when setrole <> 0 then pg_get_userbyid(setrole) end,
      'name', split_part(setting, '=', 1),
      'value', substr(setting, strpos(setting, '=') + 1)
    )), '[]') from pg_db_role_setting s, unnest(setconfig) as setting where setdatabase = d.oid)
  ) from pg_database d where datname = ${literal(database)};`;
}

/**
 * Makes an empty database with the encoding and the locale of the archive.
 *
 * @param tablespace `null`: the server's default
 */
export function createStatement(name: string, head: ArchiveHead, owner: string | null, tablespace: string | null): string {
  const definition = head.entries.find(({ type }) => type === 'DATABASE')?.definition ?? '';
  const options = [...definition.matchAll(OPTION)].map(([, option, value]) => `${option} = ${value}`);
  if (owner !== null) options.push(`owner = ${quoted(owner)}`);
  if (tablespace !== null) options.push(`tablespace = ${quoted(tablespace)}`);
  return `create database ${quoted(name)} with template = template0 ${options.join(' ')};`;
}

/**
 * The locale, as a literal, in whose format the archive has amounts of money; `null`: the server's. It has to be set before they are restored, and
 * is the only setting of a database of which that is true.
 */
export function archivedMoneyLocale({ entries }: ArchiveHead): string | null {
  const properties = entries.filter(({ type }) => type === 'DATABASE PROPERTIES').map(({ definition }) => definition).join('\n');
  return /^ALTER DATABASE .* SET lc_monetary TO ('(?:[^']|'')*');$/m.exec(properties)?.[1] ?? null;
}

/** The statements that give `database` the properties of a live one, but for its connection limit: that is for the swap. */
export function propertyStatements(database: string, { owner, comment, grants, settings, template }: DatabaseProperties): string[] {
  const name = quoted(database);
  return [
    ...comment === null ? [] : [`comment on database ${name} is ${literal(comment)};`],
    ...grants === null ? [] : [
      `revoke all on database ${name} from public;`,
      `revoke all on database ${name} from ${quoted(owner)};`,
      ...grants.flatMap(({ grantor, grantee, privilege, grantable }) => {
        const grant = `grant ${privilege} on database ${name} to ${grantee === null ? 'public' : quoted(grantee)}${grantable ? ' with grant option' : ''};`;
        return grantor === owner ? [grant] : [`set role ${quoted(grantor)};`, grant, 'reset role;'];
      }),
    ],
    ...settings.map(({ role, name: setting, value }) => {
      const whose = role === null ? `database ${name}` : `role ${quoted(role)} in database ${name}`;
      return `alter ${whose} set ${quoted(setting)} to ${LISTS.includes(setting.toLowerCase()) ? listValue(value) : literal(value)};`;
    }),
    ...template ? [`alter database ${name} is_template true;`] : [],
  ];
}

/** The same from an archive, whose statements are about the name that the database had. */
export function archivedPropertyStatements(database: string, { entries, database: archived }: ArchiveHead): string[] {
  return entries.filter(entry => isProperty(entry, archived)).map(({ definition }) => renamed(definition, archived, database)
    .split('\n').filter(line => !/^ALTER DATABASE .* CONNECTION LIMIT = /.test(line)).join('\n'));
}

export function archivedConnectionLimit({ entries }: ArchiveHead): number | null {
  const definitions = entries.filter(({ type }) => type === 'DATABASE PROPERTIES' || type === 'DATABASE').map(({ definition }) => definition).join('\n');
  const [, limit] = /CONNECTION LIMIT = (-?\d+)/.exec(definitions) ?? [];
  return limit === undefined ? null : Number(limit);
}

/** What has to be said about the rights of a database that was closed to all but a few, and has none of that in its archive. */
function isProperty({ type, tag }: ArchiveEntry, archived: string): boolean {
  if (type === 'DATABASE PROPERTIES') return true;
  return (type === 'COMMENT' || type === 'ACL' || type === 'SECURITY LABEL') && (tag === `DATABASE ${archived}` || tag === `DATABASE ${quoted(archived)}`);
}

/** `pg_dump` quotes a name only where it has to. */
function renamed(definition: string, from: string, to: string): string {
  return definition.split('\n').map(line => {
    for (const name of [quoted(from), from]) {
      for (const [before, after] of [['ALTER DATABASE ', ' '], [' IN DATABASE ', ' '], [' ON DATABASE ', ' ']] as const) {
        const at = line.indexOf(before + name + after);
        const quote = line.indexOf('\'');
        if (/^(ALTER|COMMENT|GRANT|REVOKE|SECURITY) /.test(line) && at >= 0 && (quote < 0 || at < quote)) {
          return `${line.slice(0, at)}${before}${quoted(to)}${after}${line.slice(at + before.length + name.length + after.length)}`;
        }
      }
    }
    return line;
  }).join('\n');
}

/** `"$user", public` as the parts that it has. */
function listValue(value: string): string {
  const parts = [...value.matchAll(/"((?:[^"]|"")*)"|([^",\s][^",]*)/g)].map(([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain!.trim());
  return parts.length === 0 ? '\'\'' : parts.map(literal).join(', ');
}
