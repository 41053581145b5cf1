import { Readable } from 'node:stream';
import { PostgresConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../errors';
import { outputOf, Program, stdoutOf } from '../process';
import { cut } from '../schema';
import { secretFrom } from '../secrets';
import { explainPostgres, lostConnection, PostgresTarget } from './postgres-errors';

const CONNECT_TIMEOUT_SECONDS = '15';
/** The first client that can be told to trust the roots of the system. */
const SYSTEM_ROOTS_MAJOR = 16;
/** Exit code of `psql`. The server's own messages may be in any language. */
const PSQL_LOST_CONNECTION = 2;
/** A server whose machine vanished says nothing any more: without this it would be waited for two hours. */
const KEEPALIVES = 'keepalives_idle=30 keepalives_interval=10 keepalives_count=6';

/** A version such as `17.11`, and the number that decides what fits together. */
export interface PostgresVersion {
  readonly text: string;
  readonly major: number;
}

/** Where a server is, and who asks. */
export type PostgresConnection = Pick<PostgresConfig, 'host' | 'port' | 'user' | 'passwordEnv' | 'tls'>;

/** Explains what a program wrote to stderr; `undefined` if it means nothing. */
export type Explain = (stderr: string, target: PostgresTarget) => RunnerError | undefined;

/** How PostgreSQL's own programs are called: `psql`, `pg_dump`, `pg_dumpall`, `pg_restore`. */
export class PostgresClient {
  public readonly address: string;
  private readonly password: string | null;

  constructor(
    private readonly config: PostgresConnection, private readonly env: NodeJS.ProcessEnv, private readonly explain: Explain = explainPostgres,
  ) {
    this.address = `${config.host}:${config.port}`;
    this.password = config.passwordEnv === null ? null : secretFrom(env, config.passwordEnv, `password of ${config.user}@${this.address}`);
  }

  /** The version of a program; refuses one that can't be told to check the server's certificate as the config asks. */
  public async version(signal: AbortSignal, file: 'pg_dump' | 'pg_restore' = 'pg_dump'): Promise<PostgresVersion> {
    const output = await outputOf({ file, args: ['--version'] }, signal);
    const [, text, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(output) ?? [];
    if (!text) throw new RunnerError(`${file} does not tell its version but "${output.trim()}": install PostgreSQL's own`, ExitCode.BAD_CONFIG);
    const version = { text, major: Number(major) };
    this.refuseUncheckedCertificate(version);
    return version;
  }

  /** Runs `sql`, which returns one JSON value, in `database`. */
  public async query<T>(database: string, sql: string, signal: AbortSignal): Promise<T> {
    const output = await this.run(database, sql, signal);
    try {
      return JSON.parse(output) as T;
    } catch (error) {
      throw new RunnerError(`postgres ${this.address}: psql answers what is no JSON (${cut(messageOf(error))}): check that it is PostgreSQL's own`, ExitCode.FAILED, { cause: error });
    }
  }

  /** Runs `sql` in `database` up to the first error, and returns what it prints. */
  public async run(database: string, sql: string, signal: AbortSignal): Promise<string> {
    return this.runScript(database, sql, signal);
  }

  /** As {@link run}, for a script that is streamed. If the stream fails, so does this, and a transaction that is open is undone. */
  public async runScript(database: string, script: string | Readable, signal: AbortSignal): Promise<string> {
    const args = [
      '--no-psqlrc', '--no-align', '--tuples-only', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1',
      '--set=VERBOSITY=terse', // without the statement, in which there may be the hash of a password
      '--file=-', this.connection(database),
    ];
    return outputOf({ ...this.program('psql', args, database), input: script }, signal);
  }

  /** Restores an archive, a stream or a file, into `database`. */
  public async restore(args: readonly string[], archive: Readable | string, database: string, signal: AbortSignal, accept?: Program['accept']): Promise<void> {
    const program = this.program('pg_restore', ['--no-password', ...args, this.connection(database), ...typeof archive === 'string' ? [archive] : []], database);
    await outputOf({ ...program, accept, ...typeof archive === 'string' ? {} : { input: archive } }, signal);
  }

  /** What {@link restore} would do, as a script for `psql`. */
  public restoreScript(args: readonly string[], archive: Readable | string, database: string, signal: AbortSignal): Readable {
    const program = this.program('pg_restore', ['--file=-', ...args, ...typeof archive === 'string' ? [archive] : []], database);
    return stdoutOf({ ...program, ...typeof archive === 'string' ? {} : { input: archive } }, signal);
  }

  /** Streams what a dump program writes about `database`. */
  public dump(file: 'pg_dump' | 'pg_dumpall', args: readonly string[], database: string, signal: AbortSignal): Readable {
    // To pg_dumpall a database is the one to ask for roles and tablespaces.
    const connection = file === 'pg_dump' ? this.connection(database) : this.connection(database).replace('--dbname=', '--database=');
    return stdoutOf(this.program(file, ['--no-password', ...args, connection], database), signal);
  }

  private program(file: string, args: readonly string[], database: string): Program {
    const { host, port, user, tls } = this.config;
    return {
      file,
      args,
      env: {
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: this.password ?? undefined,
        PGSSLMODE: tls.mode,
        PGSSLROOTCERT: tls.caFile ?? (tls.mode === 'verify-full' ? 'system' : undefined),
        PGAPPNAME: 'cdk8s-backup',
        ...file === 'psql' && { PGCLIENTENCODING: 'UTF8' },
        PGCONNECT_TIMEOUT: CONNECT_TIMEOUT_SECONDS,
        // Where an image keeps the roots of its system, if not in the usual place.
        SSL_CERT_FILE: this.env.SSL_CERT_FILE,
        SSL_CERT_DIR: this.env.SSL_CERT_DIR,
      },
      explain: (stderr, exitCode) => {
        const target = { address: this.address, user, database };
        return this.explain(stderr, target) ?? (file === 'psql' && exitCode === PSQL_LOST_CONNECTION ? lostConnection(stderr, target) : undefined);
      },
    };
  }

  /** The whole of it in one string: a name with `=` in it would be taken for one as well. */
  private connection(database: string): string {
    return `--dbname=dbname='${database.replace(/['\\]/g, '\\$&')}' ${KEEPALIVES}`;
  }

  private refuseUncheckedCertificate(client: PostgresVersion): void {
    const { mode, caFile } = this.config.tls;
    if (caFile !== null) return;
    if (mode === 'verify-ca') {
      throw new RunnerError(
        `postgres ${this.address}: TLS mode verify-ca without a CA file would accept every certificate of every public authority: give it the CA, or use verify-full`,
        ExitCode.BAD_CONFIG,
      );
    }
    if (mode === 'verify-full' && client.major < SYSTEM_ROOTS_MAJOR) {
      throw new RunnerError(
        `postgres ${this.address}: the PostgreSQL client ${client.text} can't check a certificate against the roots of the system: ` +
          `give it the CA as a file, or use a runner image with PostgreSQL ${SYSTEM_ROOTS_MAJOR} or later`,
        ExitCode.VERSION_MISMATCH,
      );
    }
  }
}
