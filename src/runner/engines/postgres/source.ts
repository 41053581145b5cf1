import { PostgresClient } from './client';
import { Contents, contentsQuery, DatabaseFacts, majorOf, MissingRights, missingRightsQuery, ServerFacts, serverFactsQuery, tableFilesQuery } from './facts';
import { ClusterDumpCheck, CustomFormatCheck } from './format';
import { memoryForDump } from './memory';
import { dumperOf, installed, PostgresProgram } from './programs';
import { lookingOnceLocked, remade, TableFiles } from './remade';
import {
  closedDatabase, includesForOneOnly, mayNotConnect, mayNotReadAll, newerThanServer, remadeMeanwhile, tooManyTables, tooOld,
} from './source-messages';
import { DumpWarnings } from './warnings';
import { CompressionConfig, PostgresConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { Dump, Inspection, OpenDump, Source } from '../../engine-api/source';
import { checked } from '../../stream/check';

/** The first client that compresses with anything but gzip. */
const ZSTD_MAJOR = 16;
const MAX_GZIP_LEVEL = 9;
/** Where one asks for the list of databases; the second is for servers without the first. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];
const GLOBALS_BYTES = 16 * 1024 * 1024;
/** Without indexes a dump is smaller than its database, but it has binary columns as text and big values unpacked. */
const PLAIN_DUMP_PER_DATABASE = 4;
const COMPRESSED_DUMP_PER_DATABASE = 1.25;

/**
 * One database of a PostgreSQL server, or all of them, dumped by `pg_dump` in custom format.
 *
 * Roles and tablespaces, which belong to no database, come from `pg_dumpall --globals-only`: with the hashes of the roles'
 * passwords if the role that dumps may read them, as superusers and members of `pg_read_all_data` may, and without otherwise.
 *
 * The programs are of the server's own version, so that its stock tools restore the dump; a newer one says so.
 */
export class PostgresSource implements Source {
  public readonly description: string;
  private readonly client: PostgresClient;

  constructor(private readonly config: PostgresConfig, env: NodeJS.ProcessEnv) {
    this.description = `postgres ${config.databaseName === null ? 'databases' : `database ${config.databaseName}`} on ${config.host}:${config.port}`;
    this.client = new PostgresClient(config, env);
  }

  public async inspect(compression: CompressionConfig, signal: AbortSignal): Promise<Inspection> {
    this.refuseFiltersForAll();
    const { database, server } = await this.askServer(signal);
    const dumper = await this.programFor('pg_dump', server, signal);
    const warnings = this.olderTools(dumper, server);
    for (const each of server.databases) {
      const tables = await this.refuseMissingRights(each, server, signal);
      if (tables > server.locks) warnings.push(tooManyTables(this.place(each.name), tables, server.locks));
    }

    warnings.push(...server.closed.map(name => closedDatabase(this.client.address, name)));
    const dumps = server.databases.map(each => this.dataDump(each, dumper, inside(dumper, compression)));
    // Last: a role that was made during the dump is then among them. One too many does no harm to a restore, a missing one does.
    if (this.config.globals) dumps.push(this.globalsDump(await this.programFor('pg_dumpall', server, signal), database, server));
    return {
      source: {
        engine: 'postgres',
        serverVersion: server.version.split(' ')[0]!,
        address: this.client.address,
        database: this.config.databaseName,
      },
      tools: { pg_dump: dumper.text },
      warnings,
      dumps,
    };
  }

  /** A filter that includes finds nothing in most databases, and `pg_dump` fails there. */
  private refuseFiltersForAll(): void {
    const { databaseName: database, includeSchemas, includeTables } = this.config;
    if (database === null && includeSchemas.length + includeTables.length > 0) {
      throw new RunnerError(includesForOneOnly(this.description), ExitCode.BAD_CONFIG);
    }
  }

  private async askServer(signal: AbortSignal): Promise<{ database: string; server: ServerFacts }> {
    const candidates = this.config.databaseName === null ? MAINTENANCE_DATABASES : [this.config.databaseName];
    const sql = serverFactsQuery(this.config.databaseName);
    for (const [index, database] of candidates.entries()) {
      try {
        return { database, server: await this.client.query<ServerFacts>(database, sql, signal) };
      } catch (error) {
        const next = error instanceof RunnerError && error.exitCode === ExitCode.NOT_FOUND && index + 1 < candidates.length;
        if (!next) throw error;
      }
    }
    throw new Error('unreachable: there is a candidate');
  }

  private async programFor(name: 'pg_dump' | 'pg_dumpall', server: ServerFacts, signal: AbortSignal): Promise<PostgresProgram> {
    const programs = await installed(name, signal);
    const dumper = dumperOf(programs, majorOf(server));
    if (dumper) return dumper;
    throw new RunnerError(tooOld(this.description, programs.at(-1)!, server), ExitCode.VERSION_MISMATCH);
  }

  private olderTools(dumper: PostgresProgram, server: ServerFacts): string[] {
    return dumper.major === majorOf(server) ? [] : [newerThanServer(this.description, dumper, server)];
  }

  /** @returns how many tables are dumped */
  private async refuseMissingRights(database: DatabaseFacts, server: ServerFacts, signal: AbortSignal): Promise<number> {
    const denied = (what: string) => new RunnerError(`${this.place(database.name)}: ${what}`, ExitCode.DENIED);
    if (database.bytes === null) throw denied(mayNotConnect(this.config.user, database.name));
    const { tables, ...missing } = await this.client.query<MissingRights>(database.name, missingRightsQuery(this.config), signal);
    const refusal = mayNotReadAll(this.config.user, missing, server);
    if (refusal !== null) throw denied(refusal);
    return tables;
  }

  /** Names a database in messages. */
  private place(database: string): string {
    return `postgres ${this.client.address}, database ${database}`;
  }

  private dataDump(database: DatabaseFacts, dumper: PostgresProgram, compression: CompressionConfig): Dump {
    const share = compression.algorithm === 'none' ? PLAIN_DUMP_PER_DATABASE : COMPRESSED_DUMP_PER_DATABASE;
    return {
      role: 'data',
      part: this.config.databaseName === null ? database.name : null,
      extension: 'dump',
      database: database.name,
      compressedInside: compression,
      expectedBytes: Math.ceil(database.bytes! * share),
      memory: signal => memoryForDump(this.client, database.name, this.config, signal),
      open: async (signal): Promise<OpenDump> => {
        const { rows, files, empty } = await this.client.query<Contents>(database.name, contentsQuery(this.config), signal);
        const warnings = new DumpWarnings(dumper.name, `database ${database.name} on ${this.client.address}`);
        const body = await this.client.dump(dumper, this.dumpArgs(dumper, compression), database.name, said => warnings.add(said), signal);
        const locked = lookingOnceLocked(body, () => this.refuseRemade(database.name, files, signal));
        return {
          stream: checked(locked, new CustomFormatCheck(`${this.description}: pg_dump`)),
          counts: { precision: 'estimate', unit: 'rows', items: rows },
          empty,
          warned: () => warnings.all,
        };
      },
    };
  }

  private async refuseRemade(database: string, before: TableFiles, signal: AbortSignal): Promise<void> {
    const tables = remade(before, await this.client.query<TableFiles>(database, tableFilesQuery(this.config), signal));
    if (tables.length === 0) return;
    throw new RunnerError(remadeMeanwhile(this.place(database), tables), ExitCode.UNAVAILABLE);
  }

  private dumpArgs({ major }: PostgresProgram, { algorithm, level }: CompressionConfig): string[] {
    const { includeSchemas, excludeSchemas, includeTables, excludeTables, lockTimeoutSeconds } = this.config;
    const method = algorithm === 'none' ? 'none' : `${algorithm}:${level}`;
    return [
      '--format=custom',
      major < ZSTD_MAJOR ? `--compress=${level}` : `--compress=${method}`,
      `--lock-wait-timeout=${lockTimeoutSeconds * 1000}`,
      '--strict-names', // a pattern that includes nothing is a mistake, and one that nobody would notice
      ...includeSchemas.map(pattern => `--schema=${pattern}`),
      ...excludeSchemas.map(pattern => `--exclude-schema=${pattern}`),
      ...includeTables.map(pattern => `--table=${pattern}`),
      ...excludeTables.map(pattern => `--exclude-table=${pattern}`),
    ];
  }

  private globalsDump(dumper: PostgresProgram, database: string, server: ServerFacts): Dump {
    const args = ['--globals-only', ...server.seesPasswords ? [] : ['--no-role-passwords']];
    return {
      role: 'globals',
      part: null,
      extension: 'globals.sql',
      database: null,
      compressedInside: null,
      expectedBytes: GLOBALS_BYTES,
      open: async (signal): Promise<OpenDump> => {
        const warnings = new DumpWarnings(dumper.name, this.client.address);
        const body = await this.client.dump(dumper, args, database, said => warnings.add(said), signal);
        return { stream: checked(body, new ClusterDumpCheck(`${this.description}: pg_dumpall`)), counts: null, empty: false, warned: () => warnings.all };
      },
    };
  }
}

/** How a program compresses that is asked to: what it does not know it does with gzip, which the tools of its server open. */
function inside({ major }: PostgresProgram, compression: CompressionConfig): CompressionConfig {
  if (compression.algorithm !== 'zstd' || major >= ZSTD_MAJOR) return compression;
  return { algorithm: 'gzip', level: Math.min(compression.level, MAX_GZIP_LEVEL) };
}
