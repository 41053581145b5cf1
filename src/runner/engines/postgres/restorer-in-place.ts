import { checkCommitted } from './restore-checks';
import { PostgresInPlace, Unsure } from './restore-in-place';
import { firstSteps, Found, lookAt, makeReady, missingFor, notesOf, replacedBy, tablesNotInBackup } from './restore-plan';
import { disabledSubscriptions } from './restore-subscriptions';
import { RestoreTarget } from './restore-target';
import { PostgresSource } from './source';
import { PostgresConfig, postgresConnectionOf, PostgresTargetConfig } from '../../../contract/config';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { readCatalog } from '../../catalog/catalog';
import { exitCodeOf, messageOf } from '../../core/errors';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, Restorer, RestorerContext, safetyBackupOf } from '../../engine-api/restorer';
import { noteReplaced, safetyBackups, wayBack } from '../../previous/rollback-order';
import { asKept, discardBackup, restoreKept, saveBefore } from '../../previous/safety';

/** What is in the way of a safety backup for longer than this would be in the way of the restore as well. */
const LOCK_SECONDS = 60;

/**
 * Replaces the objects of the live database inside of it, in one transaction, for roles that may create no database. There is no second
 * database to keep, so what is there is stored as a backup before.
 */
export class PostgresInPlaceRestorer implements Restorer<Found> {
  private readonly target: RestoreTarget;
  private readonly inPlace: PostgresInPlace;

  constructor(private readonly config: PostgresTargetConfig, private readonly context: RestorerContext) {
    this.target = new RestoreTarget(config, context);
    this.inPlace = new PostgresInPlace(this.target.client, config, context.config.scratch);
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
    const tables = await tablesNotInBackup(target, found, signal);
    const plan: RestorePlan = {
      steps: [
        ...firstSteps(target, found),
        ...this.config.safetyBackup ? [`store what ${this.description} holds now as a backup of ${this.context.config.name}, which is not the latest`] : [],
        ...this.inPlace.steps(found),
      ],
      replaces: replacedBy(target, found),
      keeps: this.config.safetyBackup && found.live ? safetyBackupOf(this.context) : null,
      missing: await missingFor(target, data, found, signal),
      notes: [
        ...tables === null ? [] : [`these tables are not in the backup and stay as they are, unless they are partitions of one that is: ${tables}`],
        ...notesOf(target, found),
      ],
      tools: { pg_restore: found.client.text },
    };
    return { input, plan, found };
  }

  /** A restore in place leaves nothing half done, but one beside may have been killed before. */
  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    await this.target.endSwap((await this.target.ask(signal)).maintenance, signal);
    return [];
  }

  public async restore({ input, found }: PreparedRestore<Found>, signal: AbortSignal): Promise<Restored> {
    const { target: { client }, config: { databaseName: database }, inPlace } = this;
    const { record } = input;
    const [data] = this.target.artifactsOf(record);
    let committed = false;
    let safety: string | null = null;
    try {
      const { archive, notes } = await makeReady(this.target, input, found, signal);
      await inPlace.endSessions(found.maintenance, signal); // one that holds a lock would be in the way of the safety backup too
      safety = await this.saveWhatIsThere(record, signal);
      const late = await inPlace.restore(archive, found, found.maintenance, signal);
      committed = true;
      const assertions = inPlace.assertsWithin(found) ? [] : this.config.assertions;
      const odd = await checkCommitted(client, database, found.head, data, assertions, signal);
      // The list is for people: where it can't be had, the restore is done all the same.
      const disabled = await disabledSubscriptions(client, found.maintenance, database, database, signal).catch(() => []);
      await noteReplaced(safety, record, this.context, signal);
      return { state: `${this.description} is ${record.id}`, previous: keptAs('backup', safety), notes: [...notes, ...late, ...odd, ...disabled] };
    } catch (error) {
      if (error instanceof RestoreFailure) throw error;
      throw committed ? this.unfit(error, record, safety) : this.unchanged(error);
    }
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    const { config, stores } = this.context;
    return safetyBackups(await readCatalog(config.name, stores, signal), this.target.client.address, this.config.databaseName).map(asKept);
  }

  public async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    // What was there before need not be what is asserted of a backup, and its roles are there.
    const restorer = new PostgresInPlaceRestorer({ ...this.config, sourceDatabaseName: null, globals: false, assertions: [] }, this.context);
    return restoreKept(restorer, kept, this.context, signal);
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    await discardBackup(name, this.context, signal);
  }

  /** Stores the database before objects in it are dropped: there is no previous one to go back to. */
  private async saveWhatIsThere(restored: BackupRecord, signal: AbortSignal): Promise<string | null> {
    const { databaseName: database, safetyBackup } = this.config;
    if (!safetyBackup) return null;
    const source: PostgresConfig = {
      ...postgresConnectionOf(this.config),
      databaseName: database,
      includeSchemas: [],
      excludeSchemas: [],
      includeTables: [],
      excludeTables: [],
      globals: false,
      lockTimeoutSeconds: LOCK_SECONDS,
    };
    return saveBefore(restored, this.description, new PostgresSource(source, this.context.env), source, this.context, signal);
  }

  /** The transaction was not committed, or nobody can say. */
  private unchanged(error: unknown): RestoreFailure {
    const holds = error instanceof Unsure
      ? `${this.description} is either as it was or what was restored: the server can't be asked whether the transaction was committed`
      : `${this.description} is as it was`;
    return new RestoreFailure(messageOf(error), holds, true, exitCodeOf(error instanceof Unsure ? error.cause : error), { cause: error });
  }

  /** What was committed is not what the backup says. */
  private unfit(error: unknown, record: BackupRecord, safety: string | null): RestoreFailure {
    const before = safety === null ? 'the previous data is gone' : `the previous data is stored as ${safety}: ${wayBack(safety, record)}`;
    return new RestoreFailure(messageOf(error), `${this.description} is ${record.id}, which is not fit for use, and ${before}`, false, exitCodeOf(error), { cause: error, live: true });
  }
}
