import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

export interface PostgresTarget {
  /** Host and port. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
}

/** What to make of a message. */
export interface Rule {
  /** Of the text in English. */
  readonly pattern: RegExp;
  /** Codes of the server, whatever its language, where a session says it. */
  readonly states?: readonly string[];
  /** The same where it does not let a session begin. */
  readonly refusals?: readonly string[];
  readonly exitCode: ExitCode;
  readonly wayOut: (target: PostgresTarget) => string;
}

/** In place of a code where a login that was refused is not refused any more. */
export const ADMITTED = '00000';

const MISSING_DATABASE: Rule = {
  pattern: /database ".*" does not exist/,
  states: ['3D000'],
  refusals: ['3D000'],
  exitCode: ExitCode.NOT_FOUND,
  wayOut: () => 'check the name of the database',
};

/** What the programs and the server say. The first that matches wins, so what is special comes first. */
const RULES: readonly Rule[] = [
  {
    pattern: /server version mismatch/,
    exitCode: ExitCode.VERSION_MISMATCH,
    wayOut: () => 'use a runner image with the server\'s PostgreSQL version or a later one',
  },
  {
    pattern: /does not support compression with|invalid compression|unrecognized compression/,
    exitCode: ExitCode.VERSION_MISMATCH,
    wayOut: () => 'use another compression, gzip for one, or a runner image whose pg_dump was built with it',
  },
  {
    pattern: /unsupported startup parameter/,
    exitCode: ExitCode.BAD_CONFIG,
    wayOut: () => 'this is a connection pooler such as pgbouncer, which does not let a session have its own timeouts: give host and port of the PostgreSQL server itself',
  },
  {
    pattern: /canceling statement due to (lock|statement) timeout/,
    states: ['55P03'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'somebody held a lock on a table for longer than the lock timeout: end that transaction, keep schema changes away from the backup, or raise the timeout',
  },
  {
    pattern: /conflict with recovery/,
    states: ['40001'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'this replica had to go on replaying: raise its max_standby_streaming_delay, or back up the primary',
  },
  {
    pattern: /out of shared memory/,
    exitCode: ExitCode.FAILED,
    wayOut: () => 'a lock is held on every table at once, of which there are more than the server has room for: raise its max_locks_per_transaction, and restart it',
  },
  {
    pattern: /No space left on device|disk full/,
    states: ['53100'],
    exitCode: ExitCode.NO_SPACE,
    wayOut: () => 'give the server\'s disk more room',
  },
  {
    pattern: /affected by row-level security/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `a policy hides rows from the role: ALTER ROLE ${quoted(user)} BYPASSRLS`,
  },
  {
    pattern: /password authentication failed|no password supplied|authentication failed for user/,
    refusals: ['28P01'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `check that the password in the Secret is that of the role ${quoted(user)}`,
  },
  {
    pattern: /no pg_hba\.conf entry|pg_hba\.conf rejects/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user, database }) => `the server lets nobody in from here: add a line for database ${database} and role ${user} to its pg_hba.conf, and check the TLS mode`,
  },
  {
    pattern: /role ".*" (does not exist|is not permitted to log in)/,
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `create the role: CREATE ROLE ${quoted(user)} LOGIN PASSWORD '…'`,
  },
  {
    pattern: /(?!)/,
    refusals: [ADMITTED],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'a moment later it lets the role in, as it is where a restore has just put another database in its place: try again',
  },
  {
    pattern: /is not currently accepting connections/,
    refusals: ['55000'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ database }) => `somebody has closed it: ALTER DATABASE ${quoted(database)} ALLOW_CONNECTIONS true opens it, for its owner or a superuser in another database`,
  },
  {
    pattern: /(?!)/, // in English it is told apart, above
    refusals: ['28000'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ user, database }) => `the role may not log in, or not from here: ALTER ROLE ${quoted(user)} LOGIN, or add a line for database ${database} and role ${user} to the server's pg_hba.conf`,
  },
  MISSING_DATABASE,
  {
    pattern: /no matching (schemas|tables) were found/,
    exitCode: ExitCode.NOT_FOUND,
    wayOut: () => 'each pattern that includes has to match something: correct it, or leave it out',
  },
  {
    pattern: /permission denied for database/,
    refusals: ['42501'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ user, database }) => `GRANT CONNECT ON DATABASE ${quoted(database)} TO ${quoted(user)}`,
  },
  {
    pattern: /permission denied|must be (superuser|owner)/,
    states: ['42501'],
    exitCode: ExitCode.DENIED,
    wayOut: ({ user }) => `GRANT pg_read_all_data TO ${quoted(user)}`,
  },
  {
    pattern: /certificate|does not support SSL|SSL error: (?!unexpected eof)/i,
    exitCode: ExitCode.BAD_CONFIG,
    wayOut: () => 'check the TLS mode, that the CA file is the authority of the server\'s certificate (PostgresTls.verifyFull(ca)), and that the certificate names this host',
  },
  {
    pattern: /could not translate host name/,
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'check the host; inside the cluster it is SERVICE.NAMESPACE',
  },
  {
    pattern: /is (starting up|shutting down|in recovery mode|not accepting connections)|not yet accepting connections|Consistent recovery state/,
    refusals: ['57P03'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'wait until the server has started',
  },
  {
    pattern: /too many (clients|connections)|remaining connection slots/,
    refusals: ['53300'],
    exitCode: ExitCode.UNAVAILABLE,
    wayOut: () => 'all connections are in use: raise max_connections, or try again later',
  },
];

