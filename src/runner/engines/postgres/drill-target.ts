import { PostgresClient } from './client';
import { orphansIn, MARK_ROLE, markQuery, markStatements, newestQuery, noLoginRoles, rolesOfMark } from './drill-sql';
import { quoted } from './errors';
import { ArchiveHead, readArchiveHead } from './restore-archive';
import { assertTrue, hasCommand } from './restore-checks';
import { explainRestore } from './restore-errors';
import { majorOf, namedRoles } from './restore-findings';
import { parseGlobals } from './restore-globals';
import { relationsQuery, rowsQuery, ServerState, serverStateQuery, tablesQuery } from './restore-server';
import { dropDatabase } from './restore-subscriptions';
import { DRILL_DATABASE, FreshnessConfig, PostgresTargetConfig } from '../../../contract/config';
import { DrillCheck } from '../../../contract/drill-record';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { messageOf, RunnerError } from '../../core/errors';
import { sum } from '../../core/sum';
import { check, Checked, DrillInput, DrillTarget, DrillTargetContext } from '../../engine-api/drill-target';
import { checkFreshness } from '../../engine-api/freshness';
import { refuseAfar } from '../../engine-api/loopback';
import { refuseTooLarge } from '../../engine-api/space';
import { waitForServer } from '../../engine-api/wait-for-server';
import { readText } from '../../stream/read-text';

/** Where nothing of a drill is: from there databases are made and dropped. */
const MAINTENANCE = 'postgres';
/** The server's own estimate of a small table says little. */
const LEAST_ROWS = 100;
const MOST_NAMED = 5;

/** An empty PostgreSQL server, in which the drill makes one database. */
export class PostgresDrillTarget implements DrillTarget {
  public readonly description: string;
  public readonly target: PostgresTargetConfig;
  private readonly client: PostgresClient;
  private readonly database: string;
  /** Roles that were there before the drill; `null` until the server is claimed. */
  private rolesBefore: readonly string[] | null = null;
  private head: ArchiveHead | null = null;

  constructor(private readonly asked: PostgresTargetConfig, private readonly context: DrillTargetContext) {
    this.target = { ...asked, assertions: [] };
    this.description = `postgres ${asked.host}:${asked.port}`;
    refuseAfar(asked.host, asked.port);
    if (asked.mode !== 'new-database' || !asked.newName?.startsWith(DRILL_DATABASE)) {
      throw new RunnerError(
        `a drill restores into a new database whose name begins with ${DRILL_DATABASE}, got mode ${asked.mode} and ${asked.newName}: drop the --set that changes target.mode or target.newName`,
        ExitCode.BAD_CONFIG,
      );
    }
    this.database = asked.newName;
    this.client = new PostgresClient(asked, context.env, explainRestore);
  }

  public roomFor(): number {
    return 0;
  }

  public async started(signal: AbortSignal): Promise<string> {
    const { version } = await waitForServer(this.description, this.context.config.serverStartTimeoutSeconds, by => this.state(by), signal);
    return version.split(' ')[0]!;
  }

  public async claim(signal: AbortSignal): Promise<void> {
    // Before the roles themselves: of another drill that ends in this moment, those that its mark names are found gone, and not taken for somebody's.
    const mark = await this.client.query<string | null>(MAINTENANCE, markQuery(), signal);
    const state = await this.state(signal);
    const left = orphansIn(state, this.database);
    for (const { name, open } of state.databases.filter(database => !left.includes(database))) {
      if (name.startsWith('template')) continue;
      const found = open ? await this.client.query<string[]>(name, relationsQuery(), signal) : [];
      if (open && found.length === 0) continue;
      throw new RunnerError(
        `${this.description} is not empty, and nothing was touched: its database ${name} ${open ? `has ${found.slice(0, MOST_NAMED).join(', ')}` : 'accepts no connections'}. `
          + 'A drill takes an empty server only, which it fills and empties: start a new one for it',
        ExitCode.BAD_CONFIG,
      );
    }
    const made = rolesLeft(state, mark);
    this.rolesBefore = state.roles.map(({ name }) => name).filter(name => !made.includes(name));
    for (const { name } of left) {
      await dropDatabase(this.client, MAINTENANCE, name, signal);
      this.context.reporter.warn('drill.leftover', `Dropped the database ${name} in ${this.description}, which a drill has left that was killed`);
    }
    for (const name of made) await this.client.run(MAINTENANCE, `drop role if exists ${quoted(name)};`, signal);
    if (made.length > 0) {
      this.context.reporter.warn('drill.leftover', `Dropped the roles ${made.join(', ')} in ${this.description}, which a drill has left that was killed`, { roles: made });
    }
  }

  public async prepare({ record, selected, artifacts }: DrillInput, signal: AbortSignal): Promise<void> {
    const state = await this.state(signal);
    this.refuseOlder(record, state);
    const data = selected.find(({ role }) => role === 'data')!;
    refuseTooLarge(record.id, data.bytes, this.context.config.dataBytes);
    this.head = await readArchiveHead(await artifacts.peek(data, signal), data.file);

    // A backup without globals names roles that only its own server has: what belongs to them is restored all the same.
    const script = selected.find(({ role }) => role === 'globals');
    const globals = script ? await readText(await artifacts.peek(script, signal), script.file) : '';
    const archived = parseGlobals(globals).roles.map(({ name }) => name);
    const there = new Set(state.roles.map(({ name }) => name));
    const { owners, others } = namedRoles(this.head, true);
    const missing = [...owners, ...others].filter(name => !there.has(name) && !archived.includes(name));
    const made = [...archived.filter(name => !there.has(name)), ...missing];
    if (made.length > 0) await this.client.run(MAINTENANCE, markStatements(made), signal);
    if (missing.length === 0) return;
    await this.client.run(MAINTENANCE, noLoginRoles(missing), signal);
    this.context.reporter.info('drill.roles', `Made the roles ${missing.join(', ')}, which the backup names and does not have, without a login`, { roles: missing });
  }

