import { Readable } from 'node:stream';
import { PostgresClient } from './client';
import { quoted } from './errors';
import { installed, restorerOf } from './programs';
import { readArchiveHead } from './restore-archive';
import { checkCommitted, checkRestored } from './restore-checks';
import { explainRestore } from './restore-errors';
import { Facts, findingsOf, givesArchivedProperties, majorOf, rendersScript, serverMajor } from './restore-findings';
import { parseGlobals, roleDifferences } from './restore-globals';
import { Archive, PostgresInPlace, Unsure } from './restore-in-place';
import { librariesNotLoaded } from './restore-libraries';
import { besideName, besideTime, freeBesideName } from './restore-names';
import {
  archivedConnectionLimit, archivedMoneyLocale, archivedPropertyStatements, createStatement, DatabaseProperties, propertiesQuery, propertyStatements,
} from './restore-properties';
import { makeRoles, rolesNotMade } from './restore-roles';
import { lateSubscriptions, withList } from './restore-run-as-owner';
import { ownersWithoutSchema } from './restore-schemas';
import { withoutUnknownSettings } from './restore-script';
import { DatabaseState, ExtensionState, extensionsQuery, ServerState, serverStateQuery, tablesQuery } from './restore-server';
import { spaceFindings, spaceNote, withinSpace } from './restore-space';
import { verbatim } from './restore-sql';
import { disabledSubscriptions, dropDatabase, plannedSubscriptions, unfinishedCopies } from './restore-subscriptions';
import { endSwapStatements, Swap, swapSession, swapStatements } from './restore-swap';
import { losesTablespaces, tablespaceNotes, tablespaceOf } from './restore-tablespaces';
import { PostgresSource } from './source';
import { PostgresConfig, PostgresTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { readCatalog } from '../../catalog/catalog';
import { exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Kept, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer, RestorerContext } from '../../engine-api/restorer';
import { noteReplaced, safetyBackups, wayBack } from '../../previous/rollback-order';
import { asKept, discardBackup, restoreKept, saveBefore } from '../../previous/safety';
import { readText } from '../../stream/read-text';

/** From where databases are made and renamed; the second is for servers without the first. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];
/** To find out what a failed restore has left, and to put it right: a run that is being stopped has 5 s for all. */
const SETTLE_MS = 3500;
const MOST_NAMED = 10;
/** What is in the way of a safety backup for longer than this would be in the way of the restore as well. */
const LOCK_SECONDS = 60;

/**
 * Restores into a PostgreSQL server.
 *
 * By default beside the live database, which goes on unchanged until the restored one is complete and checked; then both change
 * names in one transaction. The previous one is kept, closed.
 */
export class PostgresRestorer implements Restorer<Facts> {
  public readonly description: string;
  private readonly client: PostgresClient;
  private readonly inPlace: PostgresInPlace;
  private maintenance = MAINTENANCE_DATABASES[0]!;
  /** The oid of the database that a swap makes live, once it has begun and may have been committed. */
  private swapping: string | undefined;
  private settleSignal: AbortSignal | null = null;

  constructor(private readonly config: PostgresTargetConfig, private readonly context: RestorerContext) {
    this.inPlace = new PostgresInPlace(this.client = new PostgresClient(config, context.env, explainRestore), config, context.config.scratch);
    this.description = `postgres database ${config.database} on ${config.host}:${config.port}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    const data = record.artifacts.filter(({ role }) => role === 'data');
    const wanted = this.config.sourceDatabase ?? (data.length === 1 ? data[0]!.database : this.config.database);
    const chosen = data.find(({ database }) => database === wanted);
    if (!chosen) {
      throw new RunnerError(
        `${record.id} has no database ${wanted}; it has ${data.map(({ database }) => database).join(', ')}: --set target.sourceDatabase=NAME`, ExitCode.NOT_FOUND,
      );
    }
    return [...this.config.globals ? record.artifacts.filter(({ role }) => role === 'globals') : [], chosen];
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<Facts>> {
    const { record, artifacts } = input;
    const server = await this.serverState(signal);
    const [data, script] = this.artifactsOf(record);
    const head = await readArchiveHead(await artifacts.peek(data, signal), data.file);
    const programs = await installed('pg_restore', signal);
    const client = restorerOf(programs, majorOf(head.dumpVersion)) ?? programs.at(-1)!;
    const globals = script ? parseGlobals(await readText(await artifacts.peek(script, signal), script.file)) : null;
    const names = head.entries.filter(({ type }) => type === 'EXTENSION').map(({ tag }) => tag);
    const extensions = await this.client.query<ExtensionState[]>(this.maintenance, extensionsQuery(names, server.versionNumber), signal);
    const live = server.databases.find(({ name }) => name === this.config.database);
    const facts: Facts = { config: this.config, client, server, head, globals, extensions, inScratch: artifacts.inScratch, live };
    const plan: RestorePlan = {
      steps: this.steps(facts),
      replaces: live && this.config.mode !== 'new-database'
        ? `the database ${live.name} on ${this.client.address}, ${live.bytes === null ? 'of unknown size' : formatBytes(live.bytes)}`
        : null,
      missing: [
        ...findingsOf(facts),
        ...await rolesNotMade(this.client, this.maintenance, facts, signal),
        ...await librariesNotLoaded(this.client, this.maintenance, facts, signal),
        ...this.isBeingSwapped(server) ? [] : [
          ...await unfinishedCopies(this.client, facts, signal),
          ...await ownersWithoutSchema(this.client, this.maintenance, ownerOf(facts) ?? this.config.user, facts, signal),
        ],
        ...spaceFindings(this.config, live, data.bytes),
      ],
      notes: [...await this.tablesNotInBackup(facts, signal), ...this.notes(facts)],
      tools: { pg_restore: client.text },
    };
    return { input, plan, found: facts };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    await this.serverState(signal); // finds the database to ask from
    await this.endSwap(this.final, signal);
    return [];
  }

  public async restore({ input: { record, artifacts }, found: facts }: PreparedRestore<Facts>, signal: AbortSignal): Promise<Restored> {
    const [data, script] = this.artifactsOf(record);
    const notes: string[] = [];
    let made: string | undefined;
    let committed = false;
    let safety: string | null = null;
    try {
      for (const { name } of this.leftovers(facts.server)) {
        await dropDatabase(this.client, this.maintenance, name, signal).catch((error: unknown) => {
          // Another restore has finished it meanwhile, or dropped it.
          if (!(error instanceof RunnerError) || error.exitCode !== ExitCode.NOT_FOUND) throw error;
        });
      }
      if (script) {
        const globals = parseGlobals(await readText(await artifacts.open(script, signal), script.file));
        notes.push(...await makeRoles(this.client, this.maintenance, globals, facts, this.context.reporter, signal));
      }
      const archive = artifacts.file(data) ?? await artifacts.open(data, signal);
      if (this.config.mode === 'in-place') {
        await this.inPlace.endSessions(this.maintenance, signal); // one that holds a lock would be in the way of the safety backup too
        safety = await this.saveWhatIsThere(record, signal);
        notes.push(...await this.inPlace.restore(archive, facts, this.maintenance, signal));
        committed = true;
        const assertions = this.inPlace.assertsWithin(facts) ? [] : this.config.assertions;
        notes.push(...await checkCommitted(this.client, this.config.database, facts.head, data, assertions, signal));
        // The list is for people: where it can't be had, the restore is done all the same.
        notes.push(...await disabledSubscriptions(this.client, this.maintenance, this.config.database, this.config.database, signal).catch(() => []));
        await noteReplaced(safety, record, this.context, signal.aborted ? this.settling() : signal);
        return { holds: `${this.description} is ${record.id}`, previous: keptAs('backup', safety), notes };
      }
      const { final } = this;
      const incoming = besideName(final, 'restore', new Date());
      await this.client.run(this.maintenance, createStatement(incoming, facts.head, ownerOf(facts), tablespaceOf(facts)), signal);
      made = await this.oidOf(incoming, signal) ?? DROPPED;
      const money = archivedMoneyLocale(facts.head);
      if (money !== null) await this.client.run(this.maintenance, `alter database ${quoted(incoming)} set lc_monetary to ${money};`, signal);
      const { client, maintenance, config: { freeBytes } } = this;
      const beside = (within: AbortSignal) => this.restoreBeside(incoming, archive, facts, within);
      await withinSpace({ client, maintenance, database: incoming, freeBytes }, signal, beside);
      notes.push(...await checkRestored(this.client, incoming, facts.head, data, this.config.assertions, signal));
      const connectionLimit = await this.giveProperties(incoming, facts, signal);
      const names = (await this.serverState(signal)).databases.map(({ name }) => name);
      const aside = names.includes(final) ? freeBesideName(final, 'before', new Date(), names) : null;
      notes.push(...await disabledSubscriptions(this.client, this.maintenance, incoming, final, signal));
      await this.swap({ live: final, aside, incoming, connectionLimit }, signal);
      return { holds: `postgres database ${final} on ${this.client.address} is ${record.id}`, previous: keptAs('beside', aside), notes };
    } catch (error) {
      throw await this.failure(error, made, committed ? { record, safety } : null);
    }
  }

  public async kept(signal: AbortSignal): Promise<readonly Kept[]> {
    if (this.config.mode === 'in-place') {
      const { config, stores } = this.context;
      return safetyBackups(await readCatalog(config.name, stores, signal), this.client.address, this.config.database).map(asKept);
    }
    const { databases } = await this.serverState(signal);
    return databases.flatMap(({ name, bytes }) => {
      const keptAt = besideTime(name, this.config.database, 'before');
      return keptAt ? [{ name, keptAt, bytes }] : [];
    }).sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime());
  }

  public async rollback(kept: Kept, signal: AbortSignal): Promise<Restored> {
    if (this.config.mode === 'in-place') {
      // What was there before need not be what is asserted of a backup, and its roles are there.
      const restorer = new PostgresRestorer({ ...this.config, sourceDatabase: null, globals: false, assertions: [] }, this.context);
      return restoreKept(restorer, kept, this.context, signal);
    }
    const { databases } = await this.serverState(signal);
    const live = this.config.database;
    const names = databases.map(({ name }) => name);
    const aside = names.includes(live) ? freeBesideName(live, 'before', new Date(), names) : null;
    try {
      const notes = await disabledSubscriptions(this.client, this.maintenance, kept.name, live, signal);
      await this.swap({ live, aside, incoming: kept.name, connectionLimit: null }, signal);
      return { holds: `${this.description} is ${kept.name} again`, previous: keptAs('beside', aside), notes };
    } catch (error) {
      throw await this.failure(error, undefined, null);
    }
  }

  public async discard(kept: Kept, signal: AbortSignal): Promise<void> {
    if (this.config.mode === 'in-place') {
      await discardBackup(kept.name, this.context, signal);
      return;
    }
    await dropDatabase(this.client, this.maintenance, kept.name, signal);
  }

  private artifactsOf(record: BackupRecord): [data: RecordedArtifact, globals: RecordedArtifact | undefined] {
    const chosen = this.select(record);
    return [chosen.find(({ role }) => role === 'data')!, chosen.find(({ role }) => role === 'globals')];
  }

  private async serverState(signal: AbortSignal): Promise<ServerState> {
    for (const [index, database] of MAINTENANCE_DATABASES.entries()) {
      try {
        const state = await this.client.query<ServerState>(database, serverStateQuery(), signal);
        this.maintenance = database;
        return state;
      } catch (error) {
        const next = error instanceof RunnerError && error.exitCode === ExitCode.NOT_FOUND && index + 1 < MAINTENANCE_DATABASES.length;
        if (!next) throw error;
      }
    }
    throw new Error('unreachable: there is a candidate');
  }

  /** The name that the restored database gets. */
  private get final(): string {
    return this.config.newDatabase ?? this.config.database;
  }

  /** Databases that restores have begun and never finished, and that this role may drop. */
  private leftovers({ databases }: Pick<ServerState, 'databases'>): DatabaseState[] {
    return databases.filter(({ name, owned }) => owned && besideTime(name, this.final, 'restore') !== undefined);
  }

  /** The same of roles whose databases this one can't drop. They are in nobody's way. */
  private leftoversOfOthers({ databases }: ServerState): string[] {
    return databases.filter(({ name, owned }) => !owned && besideTime(name, this.final, 'restore') !== undefined)
      .map(({ name, owner }) => `the database ${name}, which a restore has begun and not finished, belongs to ${owner} and stays, since ${this.config.user} may not drop it: as ${owner}, DROP DATABASE ${quoted(name)}`);
  }

  private steps(facts: Facts): string[] {
    const { config, server, head, globals } = facts;
    const leftovers = this.leftovers(server).map(({ name }) =>
      `drop the database ${name}, which a restore has begun and not finished${server.databases.some(other => other.name === name && other.sessions > 0) ? ' (somebody is connected to it: if that restore still runs, it fails)' : ''}`);
    const missing = globals?.roles.filter(({ name }) => !server.roles.some(role => role.name === name)) ?? [];
    const roles = missing.length > 0 && server.createRole ? [`make the roles ${missing.map(({ name }) => name).join(', ')}`] : [];
    const swaps = this.isBeingSwapped(server) ? [`end the swap of another restore to ${this.final}, which is under way now: it is done before, or never`] : [];
    if (config.mode === 'in-place') {
      return [
        ...swaps, ...leftovers, ...roles,
        ...config.safetyBackup ? [`store what ${this.description} holds now as a backup of ${this.context.config.name}, which is not the latest`] : [],
        ...this.inPlace.steps(facts),
      ];
    }
    const jobs = config.parallelJobs > 1 && !rendersScript(facts) ? ` with ${config.parallelJobs} jobs` : '';
    const { final } = this;
    const tablespace = tablespaceOf(facts);
    const existing = server.databases.find(({ name }) => name === final);
    return [
      ...swaps, ...leftovers, ...roles,
      `create the database ${besideName(final, 'restore', new Date()).slice(0, -15)}… with the encoding and locale of ${head.database}${tablespace === null ? '' : ` in the tablespace ${tablespace}`}, and restore into it${jobs}`,
      `analyze it, and check objects, rows${config.assertions.length > 0 ? ` and ${config.assertions.length} assertions` : ''}`,
      `give it the rights, settings, comment, connection limit and template flag of ${existing ? `the database ${final} as it is now` : 'the backup'}`,
      existing
        ? `end the ${existing.sessions} sessions of ${final}, let new ones wait, rename it to ${besideName(final, 'before', new Date()).slice(0, -15)}…, and rename the restored database to ${final}: both or none`
        : `rename it to ${final}`,
    ];
  }

  private notes(facts: Facts): string[] {
    const { config, server, head, live, globals } = facts;
    const notes = globals ? roleDifferences(globals, server.roles) : [];
    if (serverMajor(facts) < majorOf(head.serverVersion)) {
      notes.push(`the backup is of PostgreSQL ${head.serverVersion}, the server is ${server.version}: what the older one does not know makes the restore fail, before anything is replaced`);
    }
    if (rendersScript(facts)) {
      notes.push(`pg_restore ${facts.client.text} makes a script for the older server ${server.version} that psql runs${config.parallelJobs > 1 ? ', in one job' : ''}: `
        + `the backup was made by pg_dump ${head.dumpVersion}, which older clients can't read`);
    }
    notes.push(...plannedSubscriptions(head, this.final, config.mode === 'in-place'));
    notes.push(...this.leftoversOfOthers(server));
    notes.push(...tablespaceNotes(facts));
    if (live && live.lasting.length > 0 && config.mode !== 'new-database') {
      notes.push(`in the database ${live.name} are sessions of ${live.lasting.join(', ')} that ${config.user} may not end: if they are still there when it is replaced, the restore fails, and nothing is changed`);
    }
    if (live && !live.open) notes.push(`the database ${live.name} accepts no connections now; what is restored does`);
    const kept = server.databases.filter(({ name }) => besideTime(name, config.database, 'before'));
    if (kept.length > 0) notes.push(`earlier restores have kept ${kept.map(({ name, bytes }) => bytes === null ? name : `${name} (${formatBytes(bytes)})`).join(', ')}: "cdk8s-backup discard" removes one`);
    if (config.mode === 'in-place' && !config.safetyBackup) notes.push('what is there now is not stored before: there is no way back');
    notes.push(spaceNote(config, live));
    return notes;
  }

  /** What the live database has and the backup has not: a migration since then, or tables that the backup leaves out on purpose. */
  private async tablesNotInBackup({ head, live, config, server }: Facts, signal: AbortSignal): Promise<string[]> {
    if (!live?.open || live.bytes === null || config.mode === 'new-database' || this.isBeingSwapped(server)) return [];
    const inBackup = new Set(head.entries.filter(({ type }) => type === 'TABLE').map(({ schema, tag }) => `${schema}.${tag}`));
    let tables: string[];
    try {
      tables = await this.client.query<string[]>(live.name, tablesQuery(), signal);
    } catch (error) {
      // A database that is too damaged to be asked is one that has to be restored.
      if (signal.aborted || config.mode === 'in-place') throw error;
      return [`which of its tables the backup does not have is not known, since the database ${live.name} can't be asked: ${messageOf(error)}`];
    }
    const others = tables.filter(table => !inBackup.has(table));
    if (others.length === 0) return [];
    const list = `${others.slice(0, MOST_NAMED).join(', ')}${others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : ''}`;
    return [config.mode === 'in-place'
      ? `these tables are not in the backup and stay as they are, unless they are partitions of one that is: ${list}`
      : `these tables are not in the backup, and are only in what is kept afterwards: ${list}`];
  }

  private async restoreBeside(database: string, archive: Archive, facts: Facts, signal: AbortSignal): Promise<void> {
    const { client } = facts;
    const args = [
      ...this.config.singleTransaction ? ['--single-transaction'] : ['--exit-on-error'],
      ...losesTablespaces(facts) ? ['--no-tablespaces'] : [],
    ];
    const late = lateSubscriptions(facts);
    await withList(late?.others ?? null, this.context.config.scratch, async listed => {
      if (rendersScript(facts)) {
        const script = withoutUnknownSettings(this.client.restoreScript(client, [...args, ...listed], archive, database, signal));
        await this.client.runScript(database, Readable.from(script, { objectMode: false }), signal);
      } else {
        const jobs = this.config.parallelJobs > 1 ? [`--jobs=${this.config.parallelJobs}`] : [];
        await this.client.restore(client, [...args, ...listed, ...jobs], archive, database, signal);
      }
    });
    if (late !== null) await this.client.run(database, late.statements, signal);
    await this.client.run(database, 'analyze;', signal);
  }

  /** Stores the database before objects in it are dropped: there is no previous one to go back to. */
  private async saveWhatIsThere(restored: BackupRecord, signal: AbortSignal): Promise<string | null> {
    const { host, port, user, passwordEnv, tls, database, safetyBackup } = this.config;
    if (!safetyBackup) return null;
    const source: PostgresConfig = {
      engine: 'postgres',
      host,
      port,
      user,
      passwordEnv,
      tls,
      database,
      includeSchemas: [],
      excludeSchemas: [],
      includeTables: [],
      excludeTables: [],
      globals: false,
      lockTimeoutSeconds: LOCK_SECONDS,
    };
    return saveBefore(restored, this.description, new PostgresSource(source, this.context.env), source, this.context, signal);
  }

  /** Gives the restored database what hangs on the live one, or, where there is none, on the one that was backed up. */
  private async giveProperties(database: string, facts: Facts, signal: AbortSignal): Promise<number | null> {
    const { head, live } = facts;
    if (live && !givesArchivedProperties(facts)) {
      const properties = await this.client.query<DatabaseProperties>(this.maintenance, propertiesQuery(live.name), signal);
      await this.client.run(this.maintenance, ['begin;', `alter database ${quoted(database)} reset lc_monetary;`, ...propertyStatements(database, properties), 'commit;'].join('\n'), signal);
      return properties.connectionLimit;
    }
    for (const statements of archivedPropertyStatements(database, head)) await this.client.run(this.maintenance, verbatim(statements), signal);
    return archivedConnectionLimit(head);
  }

  private async swap(swap: Swap, signal: AbortSignal): Promise<void> {
    const before = await this.oidOf(swap.incoming, signal);
    this.swapping = before;
    try {
      await this.client.run(this.maintenance, swapStatements(swap), signal);
    } catch (error) {
      // A connection that was lost during the commit leaves open whether it was done: the server knows.
      const now = await this.endSwap(swap.live, this.settling())
        .then(() => this.oidOf(swap.live, this.settling())).catch(() => undefined);
      if (now === undefined || now !== before) throw error;
      this.context.reporter.warn('swap.unsure', `the connection was lost during the swap, which was done all the same: ${messageOf(error)}`);
    }
  }

  /** The time in which everything has to be put right after a failure, all of it together. */
  private settling(): AbortSignal {
    this.settleSignal ??= AbortSignal.timeout(SETTLE_MS);
    return this.settleSignal;
  }

  /** Also of a run that was killed: once this has ended, its swap is either done or undone. */
  private async endSwap(live: string, signal: AbortSignal): Promise<void> {
    await this.client.run(this.maintenance, endSwapStatements(live), signal);
  }

  private isBeingSwapped({ swaps }: ServerState): boolean {
    return swaps.includes(swapSession(this.final));
  }

  private async oidOf(database: string, signal: AbortSignal): Promise<string | undefined> {
    return (await this.serverState(signal)).databases.find(({ name }) => name === database)?.oid;
  }

  /**
   * Puts right what a failure has left, as far as the server can be reached, and says what the live name holds.
   *
   * @param made the oid of the database that this restore has made, and no other: one of its name may be another restore's
   */
  private async failure(error: unknown, made: string | undefined, committed: Committed | null): Promise<RestoreFailure> {
    if (error instanceof RestoreFailure) return error;
    if (error instanceof Unsure) {
      const exitCode = exitCodeOf(error.cause);
      const holds = `${this.description} is either as it was or what was restored: the server can't be asked whether the transaction was committed`;
      return new RestoreFailure(error.message, holds, true, exitCode, { cause: error });
    }
    const exitCode = exitCodeOf(error);
    if (committed !== null) {
      const before = committed.safety === null ? 'what was there is gone' : `what was there is stored as ${committed.safety}: ${wayBack(committed.safety, committed.record)}`;
      const holds = `${this.description} is ${committed.record.id}, which is not fit for use, and ${before}`;
      return new RestoreFailure(messageOf(error), holds, false, exitCode, { cause: error, live: true });
    }
    let holds = `${this.description} is as it was`;
    let [dropped, live] = [false, false];
    try {
      const signal = this.settling();
      await this.endSwap(this.final, signal);
      const { databases } = await this.serverState(signal);
      const ours = made === undefined ? undefined : databases.find(({ oid }) => oid === made);
      live = databases.some(({ oid, name }) => oid === this.swapping && name === this.config.database);
      if (live) holds = `${this.description} is what was restored: the swap was done before the failure`;
      dropped = made !== undefined && ours === undefined;
      const unfinished = this.leftovers({ databases }).find(({ oid }) => oid === made);
      if (unfinished) await dropDatabase(this.client, this.maintenance, unfinished.name, signal);
    } catch (left) {
      holds = this.swapping !== undefined ? `${this.description} is either as it was or what was restored: the server can't be asked (${messageOf(left)})` : `${holds} (${messageOf(left)})`;
    }
    // It says that a database is not there, which is no fault of the config.
    return dropped
      ? new RestoreFailure(`${messageOf(error)}. ${DROPPED_BY_ANOTHER}`, holds, true, ExitCode.UNAVAILABLE, { cause: error })
      : new RestoreFailure(messageOf(error), holds, true, exitCode, { cause: error, live });
  }
}

/** For the oid of a database that was made, and is gone already. */
const DROPPED = 'dropped';
const DROPPED_BY_ANOTHER = 'Another restore has dropped the database that this one was filling, which it took for that of a killed one: '
  + 'let it end, and look at what it has restored before you run this again';

/** Owner of the database to be made; `null`: the role that restores. */
function ownerOf({ head, live, server, globals }: Facts): string | null {
  if (live) return live.owner;
  const archived = head.entries.find(({ type }) => type === 'DATABASE')?.owner ?? null;
  const making = server.createRole && globals?.roles.some(({ name }) => name === archived) && !server.roles.some(({ name }) => name === archived);
  return server.superuser || making || server.roles.some(({ name, member }) => name === archived && member) ? archived : null;
}

/** What is live in place, and where what was there before is; `null`: nowhere. */
interface Committed {
  readonly record: BackupRecord;
  readonly safety: string | null;
}
