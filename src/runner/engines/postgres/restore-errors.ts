import { explainBy, explainPostgres, PostgresTarget, quoted, Rule } from './errors';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** What a restore runs into, and what has another way out than for a backup. */
const RULES: readonly Rule[] = [
  {
    pattern: /permission denied to (create|rename) database/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `ALTER ROLE ${quoted(user)} CREATEDB, or restore in place`,
  },
  {
    pattern: /may not end all of the sessions of|must be (a )?superuser to terminate|must be a member of the role whose process|permission denied to terminate/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `end those of superusers yourself, or restore as a superuser; for the others, GRANT pg_signal_backend TO ${quoted(user)}`,
  },
  {
    pattern: /unsupported version \(.*\) in file header/,
    exitCode: ExitCode.VERSION_MISMATCH,
    wayOut: () => 'use a runner image with the PostgreSQL version that made the backup or a later one',
  },
  {
    pattern: /could not read from input file|could not find block ID|corrupt (tar|dump)|invalid (magic|compress)/i,
    exitCode: ExitCode.CORRUPT,
    wayOut: () => 'the archive is damaged although its digest is right: it was damaged when it was taken. Choose another backup: cdk8s-backup list',
  },
  {
    pattern: /could not (access file|load library)|could not find function .* in file|incompatible library/,
    exitCode: ExitCode.NOT_FOUND,
    wayOut: () => 'a function in C needs this library: install it, with what it is linked to, on the server and for its version',
  },
  {
    pattern: /extension "" is not available|could not open extension control file/,
    states: ['58P01'],
    exitCode: ExitCode.NOT_FOUND,
    wayOut: () => 'install it on the server',
  },
  {
    pattern: /: {2}assertion: /,
    exitCode: ExitCode.CORRUPT,
    wayOut: () => 'restore another backup, or correct the assertion',
  },
  {
    pattern: /cannot drop .* because other objects depend on it/,
    states: ['2BP01'],
    exitCode: ExitCode.FAILED,
    wayOut: () => 'something that is not in the backup depends on what it replaces: drop that, or use RestoreMode.postgresSwap or --set target.mode=swap, which does not mind',
  },
  {
    pattern: /database ".*" already exists/,
    states: ['42P04'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'another restore has begun in the same second: let it end, and look at what it has restored before you run this again',
  },
  {
    pattern: /invalid (LC_\w+|locale|ICU)|could not create locale|locale_provider|collation/i,
    exitCode: ExitCode.VERSION_MISMATCH,
    wayOut: () => 'the server lacks the locale of the backup: install it there',
  },
  {
    pattern: /is being accessed by other users/,
    states: ['55006'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'somebody is in the database and does not go: a prepared transaction, a replication slot, or a superuser',
  },
  {
    pattern: /permission denied to create role|must have (CREATEROLE|admin option)/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `ALTER ROLE ${quoted(user)} CREATEROLE, or make the role yourself`,
  },
  {
    pattern: /must be (superuser|owner|member|able to SET ROLE)|permission denied/,
    states: ['42501'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `the role ${quoted(user)} may not: restore as a superuser, or as a member of the roles that own what is in the backup`,
  },
];

export function explainRestore(said: string, target: PostgresTarget): RunnerError | undefined {
  // A connection that was refused says "permission denied" as well.
  const connecting = /connection to server .* failed|permission denied for database/.test(said);
  return (connecting ? undefined : explainBy(RULES, said, target)) ?? explainPostgres(said, target);
}
