import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { explainPostgres, isUnreadRefusal, lostConnection, PostgresTarget, quoted, withRefusal } from './errors';
import { installed, PostgresProgram } from './programs';
import { refusalOf } from './refusal';
import { PostgresConnectionConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { outputOf, Program, stdoutOf } from '../../core/process';
import { shortened } from '../../core/said';
import { cut } from '../../core/schema';
import { secretFrom } from '../../core/secrets';

const CONNECT_TIMEOUT_SECONDS = '15';
/** The first client that can be told to trust the roots of the system; to an older one they are a file like any other. */
const SYSTEM_ROOTS_MAJOR = 16;
const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';
/** Exit code of `psql`. The server's own messages may be in any language. */
const PSQL_LOST_CONNECTION = 2;
/** A server whose machine vanished says nothing any more: without this it would be waited for two hours. */
const KEEPALIVES = 'keepalives_idle=30 keepalives_interval=10 keepalives_count=6';

/**
 * What an administrator has set for a server, a database or a role protects it from applications. None of it may end a dump or a
 * restore half way, so each session has its own, and deadlines are the runner's.
 */
const SESSION_SETTINGS = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
};

/** What the server's messages are in. */
interface Language {
  /** Superusers may, and from version 15 on whoever was granted that. */
  readonly mayChoose: boolean;
  /** The server's setting, such as `de_DE.UTF-8`. */
  readonly locale: string;
}

const LANGUAGE_QUERY = `select :SERVER_VERSION_NUM >= 150000 as granted \\gset
\\if :granted
  select json_build_object('mayChoose', has_parameter_privilege('lc_messages', 'set'), 'locale', current_setting('lc_messages'));
\\else
  select json_build_object('mayChoose', rolsuper, 'locale', current_setting('lc_messages')) from pg_roles where rolname = current_user;
\\endif
`;
const ENGLISH = /^(?:$|C\b|POSIX\b|en_|english)/i;

/** Where a server is, and who asks. */
export type PostgresConnection = Omit<PostgresConnectionConfig, 'engine'>;

/** Explains what a program said; `undefined` if it means nothing. */
export type Explain = (said: string, target: PostgresTarget) => RunnerError | undefined;

/** How PostgreSQL's own programs are called: `psql`, `pg_dump`, `pg_dumpall`, `pg_restore`. */
export class PostgresClient {
  public readonly address: string;
  private readonly password: string | null;
  /** The newest `psql`, which speaks to every server. */
  private psql: Promise<PostgresProgram> | null = null;
  private language: Language | null = null;

  constructor(
    private readonly config: PostgresConnection, private readonly env: NodeJS.ProcessEnv, private readonly explain: Explain = explainPostgres,
    private readonly application = 'cdk8s-backup',
  ) {
    this.address = `${config.host}:${config.port}`;
    this.password = config.passwordEnv === null ? null : secretFrom(env, config.passwordEnv, `password of ${config.user}@${this.address}`);
  }

  /** The same, with sessions that the server knows by this name. */
  public named(application: string): PostgresClient {
    return new PostgresClient(this.config, this.env, this.explain, application);
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
    await this.chooseLanguage(database, signal);
    return this.runPsql(database, script, signal);
  }

  private async runPsql(database: string, script: string | Readable, signal: AbortSignal): Promise<string> {
    const args = [
      '--no-psqlrc', '--no-align', '--tuples-only', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1',
      '--set=VERBOSITY=verbose', // with the codes of errors, which are the same in all languages
      '--file=-', this.connection(database),
    ];
    this.psql ??= installed('psql', signal).then(programs => programs.at(-1)!);
    const psql = await this.psql.catch(error => {
      this.psql = null; // where the signal was the reason, the next one may find it
      throw error;
    });
    return outputOf({ ...this.program(psql, args, database), input: script }, signal);
  }

  /** Restores an archive, a stream or a file, into `database`. */
  public async restore(
    restorer: PostgresProgram, args: readonly string[], archive: Readable | string, database: string, signal: AbortSignal,
  ): Promise<void> {
    await this.chooseLanguage(database, signal);
    const program = this.program(restorer, ['--no-password', ...args, this.connection(database), ...typeof archive === 'string' ? [archive] : []], database);
    await outputOf({ ...program, ...typeof archive === 'string' ? {} : { input: archive } }, signal);
  }

  /** What {@link restore} would do, as a script for `psql`. */
  public restoreScript(
    restorer: PostgresProgram, args: readonly string[], archive: Readable | string, database: string, signal: AbortSignal,
  ): Readable {
    const program = this.program(restorer, ['--file=-', ...args, ...typeof archive === 'string' ? [archive] : []], database);
    return stdoutOf({ ...program, ...typeof archive === 'string' ? {} : { input: archive } }, signal);
  }

