import { Readable } from 'node:stream';
import { quoted } from './errors';
import { checkRestored } from './restore-checks';
import { givesArchivedProperties, rendersScript } from './restore-findings';
import { Archive } from './restore-in-place';
import { stagingName, besideTime, freeBesideName, besidePattern } from './restore-names';
import { firstSteps, Found, lookAt, makeReady, missingFor, notesOf, ownerOf, replacedBy, tablesNotInBackup } from './restore-plan';
import {
  archivedConnectionLimit, archivedMoneyLocale, archivedPropertyStatements, createStatement, DatabaseProperties, propertiesQuery, propertyStatements,
} from './restore-properties';
import { lateSubscriptions, withList } from './restore-run-as-owner';
import { withoutUnknownSettings } from './restore-script';
import { ServerState } from './restore-server';
import { withinSpace } from './restore-space';
import { verbatim } from './restore-sql';
import { disabledSubscriptions, dropDatabase } from './restore-subscriptions';
import { SwapIn } from './restore-swap-in';
import { losesTablespaces, tablespaceOf } from './restore-tablespaces';
import { RestoreTarget } from './restore-target';
import { PostgresTargetConfig } from '../../../contract/config';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { messageOf } from '../../core/errors';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer, RestorerContext } from '../../engine-api/restorer';

/**
 * Restores beside the live database, which goes on unchanged until the restored one is complete and checked; then both change names in one
 * transaction. The previous one is kept, closed. Also makes a new database, which replaces none.
 */
export class PostgresBesideRestorer implements Restorer<Found> {
  private readonly target: RestoreTarget;

  constructor(private readonly config: PostgresTargetConfig, private readonly context: RestorerContext) {
    this.target = new RestoreTarget(config, context);
  }

  public get description(): string {
    return this.target.description;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return this.target.select(record);
  }

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<Found>> {
    const { target } = this;
    const found = await lookAt(target, input, signal);
    const [data] = target.artifactsOf(input.record);
    const replaces = this.config.mode === 'swap';
    const plan: RestorePlan = {
      steps: [...firstSteps(target, found), ...this.steps(found)],
      replaces: replaces ? replacedBy(target, found) : null,
      keeps: replaces && found.live ? `the database ${besidePattern(target.final, 'before')}` : null,
      missing: await missingFor(target, data, found, signal),
      notes: [...replaces ? await this.tablesOnlyKept(found, signal) : [], ...notesOf(target, found)],
      tools: { pg_restore: found.client.text },
    };
    return { input, plan, found };
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    await this.target.endSwap((await this.target.ask(signal)).maintenance, signal);
    return [];
  }

  public async restore({ input, found }: PreparedRestore<Found>, signal: AbortSignal): Promise<Restored> {
    const { target, config } = this;
    const { client, final } = target;
    const { maintenance, head } = found;
    const [data] = target.artifactsOf(input.record);
    const swapIn = new SwapIn(target, maintenance);
    try {
      const { archive, notes } = await makeReady(target, input, found, signal);
      const incoming = stagingName(final, 'restore', new Date());
      await swapIn.create(incoming, createStatement(incoming, head, ownerOf(found), tablespaceOf(found)), signal);
      const money = archivedMoneyLocale(head);
      if (money !== null) await client.run(maintenance, `alter database ${quoted(incoming)} set lc_monetary to ${money};`, signal);
      const restore = (within: AbortSignal) => this.restoreInto(incoming, archive, found, within);
      await withinSpace({ client, maintenance, database: incoming, freeBytes: config.targetFreeSpaceBytes }, signal, restore);
      const odd = await checkRestored(client, incoming, head, data, config.assertions, signal);
      const connectionLimit = await this.giveProperties(incoming, found, signal);
      const aside = nameAside(final, (await target.ask(signal)).server);
      const disabled = await disabledSubscriptions(client, maintenance, incoming, final, signal);
      await swapIn.swap({ live: final, aside, incoming, connectionLimit }, signal);
      return { state: `postgres database ${final} on ${client.address} is ${input.record.id}`, previous: keptAs('beside', aside), notes: [...notes, ...odd, ...disabled] };
    } catch (error) {
      throw error instanceof RestoreFailure ? error : await swapIn.failure(error);
    }
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    const { server: { databases } } = await this.target.ask(signal);
    return databases.flatMap(({ name, bytes }) => {
      const keptAt = besideTime(name, this.config.databaseName, 'before');
      return keptAt ? [{ name, keptAt, bytes }] : [];
    }).sort((a, b) => b.keptAt.getTime() - a.keptAt.getTime());
  }

