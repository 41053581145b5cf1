import { quoted } from './errors';
import { howToGet, PostgresProgram, PostgresVersion } from './programs';
import { ArchiveEntry, ArchiveHead } from './restore-archive';
import { Globals, unquoted } from './restore-globals';
import { DatabaseState, ExtensionState, ServerState } from './restore-server';
import { actsAsSuperuser, superusersOnly } from './restore-superuser';
import { PostgresTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { Obstacle } from '../../core/obstacle';

const MOST_NAMED = 10;
const TRANSACTION_TIMEOUT_MAJOR = 17;
/** From these on {@link restricts}. */
const RESTRICTING: { readonly [major: number]: number } = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

/** All that is known before a restore begins. */
export interface Facts {
  readonly config: PostgresTargetConfig;
  /** The `pg_restore` that reads the archive, or the newest one where none can. */
  readonly client: PostgresProgram;
  readonly server: ServerState;
  readonly head: ArchiveHead;
  readonly globals: Globals | null;
  readonly extensions: readonly ExtensionState[];
  readonly inScratch: boolean;
  /** What the live name holds; `undefined` if there is no such database. */
  readonly live: DatabaseState | undefined;
}

/** What stands in the way of a restore: rights, versions, extensions, roles, names. */
export function findingsOf(facts: Facts): Obstacle[] {
  return [...versions(facts), ...databases(facts), ...roles(facts), ...extensions(facts), ...superusers(facts), ...scratch(facts)];
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

export function serverMajor({ server }: Pick<Facts, 'server'>): number {
  return Math.floor(server.versionNumber / 10_000);
}

/** What of the archive is restored: in place, no subscription is. */
export function restoredOf({ head, config }: Pick<Facts, 'head' | 'config'>): ArchiveHead {
  return config.mode === 'in-place' ? { ...head, entries: head.entries.filter(({ type }) => type !== 'SUBSCRIPTION') } : head;
}

/**
 * Roles that the archive names as owners, or gives rights to.
 *
 * @param ofDatabase whether those count that have rights to the database as a whole, or settings in it: where these come from the archive
 */
export function namedRoles(
  { entries }: ArchiveHead, ofDatabase: boolean,
): { readonly owners: readonly string[]; readonly others: readonly string[] } {
  const owners = new Set(entries.filter(({ type, owner }) => owner !== '' && type !== 'DATABASE' && type !== 'DATABASE PROPERTIES').map(({ owner }) => owner));
  owners.delete(DATABASE_OWNER);
  const named = [...entries.flatMap(rolesIn), ...ofDatabase ? rolesOfDatabase(entries) : []];
  const others = new Set(named.filter(role => !owners.has(role)));
  return { owners: [...owners].sort(), others: [...others].sort() };
}

/** Whoever owns the database at hand is its only member, and nobody can be made one. Since 14. */
const DATABASE_OWNER = 'pg_database_owner';

function namesDatabaseOwner({ entries }: ArchiveHead): boolean {
  return entries.some(({ owner }) => owner === DATABASE_OWNER);
}

const NAME = '(?:"(?:[^"]|"")+"|[^\\s",;()]+)';
const LIST = `(${NAME}(?:, ${NAME})*)`;

function rolesIn({ type, definition, tag }: ArchiveEntry): string[] {
  const lists = (pattern: string) => [...definition.matchAll(new RegExp(pattern, 'gm'))].flatMap(([, list]) => list!.match(new RegExp(NAME, 'g')) ?? []);
  const named = type === 'ACL' && !tag.startsWith('DATABASE ') ? lists(`^GRANT .* TO ${LIST}(?: WITH GRANT OPTION)?;$`)
    : type === 'DEFAULT ACL' ? [...lists(`^ALTER DEFAULT PRIVILEGES FOR ROLE ${LIST} `), ...lists(`GRANT .* TO ${LIST}(?: WITH GRANT OPTION)?;$`)]
      : type === 'POLICY' ? lists(`^CREATE POLICY .* TO ${LIST}(?: USING| WITH CHECK|;)`)
        : [];
  return named.map(unquoted).filter(name => !['PUBLIC', 'public', 'CURRENT_USER', 'SESSION_USER'].includes(name));
}

/** What an archive says about the database as a whole. */
const ABOUT_THE_DATABASE = [`^GRANT .* TO (${NAME})(?: WITH GRANT OPTION)?;$`, `^SET SESSION AUTHORIZATION (${NAME});$`, `^ALTER ROLE (${NAME}) IN DATABASE `];

function rolesOfDatabase(entries: readonly ArchiveEntry[]): string[] {
  const definitions = entries.filter(({ type, tag }) => type === 'DATABASE PROPERTIES' || (type === 'ACL' && tag.startsWith('DATABASE ')))
    .map(({ definition }) => definition).join('\n');
  return ABOUT_THE_DATABASE.flatMap(pattern => [...definitions.matchAll(new RegExp(pattern, 'gm'))].map(([, name]) => unquoted(name!)))
    .filter(name => name !== 'PUBLIC' && name !== 'DEFAULT');
}

/** Whether the rights and settings of the database as a whole come from the archive, and not from the live database that it replaces. */
export function givesArchivedProperties({ live, config: { mode } }: Pick<Facts, 'live' | 'config'>): boolean {
  return mode === 'new-database' || (mode === 'swap' && live === undefined);
}

function versions(facts: Facts): Obstacle[] {
  const { client, head, config } = facts;
  const server = serverMajor(facts);
  const fault = (message: string) => ({ message, exitCode: ExitCode.VERSION_MISMATCH });
  const findings: Obstacle[] = [];
  if (client.major < majorOf(head.dumpVersion)) {
    findings.push(fault(`the backup was made by pg_dump ${head.dumpVersion}, and pg_restore ${client.text} can't read it: ${howToGet(majorOf(head.dumpVersion))}`));
  }
  if (rendersScript(facts) && !restricts(client)) {
    findings.push(fault(`the server, version ${facts.server.version}, does not know all that pg_restore ${client.text} says to it, and psql would run commands that an archive may hide in what is left: `
      + `update PostgreSQL's client ${client.major} to a release of August 2025 or later`));
  }
  if (config.mode === 'in-place' && server < majorOf(head.serverVersion)) {
    findings.push(fault(`the backup is of PostgreSQL ${head.serverVersion}, the server is ${facts.server.version}, and is to be changed in place: restore into version ${majorOf(head.serverVersion)} or later`));
  }
  return findings;
}

/**
 * Whether what `pg_restore` says to the server has to be rid of something first: of `transaction_timeout`, which came with 17. So it is where a
 * newer program than the server's has made the archive, which one of the server's age can't read.
 */
export function rendersScript(facts: Pick<Facts, 'client' | 'server'>): boolean {
  return facts.client.major >= TRANSACTION_TIMEOUT_MAJOR && serverMajor(facts) < TRANSACTION_TIMEOUT_MAJOR;
}

/** Whether `pg_restore` keeps what is in the archive from giving commands to `psql`, which run programs. */
export function restricts({ text, major }: PostgresVersion): boolean {
  const minor = Number(text.split('.')[1] ?? 0);
  return major >= 18 || (RESTRICTING[major] !== undefined && minor >= RESTRICTING[major]);
}

function databases(facts: Facts): Obstacle[] {
  const { config, server, live } = facts;
  const user = quoted(config.user);
  const findings: Obstacle[] = [];
  const denied = (message: string) => findings.push({ message, exitCode: ExitCode.DENIED });
  const taken = (message: string, exitCode: ExitCode = ExitCode.FAILED) => findings.push({ message, exitCode });
  if (config.mode === 'in-place') {
    if (!live) {taken(`there is no database ${config.databaseName} to restore into: make it, or use RestoreMode.postgresSwap or --set target.mode=swap, which makes it`, ExitCode.NOT_FOUND);} else if (!live.owned && namesDatabaseOwner(facts.head)) {
      denied(`the backup has rights that only the owner of the database can give, ${live.owner}: ${membershipFor(live.owner, facts)}, or restore as a superuser`);
    }
    return findings;
  }
  if (!server.createDb) denied(`the role may not create databases: ALTER ROLE ${user} CREATEDB, or use RestoreMode.postgresInPlace or --set target.mode=in-place`);
  if (config.mode === 'new-database') {
    if (server.databases.some(({ name }) => name === config.newName)) {
      taken(`there is a database ${config.newName} already: choose another name for the new one, or drop it`, ExitCode.USAGE);
    }
    return findings;
  }
  if (!live) return findings;
  if (!live.owned) denied(`the role may not rename the database, which belongs to ${live.owner}: ${membershipFor(live.owner, facts)}`);
  if (live.preparedTransactions > 0) taken(`${live.preparedTransactions} prepared transactions keep the database from being renamed: COMMIT PREPARED or ROLLBACK PREPARED them`);
  if (live.slots.length > 0) {
    taken(`replication slots keep the database from being renamed: ${live.slots.join(', ')}. Stop what reads them and drop them: select pg_drop_replication_slot('…')`);
  }
  return findings;
}

/** How the role that restores gets what the other one may do. */
function membershipFor(role: string, { config, server }: Facts): string {
  const user = quoted(config.user);
  if (!server.roles.some(({ name, granted }) => name === role && granted)) return `GRANT ${quoted(role)} TO ${user}`;
  return serverMajor({ server }) >= 16
    ? `GRANT ${quoted(role)} TO ${user} WITH INHERIT TRUE, SET TRUE, since it is a member without one of these`
    : `ALTER ROLE ${user} INHERIT, since it is a member and does not inherit`;
}

function roles(facts: Facts): Obstacle[] {
  const { config, server, globals } = facts;
  const { owners, others } = namedRoles(restoredOf(facts), givesArchivedProperties(facts));
  const existing = new Map(server.roles.map(role => [role.name, role]));
  const inScript = new Set(globals?.roles.map(({ name }) => name));
  const canBeMade = (name: string) => inScript.has(name) && server.createRole;
  const missing = [...owners, ...others].filter(name => !existing.has(name) && !canBeMade(name));
  const findings: Obstacle[] = missing.map(name => ({
    message: `there is no role ${name}, which ${owners.includes(name) ? 'owns something' : 'has rights'} in the backup: CREATE ROLE ${quoted(name)}`
      + (inScript.has(name) ? `, or ALTER ROLE ${quoted(config.user)} CREATEROLE: it is in the backup` : ''),
    exitCode: ExitCode.NOT_FOUND,
  }));
  for (const name of owners) {
    if (existing.get(name)?.member === false) {
      findings.push({
        message: `the role may not give to ${name} what belongs to it: ${membershipFor(name, facts)}, or restore as a superuser`,
        exitCode: ExitCode.DENIED,
      });
    }
  }
  return findings;
}

/** Has to be told before and after a restore, or what it keeps of its own is restored twice, or wrongly. */
const TIMESCALEDB = 'timescaledb';

function extensions({ server, extensions: wanted, config }: Facts): Obstacle[] {
  return wanted.flatMap(({ name, available, trusted }): Obstacle[] => {
    if (name === TIMESCALEDB) {
      return [{
        message: 'the backup has the extension timescaledb, whose restore this runner does not do. Do it by hand: "cdk8s-backup fetch", then as a superuser in an empty database, with the extension version of the backup, '
          + 'CREATE EXTENSION timescaledb and SELECT timescaledb_pre_restore(), then pg_restore in one job, then SELECT timescaledb_post_restore() and ANALYZE',
        exitCode: ExitCode.VERSION_MISMATCH,
      }];
    }
    if (!available) return [{ message: `the extension ${name} is not installed on the server: install its package there`, exitCode: ExitCode.NOT_FOUND }];
    if (!actsAsSuperuser(server) && !trusted) {
      return [{ message: `only a superuser may create the extension ${name}, and ${config.user} is none: restore as a superuser`, exitCode: ExitCode.DENIED }];
    }
    return [];
  });
}

function superusers({ server, head, config }: Facts): Obstacle[] {
  if (actsAsSuperuser(server)) return [];
  const what = superusersOnly(restoredOf({ head, config }).entries, server);
  if (what.length === 0) return [];
  const list = `${what.slice(0, MOST_NAMED).join(', ')}${what.length > MOST_NAMED ? ` and ${what.length - MOST_NAMED} more` : ''}`;
  return [{
    message: `only a superuser may create what the backup has of this kind, and ${config.user} is none: ${list}; restore as a superuser (the 'target' of the restore may have another user than the backup)`,
    exitCode: ExitCode.DENIED,
  }];
}

function scratch({ config, inScratch }: Facts): Obstacle[] {
  if (config.parallelJobs === 1 || inScratch) return [];
  return [{
    message: `${config.parallelJobs} parallel jobs need the whole archive in the scratch directory, which has no room for it: give it a larger volume, or use one job, which reads from the store`,
    exitCode: ExitCode.NO_SPACE,
  }];
}