  /**
   * Streams what a dump program writes about `database`.
   *
   * @param warned gets what a program said that succeeds, see `Program`
   */
  public async dump(
    dumper: PostgresProgram, args: readonly string[], database: string, warned: (said: string) => void, signal: AbortSignal,
  ): Promise<Readable> {
    await this.chooseLanguage(database, signal);
    // To pg_dumpall a database is the one to ask for roles and tablespaces.
    const connection = dumper.name === 'pg_dump' ? this.connection(database) : this.connection(database).replace('--dbname=', '--database=');
    return stdoutOf({ ...this.program(dumper, ['--no-password', ...args, connection], database), warned }, signal);
  }

  /** A failure of which there is nothing but a text that the runner does not read. */
  private unread(program: string, said: string, { user, database }: PostgresTarget): RunnerError | undefined {
    if (said === '' || this.language === null || this.language.mayChoose || ENGLISH.test(this.language.locale)) return undefined;
    return new RunnerError(
      `postgres ${this.address}, database ${database}, role ${user}: ${program} failed: ${shortened(said)}: the server says it in its language, ${this.language.locale}, which the runner does not read, `
        + `so that it can't tell whether a retry may help. As a superuser, ALTER ROLE ${quoted(user)} SET lc_messages = 'C' makes it speak English to this role`,
      ExitCode.FAILED,
    );
  }

  /** All but `psql` show no codes. So wherever the role may choose, the server speaks English. */
  private async chooseLanguage(database: string, signal: AbortSignal): Promise<void> {
    this.language ??= JSON.parse(await this.runPsql(database, LANGUAGE_QUERY, signal)) as Language;
  }

  private program(program: PostgresProgram, args: readonly string[], database: string): Program {
    const { host, port, user, tls } = this.config;
    const { name } = program;
    return {
      file: program.file,
      args,
      env: {
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: this.password ?? undefined,
        PGSSLMODE: tls.mode,
        PGSSLROOTCERT: this.roots(program),
        PGAPPNAME: this.application,
        PGOPTIONS: Object.entries({ ...SESSION_SETTINGS, ...this.language?.mayChoose && { lc_messages: 'C' } }).map(([setting, value]) => `-c ${setting}=${value}`).join(' '),
        ...name === 'psql' && { PGCLIENTENCODING: 'UTF8' },
        PGCONNECT_TIMEOUT: CONNECT_TIMEOUT_SECONDS,
        // Where an image keeps the roots of its system, if not in the usual place.
        SSL_CERT_FILE: this.env.SSL_CERT_FILE,
        SSL_CERT_DIR: this.env.SSL_CERT_DIR,
      },
      explain: async (said, exitCode, signal) => {
        const target = { address: this.address, user, database };
        const refusal = isUnreadRefusal(said) ? await refusalOf({ host, port, user, tls, database, password: this.password }, signal) : undefined;
        return this.explain(refusal === undefined ? said : withRefusal(said, refusal), target)
          ?? (name === 'psql' && exitCode === PSQL_LOST_CONNECTION ? lostConnection(said, target) : this.unread(name, said, target));
      },
    };
  }

  /** The whole of it in one string: a name with `=` in it would be taken for one as well. */
  private connection(database: string): string {
    return `--dbname=dbname='${database.replace(/['\\]/g, '\\$&')}' ${KEEPALIVES}`;
  }

  /** The file with the authorities that a program is to trust, or what names those of the system to it. */
  private roots({ name, text, major }: PostgresProgram): string | undefined {
    const { mode, caFile } = this.config.tls;
    if (caFile !== null) return caFile;
    if (mode === 'verify-ca') {
      throw new RunnerError(
        `postgres ${this.address}: TLS mode verify-ca without a CA file would accept every certificate of every public authority: give it the CA, or use verify-full`,
        ExitCode.BAD_CONFIG,
      );
    }
    if (mode !== 'verify-full') return undefined;
    if (major >= SYSTEM_ROOTS_MAJOR) return 'system';
    const file = this.env.SSL_CERT_FILE ?? SYSTEM_ROOTS;
    if (existsSync(file)) return file;
    throw new RunnerError(
      `postgres ${this.address}: ${name} ${text} wants the roots of the system as a file, and there is no ${file}: give it the CA as a file, or set SSL_CERT_FILE`,
      ExitCode.BAD_CONFIG,
    );
  }
}
