/*
 * In which tablespaces a restored database, and what is in it, is made. One that is not there, or that the role may not use, does not
 * keep anybody from restoring: everything goes into the default one then, and the plan says so.
 */
import { quoted } from './errors';
import { ArchiveHead } from './restore-archive';
import { unquoted } from './restore-globals';
import { DatabaseState, ServerState } from './restore-server';
import { PostgresTargetConfig } from '../../../contract/config';

const DEFAULT = 'pg_default';

interface Facts {
  readonly config: Pick<PostgresTargetConfig, 'mode' | 'user'>;
  readonly server: Pick<ServerState, 'tablespaces'>;
  readonly head: Pick<ArchiveHead, 'entries'>;
  readonly live: Pick<DatabaseState, 'tablespace'> | undefined;
}

/** Tablespace of the database that is restored into; `null` where that is the server's default, which needs no right of its own. */
export function tablespaceOf(facts: Facts): string | null {
  const wanted = wantedTablespace(facts);
  if (facts.config.mode === 'in-place') return wanted; // it is there already
  return wanted !== null && isUsable(wanted, facts) ? wanted : null;
}

/** Whether something of the archive was in a tablespace that is none for this restore: then nothing of it is put into one by name. */
export function losesTablespaces(facts: Facts): boolean {
  return lostTablespaces(facts).length > 0;
}

/** What the plan says about it. */
export function tablespaceNotes(facts: Facts): string[] {
  const wanted = wantedTablespace(facts);
  const lost = lostTablespaces(facts);
  return [
    ...wanted !== tablespaceOf(facts) ? [`${reason([wanted!], facts)}: the restored database goes into ${DEFAULT}, on whose disk there has to be room for it`] : [],
    ...lost.length > 0 ? [`${reason(lost, facts)}: the content goes into the tablespace of the database, ${tablespaceOf(facts) ?? DEFAULT}, as does everything else in the backup`] : [],
  ];
}

function wantedTablespace({ config, head, live }: Facts): string | null {
  const tablespace = live && config.mode !== 'new-database' ? live.tablespace : archivedTablespace(head);
  return tablespace === DEFAULT ? null : tablespace;
}

/** `pg_dump` names it last, and only where it is not the default. */
function archivedTablespace({ entries }: Facts['head']): string | null {
  const definition = entries.find(({ type }) => type === 'DATABASE')?.definition ?? '';
  const [, name] = / TABLESPACE = ("(?:[^"]|"")+"|[^\s";]+);\s*$/.exec(definition) ?? [];
  return name === undefined ? null : unquoted(name);
}

function lostTablespaces(facts: Facts): string[] {
  const own = tablespaceOf(facts) ?? DEFAULT;
  const named = new Set(facts.head.entries.map(({ tablespace }) => tablespace));
  return [...named].filter(name => name !== '' && name !== own && !isUsable(name, facts));
}

function isUsable(tablespace: string, { server }: Facts): boolean {
  return server.tablespaces.some(({ name, usable }) => name === tablespace && usable);
}

function reason(names: readonly string[], { config, server }: Facts): string {
  const missing = names.filter(name => !server.tablespaces.some(tablespace => tablespace.name === name));
  const forbidden = names.filter(name => !missing.includes(name));
  return [
    ...missing.length > 0 ? [`the server has no tablespace ${missing.join(', ')}`] : [],
    ...forbidden.length > 0
      ? [`the role may not create anything in the tablespace ${forbidden.join(', ')} without GRANT CREATE ON TABLESPACE ${forbidden.map(quoted).join(', ')} TO ${quoted(config.user)}`]
      : [],
  ].join(', and ');
}
