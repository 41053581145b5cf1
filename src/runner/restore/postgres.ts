import { text } from 'node:stream/consumers';
import { ArchiveHead, readArchiveHead } from './postgres-archive';
import { checkRestored } from './postgres-checks';
import { explainRestore } from './postgres-errors';
import { Facts, findingsOf, majorOf, namedRoles, serverMajor, unknownSettings } from './postgres-findings';
import { Globals, parseGlobals, roleDifferences } from './postgres-globals';
import { besideName, besideTime, freeBesideName } from './postgres-names';
import {
  archivedConnectionLimit, archivedPropertyStatements, createStatement, DatabaseProperties, propertiesQuery, propertyStatements,
} from './postgres-properties';
import { DatabaseState, ExtensionState, extensionsQuery, ServerState, serverStateQuery, tablesQuery } from './postgres-server';
import { literal, verbatim } from './postgres-sql';
import { dropStatements, endSwapStatements, inDatabases, leaveStatements, reopen, Swap, swapStatements } from './postgres-swap';
import { Kept, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer } from './restorer';
import { PostgresTargetConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { messageOf, RunnerError } from '../errors';
import { Program } from '../process';
import { formatBytes, Reporter } from '../reporter';
import { PostgresClient } from '../sources/postgres-client';
import { quoted } from '../sources/postgres-errors';

/** From where databases are made and renamed; the second is for servers without the first. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];
/** To find out what a failed restore has left, and to put it right: a run that is being stopped has 5 s for all. */
const SETTLE_MS = 3500;
const MOST_NAMED = 10;
const WATCH_MS = 1000;

/**
 * Restores into a PostgreSQL server.
 *
 * By default beside the live database, which goes on unchanged until the restored one is complete and checked; then both change
 * names in one transaction. The previous one is kept, closed.
 */
export class PostgresRestorer implements Restorer {
  public readonly description: string;
  private readonly client: PostgresClient;
  private maintenance = MAINTENANCE_DATABASES[0]!;
  private facts: Facts | null = null;
  private settleSignal: AbortSignal | null = null;

  constructor(private readonly config: PostgresTargetConfig, env: NodeJS.ProcessEnv, private readonly reporter: Reporter) {
    this.description = `postgres database ${config.database} on ${config.host}:${config.port}`;
    this.client = new PostgresClient(config, env, explainRestore);
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

  public async inspect({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const client = await this.client.version(signal, 'pg_restore');
    const server = await this.serverState(signal);
    const [data, script] = this.artifactsOf(record);
    const head = await readArchiveHead(await artifacts.peek(data, signal), data.file);
    const globals = script ? parseGlobals(await text(await artifacts.peek(script, signal))) : null;
    const names = head.entries.filter(({ type }) => type === 'EXTENSION').map(({ tag }) => tag);
    const extensions = await this.client.query<ExtensionState[]>(this.maintenance, extensionsQuery(names, server.versionNumber), signal);
    const live = server.databases.find(({ name }) => name === this.config.database);
    this.facts = { config: this.config, client, server, head, globals, extensions, inScratch: artifacts.inScratch, live };
    return {
      steps: this.steps(this.facts),
      replaces: live && this.config.mode !== 'new-database'
        ? `the database ${live.name} on ${this.client.address}, ${live.bytes === null ? 'of unknown size' : formatBytes(live.bytes)}`
        : null,
      missing: findingsOf(this.facts),
      notes: [...await this.tablesNotInBackup(this.facts, signal), ...this.notes(this.facts)],
    };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    await this.serverState(signal); // finds the database to ask from
    await this.client.run(this.maintenance, endSwapStatements(this.config.database), signal);
    const { databases } = await this.serverState(signal);
    const closed = databases.find(({ name, closedBySwap }) => name === this.config.database && closedBySwap);
    if (!closed) return [];
    await this.client.run(this.maintenance, reopen(closed.name), signal);
    return [`the database ${closed.name} was closed by a swap that was killed before it changed a name, and is open again`];
  }

  public async restore({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<Restored> {
    const { facts } = this;
    if (!facts) throw new Error('not inspected');
    const [data, script] = this.artifactsOf(record);
    const notes: string[] = [];
    let made: string | undefined;
    let committed = false;
    try {
      for (const { name } of this.leftovers(facts.server)) await this.client.run(this.maintenance, dropStatements(name), signal);
      if (script) notes.push(...await this.makeRoles(parseGlobals(await text(await artifacts.open(script, signal))), facts, signal));
      const archive = artifacts.file(data) ?? await artifacts.open(data, signal);
      if (this.config.mode === 'in-place') {
        await this.restoreInPlace(archive, facts, signal);
        committed = true;
        notes.push(...await this.check(this.config.database, facts.head, data, signal));
        return { holds: `${this.description} is ${record.id}`, previous: null, notes };
      }
      const final = this.config.newDatabase ?? this.config.database;
      const incoming = besideName(final, 'restore', new Date());
      await this.client.run(this.maintenance, createStatement(incoming, facts.head, ownerOf(facts)), signal);
      made = await this.oidOf(incoming, signal);
      await this.restoreBeside(incoming, archive, facts, signal);
      notes.push(...await this.check(incoming, facts.head, data, signal));
      const connectionLimit = await this.giveProperties(incoming, facts, signal);
      const names = (await this.serverState(signal)).databases.map(({ name }) => name);
      const aside = names.includes(final) ? freeBesideName(final, 'before', new Date(), names) : null;
      await this.swap({ live: final, aside, incoming, connectionLimit }, signal);
      return { holds: `postgres database ${final} on ${this.client.address} is ${record.id}`, previous: aside, notes };
    } catch (error) {
      throw await this.failure(error, made, committed ? record.id : null);
    }
  }

  public async kept(signal: AbortSignal): Promise<readonly Kept[]> {
    const { databases } = await this.serverState(signal);
    return databases.flatMap(({ name, bytes }) => {
      const keptAt = besideTime(name, this.config.database, 'before');
      return keptAt ? [{ name, keptAt, bytes }] : [];
    }).sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime());
  }

  public async rollback(kept: Kept, signal: AbortSignal): Promise<Restored> {
    const { databases } = await this.serverState(signal);
    const live = this.config.database;
    const names = databases.map(({ name }) => name);
    const aside = names.includes(live) ? freeBesideName(live, 'before', new Date(), names) : null;
    try {
      await this.swap({ live, aside, incoming: kept.name, connectionLimit: null }, signal);
      return { holds: `${this.description} is ${kept.name} again`, previous: aside, notes: [] };
    } catch (error) {
      throw await this.failure(error, undefined, null);
    }
  }

  public async discard(kept: Kept, signal: AbortSignal): Promise<void> {
    await this.client.run(this.maintenance, dropStatements(kept.name), signal);
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

  /** Databases that restores have begun and never finished. */
  private leftovers({ databases }: Pick<ServerState, 'databases'>): DatabaseState[] {
    const final = this.config.newDatabase ?? this.config.database;
    return databases.filter(({ name }) => besideTime(name, final, 'restore') !== undefined);
  }

  private steps(facts: Facts): string[] {
    const { config, server, head, live, globals } = facts;
    const leftovers = this.leftovers(server).map(({ name }) =>
      `drop the database ${name}, which a restore has begun and not finished${server.databases.some(other => other.name === name && other.sessions > 0) ? ' (somebody is connected to it: if that restore still runs, it fails)' : ''}`);
    const missing = globals?.roles.filter(({ name }) => !server.roles.some(role => role.name === name)) ?? [];
    const roles = missing.length > 0 && server.createRole ? [`make the roles ${missing.map(({ name }) => name).join(', ')}`] : [];
    const closed = live?.closedBySwap ? [`open the database ${live.name}, which a swap that was killed has closed`] : [];
    if (config.mode === 'in-place') {
      return [
        ...closed, ...leftovers, ...roles,
        `drop all objects of the backup in the database ${config.database} and make them again, in one transaction; sessions that are in the way are ended`,
        'check it, after that transaction: what an assertion finds then can\'t be undone',
      ];
    }
    const jobs = config.parallelJobs > 1 ? ` with ${config.parallelJobs} jobs` : '';
    const final = config.newDatabase ?? config.database;
    const existing = server.databases.find(({ name }) => name === final);
    return [
      ...closed, ...leftovers, ...roles,
      `create the database ${besideName(final, 'restore', new Date()).slice(0, -15)}… with the encoding and locale of ${head.database}, and restore into it${jobs}`,
      `analyze it, and check objects, rows${config.assertions.length > 0 ? ` and ${config.assertions.length} assertions` : ''}`,
      `give it the rights, settings, comment and connection limit of ${existing ? `the database ${final} as it is now` : 'the backup'}`,
      existing
        ? `refuse connections to ${final}, end its ${existing.sessions} sessions, rename it to ${besideName(final, 'before', new Date()).slice(0, -15)}…, and rename the restored database to ${final}: both or none`
        : `rename it to ${final}`,
    ];
  }

  private notes(facts: Facts): string[] {
    const { config, server, head, live, globals } = facts;
    const notes = globals ? roleDifferences(globals, server.roles) : [];
    if (serverMajor(facts) < majorOf(head.serverVersion)) {
      notes.push(`the backup is of PostgreSQL ${head.serverVersion}, the server is ${server.version}: what the older one does not know makes the restore fail, before anything is replaced`);
    }
    const spaces = missingTablespaces(head, server);
    if (spaces.length > 0) notes.push(`the server has no tablespace ${spaces.join(', ')}: what was there goes into the default one`);
    if (live && !live.open && !live.closedBySwap) notes.push(`the database ${live.name} accepts no connections now; what is restored does`);
    const kept = server.databases.filter(({ name }) => besideTime(name, config.database, 'before'));
    if (kept.length > 0) notes.push(`earlier restores have kept ${kept.map(({ name, bytes }) => bytes === null ? name : `${name} (${formatBytes(bytes)})`).join(', ')}: "cdk8s-backup discard" removes one`);
    if (config.mode !== 'in-place') {
      notes.push(`the server's disk has to have room for a second copy${live?.bytes == null ? '' : `, about ${formatBytes(live.bytes)}`}: SQL can't ask how much is free, and a disk that gets full ends the restore, not the live database`);
    }
    return notes;
  }

  /** What the live database has and the backup has not: a migration since then, or tables that the backup leaves out on purpose. */
  private async tablesNotInBackup({ head, live, config }: Facts, signal: AbortSignal): Promise<string[]> {
    if (!live?.open || live.bytes === null || config.mode === 'new-database') return [];
    const inBackup = new Set(head.entries.filter(({ type }) => type === 'TABLE').map(({ schema, tag }) => `${schema}.${tag}`));
    const others = (await this.client.query<string[]>(live.name, tablesQuery(), signal)).filter(table => !inBackup.has(table));
    if (others.length === 0) return [];
    const list = `${others.slice(0, MOST_NAMED).join(', ')}${others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : ''}`;
    return [config.mode === 'in-place'
      ? `these tables are not in the backup and stay as they are: ${list}`
      : `these tables are not in the backup, and are only in what is kept afterwards: ${list}`];
  }

  /** @returns what could not be made, a sentence each; what the backup can't do without is a failure */
  private async makeRoles(globals: Globals, { server, head }: Facts, signal: AbortSignal): Promise<string[]> {
    const missing = globals.roles.filter(({ name }) => !server.roles.some(role => role.name === name));
    const { owners, others } = namedRoles(head);
    const notes: string[] = [];
    const made = new Set<string>();
    for (const { name, statements } of missing) {
      try {
        await this.client.run(this.maintenance, verbatim(statements.join('\n')), signal);
        made.add(name);
      } catch (error) {
        signal.throwIfAborted();
        if ([...owners, ...others].includes(name)) throw new RunnerError(`the role ${name} can't be made: ${messageOf(error)}`, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
        notes.push(`the role ${name} of the backup was not made: ${messageOf(error)}`);
      }
    }
    for (const { role, member, admin } of globals.memberships.filter(grant => made.has(grant.role) || made.has(grant.member))) {
      try {
        await this.client.run(this.maintenance, `grant ${quoted(role)} to ${quoted(member)}${admin ? ' with admin option' : ''};`, signal);
      } catch (error) {
        signal.throwIfAborted();
        notes.push(`${member} was not made a member of ${role}: ${messageOf(error)}`);
      }
    }
    if (made.size > 0) this.reporter.info('restore.roles', `Made the roles ${[...made].join(', ')}`, { roles: [...made] });
    return notes;
  }

  private async restoreBeside(database: string, archive: Archive, facts: Facts, signal: AbortSignal): Promise<void> {
    const { head, server } = facts;
    await this.client.restore([
      ...unknownSettings(facts) ? [] : ['--exit-on-error'],
      ...this.config.parallelJobs > 1 ? [`--jobs=${this.config.parallelJobs}`] : [],
      ...missingTablespaces(head, server).length > 0 ? ['--no-tablespaces'] : [],
    ], archive, database, signal, unknownSettings(facts) ? onlyUnknownSettings : undefined);
    await this.client.run(database, 'analyze;', signal);
  }

  private async restoreInPlace(archive: Archive, { head, server }: Facts, signal: AbortSignal): Promise<void> {
    const { database } = this.config;
    const stop = new AbortController();
    const watching = this.endBlockers(database, AbortSignal.any([signal, stop.signal]));
    try {
      await this.client.run(this.maintenance, leaveStatements(inDatabases([database])), signal);
      await this.client.restore([
        '--clean', '--if-exists', '--exit-on-error', '--single-transaction', ...missingTablespaces(head, server).length > 0 ? ['--no-tablespaces'] : [],
      ], archive, database, signal);
    } finally {
      stop.abort();
      await watching;
    }
    await this.client.run(database, 'analyze;', signal);
  }

  /** `pg_restore` waits for locks without a limit: whoever holds one that it wants is sent away. */
  private async endBlockers(database: string, signal: AbortSignal): Promise<void> {
    const sql = `select pg_terminate_backend(blocker) from pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) as blocker
      where a.datname = ${literal(database)} and a.application_name in ('cdk8s-backup', 'pg_restore');`;
    while (!signal.aborted) {
      await this.client.run(this.maintenance, sql, signal).catch(() => {}); // the restore itself tells what is wrong
      await new Promise<void>(resolve => {
        const timer = setTimeout(done, WATCH_MS);
        signal.addEventListener('abort', done, { once: true });
        function done() {
          clearTimeout(timer);
          resolve();
        }
      });
    }
  }

  private check(database: string, head: ArchiveHead, artifact: RecordedArtifact, signal: AbortSignal): Promise<string[]> {
    return checkRestored(this.client, database, head, artifact, this.config.assertions, signal);
  }

  /** Gives the restored database what hangs on the live one, or, where there is none, on the one that was backed up. */
  private async giveProperties(database: string, { head, live, config }: Facts, signal: AbortSignal): Promise<number | null> {
    if (live && config.mode === 'swap') {
      const properties = await this.client.query<DatabaseProperties>(this.maintenance, propertiesQuery(live.name), signal);
      await this.client.run(this.maintenance, ['begin;', ...propertyStatements(database, properties), 'commit;'].join('\n'), signal);
      return properties.connectionLimit;
    }
    for (const statements of archivedPropertyStatements(database, head)) await this.client.run(this.maintenance, verbatim(statements), signal);
    return archivedConnectionLimit(head);
  }

  private async swap(swap: Swap, signal: AbortSignal): Promise<void> {
    const before = await this.oidOf(swap.incoming, signal);
    try {
      await this.client.run(this.maintenance, swapStatements(swap), signal);
    } catch (error) {
      // A connection that was lost during the commit leaves open whether it was done: the server knows.
      const now = await this.client.run(this.maintenance, endSwapStatements(swap.live), this.settling())
        .then(() => this.oidOf(swap.live, this.settling())).catch(() => undefined);
      if (now === undefined || now !== before) throw error;
      this.reporter.warn('swap.unsure', `the connection was lost during the swap, which was done all the same: ${messageOf(error)}`);
    }
  }

  /** The time in which everything has to be put right after a failure, all of it together. */
  private settling(): AbortSignal {
    this.settleSignal ??= AbortSignal.timeout(SETTLE_MS);
    return this.settleSignal;
  }

  private async oidOf(database: string, signal: AbortSignal): Promise<string | undefined> {
    return (await this.serverState(signal)).databases.find(({ name }) => name === database)?.oid;
  }

  /**
   * Puts right what a failure has left, as far as the server can be reached, and says what the live name holds.
   *
   * @param made the oid of the database that this restore has made, and no other: one of its name may be another restore's
   */
  private async failure(error: unknown, made: string | undefined, committed: string | null): Promise<RestoreFailure> {
    const exitCode = error instanceof RunnerError ? error.exitCode : ExitCode.FAILED;
    if (committed !== null) {
      return new RestoreFailure(messageOf(error), `${this.description} is ${committed}, which is not fit for use, and what was there is gone`, false, exitCode, { cause: error });
    }
    let holds = `${this.description} is as it was`;
    try {
      const signal = this.settling();
      await this.client.run(this.maintenance, endSwapStatements(this.config.database), signal);
      const { databases } = await this.serverState(signal);
      if (databases.some(({ name, closedBySwap }) => name === this.config.database && closedBySwap)) {
        await this.client.run(this.maintenance, reopen(this.config.database), signal);
      }
      const ours = made === undefined ? undefined : databases.find(({ oid }) => oid === made);
      if (ours && ours.name === this.config.database) holds = `${this.description} is what was restored: the swap was done before the failure`;
      const unfinished = this.leftovers({ databases }).find(({ oid }) => oid === made);
      if (unfinished) await this.client.run(this.maintenance, dropStatements(unfinished.name), signal);
    } catch (left) {
      holds += `, and accepts connections again once the server is there and the restore has run once more, if it does not by then (${messageOf(left)})`;
    }
    return new RestoreFailure(messageOf(error), holds, true, exitCode, { cause: error });
  }
}

type Archive = Parameters<PostgresClient['restore']>[1];

/** Owner of the database to be made; `null`: the role that restores. */
function ownerOf({ head, live, server }: Facts): string | null {
  if (live) return live.owner;
  const archived = head.entries.find(({ type }) => type === 'DATABASE')?.owner ?? null;
  return server.superuser || server.roles.some(({ name, member }) => name === archived && member) ? archived : null;
}

function missingTablespaces({ entries }: ArchiveHead, { tablespaces }: ServerState): string[] {
  return [...new Set(entries.map(({ tablespace }) => tablespace))].filter(name => name !== '' && !tablespaces.includes(name));
}

/** Whether all that `pg_restore` complained about is a setting that came with version 17, which it sets for itself only. */
const onlyUnknownSettings: Program['accept'] = (stderr, exitCode) => {
  const errors = stderr.split('\n').filter(line => /error:/i.test(line));
  const harmless = errors.filter(line => line.includes('unrecognized configuration parameter "transaction_timeout"'));
  return exitCode === 1 && stderr.includes('errors ignored on restore') && errors.length === harmless.length;
};
