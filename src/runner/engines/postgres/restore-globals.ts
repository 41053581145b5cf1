/*
 * Roles, out of the script of `pg_dumpall --globals-only`. It is read and not run: a role that exists is left alone.
 */
import { RoleState } from './restore-server';

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

export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly admin: boolean;
  /** Whether the member has the rights of the role by itself, and may become it; `null` from servers before 16, which have no such options. */
  readonly inherit: boolean | null;
  readonly set: boolean | null;
}

const NAME = '("(?:[^"]|"")+"|[^\\s";,]+)';
const CREATE = new RegExp(`^CREATE ROLE ${NAME};$`);
const ALTER = new RegExp(`^ALTER ROLE ${NAME} (WITH|SET|RESET) (.*);$`, 's');
const COMMENT = new RegExp(`^COMMENT ON ROLE ${NAME} IS `);
const GRANT = new RegExp(`^GRANT ${NAME} TO ${NAME}( WITH .*)?;$`);
/** What a role that has just been made has not either. Only superusers may say so. */
const ABSENT = ['NOSUPERUSER', 'NOCREATEROLE', 'NOCREATEDB', 'NOREPLICATION', 'NOBYPASSRLS'];
const WORDS = new RegExp(`^(ALTER ROLE ${NAME} WITH)((?: [A-Z]+)+)`);
const ATTRIBUTES = ['SUPERUSER', 'INHERIT', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'REPLICATION', 'BYPASSRLS'];

export function parseGlobals(script: string): Globals {
  const roles = new Map<string, { statements: string[]; attributes: string[] }>();
  const memberships = new Map<string, Membership>();
  for (const statement of statementsOf(script)) {
    const role = (CREATE.exec(statement) ?? ALTER.exec(statement) ?? COMMENT.exec(statement))?.[1];
    if (role !== undefined) {
      const name = unquoted(role);
      const entry = roles.get(name) ?? { statements: [], attributes: [] };
      roles.set(name, entry);
      entry.statements.push(withoutAbsent(statement));
      const [, , what, options = ''] = ALTER.exec(statement) ?? [];
      if (what === 'WITH') entry.attributes = options.replace(/PASSWORD '.*$/s, '').split(/\s+/).filter(word => ATTRIBUTES.includes(word));
      continue;
    }
    const [, granted, member, options] = GRANT.exec(statement.replace(/ GRANTED BY .*/, ';')) ?? [];
    if (granted !== undefined && member !== undefined) {
      const grant = membership(unquoted(granted), unquoted(member), options ?? '');
      const key = JSON.stringify([grant.role, grant.member]);
      memberships.set(key, both(memberships.get(key), grant));
    }
  }
  // The superuser of a cluster is altered and not created, by some tools; whatever has no CREATE is not ours to make.
  return {
    roles: [...roles].filter(([, { statements }]) => CREATE.test(statements[0]!)).map(([name, role]) => ({ name, ...role })),
    memberships: [...memberships.values()],
  };
}

function withoutAbsent(statement: string): string {
  return statement.replace(WORDS, (_all, alter: string, _name: string, words: string) => alter + words.split(' ').filter(word => !ABSENT.includes(word)).join(' '));
}

/** Without INHERIT and SET it is of a server before 16, or both are as they are by default there: the dumps of 16 and later name INHERIT always, and SET if it is false. */
function membership(role: string, member: string, options: string): Membership {
  const inherit = / INHERIT (TRUE|FALSE)/.exec(options)?.[1];
  return {
    role,
    member,
    admin: / ADMIN (OPTION|TRUE)/.test(options),
    inherit: inherit === undefined ? null : inherit === 'TRUE',
    set: inherit === undefined ? null : !options.includes(' SET FALSE'),
  };
}

/** A role that was granted by two others has what either gives. Whoever restores is the only one that grants it anew. */
function both(one: Membership | undefined, other: Membership): Membership {
  if (one === undefined) return other;
  const either = (a: boolean | null, b: boolean | null) => a === null ? b : a || b === true;
  return { ...other, admin: one.admin || other.admin, inherit: either(one.inherit, other.inherit), set: either(one.set, other.set) };
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
