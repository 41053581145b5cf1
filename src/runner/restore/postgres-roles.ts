import { Facts, givesArchivedProperties, namedRoles } from './postgres-findings';
import { Globals } from './postgres-globals';
import { verbatim } from './postgres-sql';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../errors';
import { Reporter } from '../reporter';
import { PostgresClient } from '../sources/postgres-client';
import { quoted } from '../sources/postgres-errors';

/**
 * Makes the roles that are in the backup and not on the server.
 *
 * @returns what could not be made, a sentence each; what the backup can't do without is a failure
 */
export async function makeRoles(
  client: PostgresClient, maintenance: string, globals: Globals, facts: Facts, reporter: Reporter, signal: AbortSignal,
): Promise<string[]> {
  const { server, head } = facts;
  const missing = globals.roles.filter(({ name }) => !server.roles.some(role => role.name === name));
  const { owners, others } = namedRoles(head, givesArchivedProperties(facts));
  const notes: string[] = [];
  const made = new Set<string>();
  for (const { name, statements } of missing) {
    try {
      await client.run(maintenance, verbatim(statements.join('\n')), signal);
      made.add(name);
    } catch (error) {
      signal.throwIfAborted();
      if ([...owners, ...others].includes(name)) throw new RunnerError(`the role ${name} can't be made: ${messageOf(error)}`, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
      notes.push(`the role ${name} of the backup was not made: ${messageOf(error)}`);
    }
  }
  for (const { role, member, admin } of globals.memberships.filter(grant => made.has(grant.role) || made.has(grant.member))) {
    try {
      await client.run(maintenance, `grant ${quoted(role)} to ${quoted(member)}${admin ? ' with admin option' : ''};`, signal);
    } catch (error) {
      signal.throwIfAborted();
      notes.push(`${member} was not made a member of ${role}: ${messageOf(error)}`);
    }
  }
  if (made.size > 0) reporter.info('restore.roles', `Made the roles ${[...made].join(', ')}`, { roles: [...made] });
  return notes;
}