  public async check({ record, selected }: DrillInput, signal: AbortSignal): Promise<Checked> {
    const tables = await this.client.query<string[]>(this.database, tablesQuery(), signal);
    const rows = await this.rowsOf(tables, false, signal);
    const checks = [
      // The restore has ended well, so they are there: it compares them with the archive.
      check('objects', null, `all ${this.head!.entries.length} objects of the archive were restored, ${tables.length} tables among them`),
      await this.checkRows(selected.find(({ role }) => role === 'data')!, rows, signal),
    ];
    for (const assertion of this.asked.assertions) checks.push(await this.checkAssertion(assertion, signal));
    for (const freshness of this.context.config.freshness) checks.push(await this.checkFreshness(freshness, record, signal));
    return { items: sumOf(rows), checks };
  }

  public async clear(signal: AbortSignal): Promise<void> {
    if (this.rolesBefore === null) return;
    const state = await this.state(signal);
    for (const { name } of orphansIn(state, this.database)) await dropDatabase(this.client, MAINTENANCE, name, signal);
    const made = state.roles.map(({ name }) => name).filter(name => !this.rolesBefore!.includes(name));
    for (const name of markLast(made)) await this.client.run(MAINTENANCE, `drop role if exists ${quoted(name)};`, signal);
  }

  private state(signal: AbortSignal): Promise<ServerState> {
    return this.client.query<ServerState>(MAINTENANCE, serverStateQuery(), signal);
  }

  private rowsOf(tables: readonly string[], exact: boolean, signal: AbortSignal): Promise<{ [table: string]: number }> {
    return this.client.query(this.database, rowsQuery(tables, exact), signal);
  }

  private refuseOlder({ id, source }: BackupRecord, { versionNumber, version }: ServerState): void {
    const major = majorOf(source.serverVersion);
    if (Math.floor(versionNumber / 10_000) >= major) return;
    throw new RunnerError(
      `${id} is of PostgreSQL ${source.serverVersion}, and the scratch server is ${version}, which is older: set 'serverImage' to one of version ${major} or later`,
      ExitCode.VERSION_MISMATCH,
    );
  }

  /** A table that is empty now and had rows then. Other differences mean nothing: what is recorded is an estimate that may be old. */
  private async checkRows({ counts }: RecordedArtifact, rows: { readonly [table: string]: number }, signal: AbortSignal): Promise<DrillCheck> {
    const { tablesThatMayBeEmpty } = this.context.config;
    const suspects = Object.entries(counts?.items ?? {})
      .filter(([table, recorded]) => recorded >= LEAST_ROWS && !(rows[table]! > 0) && !tablesThatMayBeEmpty.includes(table));
    const counted = suspects.length === 0 ? {} : await this.rowsOf(suspects.map(([table]) => table), true, signal);
    const empty = suspects.filter(([table]) => !(counted[table]! > 0));
    const list = empty.slice(0, MOST_NAMED).map(([table, recorded]) => `${table}, about ${recorded} rows when the backup was taken`).join('; ');
    return check(
      'row counts',
      empty.length === 0 ? null : `${empty.length} tables are empty that had rows: ${list}. Restore an older backup if they are lost; name them in 'tablesThatMayBeEmpty' if that is as it should be`,
      `${sumOf(rows)} rows in ${Object.keys(rows).length} tables, none of which lost all of its rows`,
    );
  }

  private async checkAssertion(assertion: string, signal: AbortSignal): Promise<DrillCheck> {
    try {
      await assertTrue(this.client, this.database, assertion, signal);
      return check(assertion, null, 'true');
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError) || (error.exitCode !== ExitCode.CORRUPT && error.exitCode !== ExitCode.BAD_CONFIG)) throw error;
      return check(assertion, messageOf(error), '');
    }
  }

  private async checkFreshness(freshness: FreshnessConfig, record: BackupRecord, signal: AbortSignal): Promise<DrillCheck> {
    const name = `freshness of ${freshness.sql}`;
    if (hasCommand(freshness.sql)) return check(name, 'it has a backslash in it, which is a command of psql', '');
    let newest: string;
    try {
      newest = (await this.client.run(this.database, newestQuery(freshness.sql), signal)).trim();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RunnerError && error.exitCode === ExitCode.UNAVAILABLE) throw error;
      return check(name, `it can't be asked for: ${messageOf(error)}. It has to return one time: SELECT max(created_at) FROM orders`, '');
    }
    return checkFreshness(freshness, newest === '' ? null : new Date(Number(newest) * 1000), record);
  }
}

/** Roles that a killed drill has made, and no others: it had them written down before. */
function rolesLeft({ roles }: ServerState, mark: string | null): string[] {
  if (mark === null) return [];
  const names = [MARK_ROLE, ...rolesOfMark(mark)];
  return markLast(roles.map(({ name }) => name).filter(name => names.includes(name)));
}

/** Whoever is killed in between leaves it to say what the rest is. */
function markLast(roles: readonly string[]): string[] {
  return [...roles.filter(name => name !== MARK_ROLE), ...roles.filter(name => name === MARK_ROLE)];
}

/** The estimate of a table that nobody has counted yet is -1. */
function sumOf(rows: { readonly [table: string]: number }): number {
  return sum(Object.values(rows).map(count => Math.max(0, count)));
}