  public async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    const { target, config: { databaseName: live } } = this;
    const { maintenance, server } = await target.ask(signal);
    const aside = nameAside(live, server);
    const swapIn = new SwapIn(target, maintenance);
    try {
      const notes = await disabledSubscriptions(target.client, maintenance, kept.name, live, signal);
      await swapIn.swap({ live, aside, incoming: kept.name, connectionLimit: null }, signal);
      return { state: `${this.description} is ${kept.name} again`, previous: keptAs('beside', aside), notes };
    } catch (error) {
      throw await swapIn.failure(error);
    }
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    await dropDatabase(this.target.client, (await this.target.ask(signal)).maintenance, name, signal);
  }

  private steps(found: Found): string[] {
    const { config, server, head } = found;
    const { final } = this.target;
    const jobs = config.parallelJobs > 1 && !rendersScript(found) ? ` with ${config.parallelJobs} jobs` : '';
    const tablespace = tablespaceOf(found);
    const existing = server.databases.find(({ name }) => name === final);
    return [
      `create the database ${withoutTime(stagingName(final, 'restore', new Date()))}… with the encoding and locale of ${head.database}${tablespace === null ? '' : ` in the tablespace ${tablespace}`}, and restore into it${jobs}`,
      `analyze it, and check objects, rows${config.assertions.length > 0 ? ` and ${config.assertions.length} assertions` : ''}`,
      `give it the rights, settings, comment, connection limit and template flag of ${existing ? `the database ${final} as it is now` : 'the backup'}`,
      existing
        ? `end the ${existing.sessions} sessions of ${final}, let new ones wait, rename it to ${withoutTime(stagingName(final, 'before', new Date()))}…, and rename the restored database to ${final}: both or none`
        : `rename it to ${final}`,
    ];
  }

  private async tablesOnlyKept(found: Found, signal: AbortSignal): Promise<string[]> {
    try {
      const tables = await tablesNotInBackup(this.target, found, signal);
      return tables === null ? [] : [`these tables are not in the backup, and are only in what is kept afterwards: ${tables}`];
    } catch (error) {
      signal.throwIfAborted();
      // A database that is too damaged to be asked is one that has to be restored.
      return [`which of its tables the backup does not have is not known, since the database ${found.live!.name} can't be asked: ${messageOf(error)}`];
    }
  }

  private async restoreInto(database: string, archive: Archive, found: Found, signal: AbortSignal): Promise<void> {
    const { target: { client }, config } = this;
    const args = [
      ...config.singleTransaction ? ['--single-transaction'] : ['--exit-on-error'],
      ...losesTablespaces(found) ? ['--no-tablespaces'] : [],
    ];
    const late = lateSubscriptions(found);
    await withList(late?.others ?? null, this.context.config.scratch, async listed => {
      if (rendersScript(found)) {
        const script = withoutUnknownSettings(client.restoreScript(found.client, [...args, ...listed], archive, database, signal));
        await client.runScript(database, Readable.from(script, { objectMode: false }), signal);
      } else {
        const jobs = config.parallelJobs > 1 ? [`--jobs=${config.parallelJobs}`] : [];
        await client.restore(found.client, [...args, ...listed, ...jobs], archive, database, signal);
      }
    });
    if (late !== null) await client.run(database, late.statements, signal);
    await client.run(database, 'analyze;', signal);
  }

  /** Gives the restored database what hangs on the live one, or, where there is none, on the one that was backed up. */
  private async giveProperties(database: string, found: Found, signal: AbortSignal): Promise<number | null> {
    const { client } = this.target;
    const { head, live, maintenance } = found;
    if (live && !givesArchivedProperties(found)) {
      const properties = await client.query<DatabaseProperties>(maintenance, propertiesQuery(live.name), signal);
      await client.run(maintenance, ['begin;', `alter database ${quoted(database)} reset lc_monetary;`, ...propertyStatements(database, properties), 'commit;'].join('\n'), signal);
      return properties.connectionLimit;
    }
    for (const statements of archivedPropertyStatements(database, head)) await client.run(maintenance, verbatim(statements), signal);
    return archivedConnectionLimit(head);
  }
}

/** The name under which what is live is going to be kept; `null` if nothing is. */
function nameAside(live: string, { databases }: ServerState): string | null {
  const names = databases.map(({ name }) => name);
  return names.includes(live) ? freeBesideName(live, 'before', new Date(), names) : null;
}

function withoutTime(besideAt: string): string {
  return besideAt.slice(0, -'YYYYMMDD_HHMMSS'.length);
}