/** What is left: nobody is there, or goes away. */
const LOST: Rule = {
  pattern: /Connection refused|timeout expired|timed out|closed the connection|no connection to the server|connection not open|no COPY in progress|SSL SYSCALL error|terminating connection|connection to server|could not (receive|send) data|could not connect to database|SSL connection has been closed|server process/i,
  exitCode: ExitCode.UNAVAILABLE,
  wayOut: () => 'check that the server runs, host and port, and that no network policy is between',
};

/** Explains what `psql`, `pg_dump` or `pg_dumpall` wrote to stderr; `undefined` if it means nothing to us. */
export function explainPostgres(said: string, target: PostgresTarget): RunnerError | undefined {
  return explainBy([...RULES, LOST], said, target);
}

/** Explains by the first rule that matches a line. */
export function explainBy(rules: readonly Rule[], said: string, target: PostgresTarget): RunnerError | undefined {
  // Without names: a table may be called "certificates". A hint is what the server advises, which is said of many faults.
  const lines = said.split('\n').filter(line => !line.startsWith('HINT: '));
  for (const rule of rules) {
    const line = lines.find(candidate => isOf(rule, candidate));
    if (line !== undefined) return failure(line, target, rule.wayOut(target), rule.exitCode);
  }
  return undefined;
}

/** A severity, which is in the server's language too, and the code behind it: `psql` shows that of statements, and {@link withRefusal} adds it. */
const CODE = /(?<refused>failed: )?(?<severity>\p{L}[\p{L}\p{M}]* ?: {2})(?<state>[0-9A-Z]{5}): /u;
/** A login that the server has refused. */
const REFUSED = /(connection to server .* failed: \p{L}[\p{L}\p{M}]* ?: {2})(?![0-9A-Z]{5}: )/gu;
/** All that `pg_dumpall` says of a login that failed, for whatever reason. */
const UNSAID = /^pg_dumpall: error: could not connect to database .*/gm;

function isOf({ pattern, states = [], refusals = [] }: Rule, line: string): boolean {
  const { refused, state = '' } = CODE.exec(line)?.groups ?? {};
  if ((refused === undefined ? states : refusals).includes(state)) return true;
  return pattern.test(line.replace(CODE, '$<refused>$<severity>').replace(/"[^"]*"/g, '""'));
}

/**
 * Whether a server has refused a login for a reason that has to be asked for: it is not told, it is in another language, or it may be over, since
 * a database whose name has just changed "does not exist".
 */
export function isUnreadRefusal(said: string): boolean {
  const refused = said.split('\n').filter(line => line.search(REFUSED) >= 0 || line.search(UNSAID) >= 0);
  return refused.length > 0 && !refused.some(line => RULES.some(rule => rule !== MISSING_DATABASE && isOf(rule, line)));
}

/** The same with the code of the refusal. */
export function withRefusal(said: string, state: string): string {
  return said.replace(REFUSED, `$1${state}: `).replace(UNSAID, `connection failed: FATAL:  ${state}: pg_dumpall tells no reason`);
}

/** A connection that could not be made, or was lost, for a reason in a language that we do not know. */
export function lostConnection(said: string, target: PostgresTarget): RunnerError {
  return failure(said.split('\n')[0]!, target, 'check that the server runs, host, port, role and password', ExitCode.UNAVAILABLE);
}

/** A name as SQL wants it. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function failure(line: string, { address, user, database }: PostgresTarget, wayOut: string, exitCode: ExitCode): RunnerError {
  const reason = line.replace(CODE, '$<refused>$<severity>').replace(/^(psql|pg_dump|pg_dumpall|pg_restore)(:<stdin>:\d+)?: /, '').replace(/^error: (could not execute query: )?(ERROR:\s+)?/, '');
  return new RunnerError(`postgres ${address}, database ${database}, role ${user}: ${reason}: ${wayOut}`, exitCode);
}
