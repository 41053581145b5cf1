/*
 * Roles, out of the script of `pg_dumpall --globals-only`. It is read and not run: a role that exists is left alone.
 */
import { RoleState } from './postgres-server';

/** A role of the script. */
export interface ScriptRole {
  readonly name: string;
  /** What it takes to make it, attributes, password and settings included, in order. May have the hash of a password in it. */
  readonly statements: readonly string[];
  /** Of those that {@link RoleState} knows. */
  readonly attributes: readonly string[];
}

export interface Globals {
  readonly roles: readonly ScriptRole[];
  readonly memberships: readonly Membership[];
}

interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
}

const NAME = '("(?:[^"]|"")+"|[^\\s";,]+)';
const CREATE = new RegExp(`^CREATE ROLE ${NAME};$`);
const ALTER = new RegExp(`^ALTER ROLE ${NAME} (WITH|SET|RESET) (.*);$`, 's');
const COMMENT = new RegExp(`^COMMENT ON ROLE ${NAME} IS `);
const GRANT = new RegExp(`^GRANT ${NAME} TO ${NAME}( WITH .*)?( GRANTED BY .*)?;$`);
const ATTRIBUTES = ['SUPERUSER', 'INHERIT', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'REPLICATION', 'BYPASSRLS'];

export function parseGlobals(script: string): Globals {
  const roles = new Map<string, { statements: string[]; attributes: string[] }>();
  const memberships: Membership[] = [];
  for (const statement of statementsOf(script)) {
    const role = (CREATE.exec(statement) ?? ALTER.exec(statement) ?? COMMENT.exec(statement))?.[1];
    if (role !== undefined) {
      const name = unquoted(role);
      const entry = roles.get(name) ?? { statements: [], attributes: [] };
      roles.set(name, entry);
      entry.statements.push(statement);
      const [, , what, options = ''] = ALTER.exec(statement) ?? [];
      if (what === 'WITH') entry.attributes = options.replace(/PASSWORD '.*$/s, '').split(/\s+/).filter(word => ATTRIBUTES.includes(word));
      continue;
    }
    const [, granted, member, options] = GRANT.exec(statement) ?? [];
    if (granted !== undefined && member !== undefined) {
      memberships.push({ role: unquoted(granted), member: unquoted(member), admin: options?.includes('ADMIN OPTION') || options?.includes('ADMIN TRUE') || false });
    }
  }
  // The superuser of a cluster is altered and not created, by some tools; whatever has no CREATE is not ours to make.
  return {
    roles: [...roles].filter(([, { statements }]) => CREATE.test(statements[0]!)).map(([name, role]) => ({ name, ...role })),
    memberships,
  };
}

/** What existing roles have that those of the backup had not, and the other way round; a sentence for each. */
export function roleDifferences({ roles }: Globals, existing: readonly RoleState[]): string[] {
  return roles.flatMap(({ name, attributes }) => {
    const now = existing.find(role => role.name === name);
    if (!now) return [];
    const more = now.attributes.filter(attribute => !attributes.includes(attribute));
    const less = attributes.filter(attribute => !now.attributes.includes(attribute));
    if (more.length + less.length === 0) return [];
    const parts = [...more.length ? [`has ${more.join(', ')} now`] : [], ...less.length ? [`had ${less.join(', ')} then`]: []];
    return [`the role ${name} is left as it is, although it differs from the backup's: it ${parts.join(', and ')}`];
  });
}

/** Statements end at a semicolon at the end of a line, outside of texts and names; comments and commands of psql are left out. */
function statementsOf(script: string): string[] {
  const statements: string[] = [];
  let current: string[] = [];
  let quote = '';
  for (const line of script.split('\n')) {
    if (current.length === 0 && (/^\s*(--|\\)/.test(line) || line.trim() === '')) continue;
    current.push(line);
    quote = quoteAfter(line, quote);
    if (quote === '' && line.endsWith(';')) {
      statements.push(current.join('\n'));
      current = [];
    }
  }
  return statements;
}

/** The quote that is open at the end of a line, if it was `quote` at its beginning; a doubled one closes and opens. Reads each character once. */
function quoteAfter(line: string, quote: string): string {
  let open = quote;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (open === '') open = character === '\'' || character === '"' ? character : '';
    else if (character === open) open = '';
    else if (character === '\\' && open === '\'') at++;
  }
  return open;
}

export function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
