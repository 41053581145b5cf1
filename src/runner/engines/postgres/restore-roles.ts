import { PostgresClient } from './client';
import { quoted } from './errors';
import { Facts, givesArchivedProperties, namedRoles, restoredOf, serverMajor } from './restore-findings';
import { Globals, Membership, ScriptRole } from './restore-globals';
import { verbatim } from './restore-sql';
import { ExitCode } from '../../../contract/exit-code';
import { exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { Obstacle } from '../../core/obstacle';
import { Reporter } from '../../core/reporter';

/** From this version on a membership says whether the member has the rights of the role by itself, and whether it may become it. */
const OPTIONS_MAJOR = 16;

/**
 * Asks the server for each role of the backup that is missing there whether it lets itself be made, in a transaction that is rolled back: which
 * rights that takes depends on version, attributes and settings.
 *
 * @returns what the restore can't do without
 */
export async function rolesNotMade(client: PostgresClient, maintenance: string, facts: Facts, signal: AbortSignal): Promise<Obstacle[]> {
  const { globals, server } = facts;
  if (!globals || !server.createRole) return [];
  const named = neededRoles(facts);
  const findings: Obstacle[] = [];
  for (const role of missingRoles(globals, facts).filter(({ name }) => named.includes(name))) {
    try {
      await client.run(maintenance, ['begin;', ...makingOf(role, facts), 'rollback;'].join('\n'), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RunnerError && error.exitCode === ExitCode.UNAVAILABLE) throw error;
      findings.push({
        message: `the role ${role.name} of the backup can't be made by ${facts.config.user}: ${messageOf(error)}; or make it yourself, as it is in the globals of the backup: cdk8s-backup fetch`,
        exitCode: exitCodeOf(error),
      });
    }
  }
  return findings;
}

/**
 * Makes the roles that are in the backup and not on the server.
 *
 * @returns what could not be made, a sentence each; what the backup can't do without is a failure
 */
export async function makeRoles(
  client: PostgresClient, maintenance: string, globals: Globals, facts: Facts, reporter: Reporter, signal: AbortSignal,
): Promise<string[]> {
  const named = neededRoles(facts);
  const notes: string[] = [];
  const made = new Set<string>();
  for (const role of missingRoles(globals, facts)) {
    const { name } = role;
    try {
      await client.run(maintenance, ['begin;', ...makingOf(role, facts), 'commit;'].join('\n'), signal);
      made.add(name);
    } catch (error) {
      signal.throwIfAborted();
      if (named.includes(name)) throw new RunnerError(`the role ${name} can't be made: ${messageOf(error)}`, exitCodeOf(error), { cause: error });
      notes.push(`the role ${name} of the backup was not made: ${messageOf(error)}`);
    }
  }
  for (const grant of globals.memberships.filter(({ role, member }) => made.has(role) || made.has(member))) {
    const { role, member } = grant;
    const statement = membershipStatement(grant, serverMajor(facts));
    if (statement === null) {
      notes.push(`${member} was not made a member of ${role}: it was one without INHERIT or SET, which servers before ${OPTIONS_MAJOR} don't know, and would have more rights than before`);
      continue;
    }
    try {
      await client.run(maintenance, statement, signal);
    } catch (error) {
      signal.throwIfAborted();
      notes.push(`${member} was not made a member of ${role}: ${messageOf(error)}`);
    }
  }
  if (made.size > 0) reporter.info('restore.roles', `Made the roles ${[...made].join(', ')}`, { roles: [...made] });
  const joined = [...made].filter(name => ownsAsMember(name, facts));
  if (joined.length > 0) notes.push(`${facts.config.user} is a member of ${joined.join(', ')} now, without which it could not have given to them what is theirs: REVOKE that if you restore as a superuser from now on`);
  return notes;
}

/** With the options of the backup, and no others; `null` if the server can't limit it as it was. */
export function membershipStatement({ role, member, admin, inherit, set }: Membership, major: number): string | null {
  const grant = `grant ${quoted(role)} to ${quoted(member)}`;
  if (major < OPTIONS_MAJOR) return inherit === false || set === false ? null : `${grant}${admin ? ' with admin option' : ''};`;
  const options = [`admin ${admin}`, ...inherit === null ? [] : [`inherit ${inherit}`], ...set === null ? [] : [`set ${set}`]];
  return `${grant} with ${options.join(', ')};`;
}

function missingRoles({ roles }: Globals, { server }: Facts): ScriptRole[] {
  return roles.filter(({ name }) => !server.roles.some(role => role.name === name));
}

/** Those that the archive names. */
function neededRoles(facts: Facts): string[] {
  const { owners, others } = namedRoles(restoredOf(facts), givesArchivedProperties(facts));
  return [...owners, ...others];
}

/** Whoever is no superuser can only give to a role what belongs to it as a member of the role; having made it, it may make itself one. */
function ownsAsMember(name: string, facts: Facts): boolean {
  const { entries } = facts.head;
  return !facts.server.superuser && (namedRoles(restoredOf(facts), false).owners.includes(name) || entries.some(({ type, owner }) => type === 'DATABASE' && owner === name));
}

function makingOf({ name, statements }: ScriptRole, facts: Facts): string[] {
  const options = serverMajor(facts) < OPTIONS_MAJOR ? '' : ' with inherit true, set true';
  return [verbatim(statements.join('\n')), ...ownsAsMember(name, facts) ? [`grant ${quoted(name)} to current_user${options};`] : []];
}
