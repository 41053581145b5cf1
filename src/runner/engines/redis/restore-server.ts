import { Readable } from 'node:stream';
import { RedisConnection } from './connection';
import { RedisUse } from './errors';
import { RdbCheck } from './rdb/check';
import { snapshotOf } from './restore-artifact';
import { RedisConfig, RedisTargetConfig } from '../../../contract/config';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { readCatalog } from '../../catalog/catalog';
import { secretFrom } from '../../core/secrets';
import { RestoreArtifacts } from '../../engine-api/artifacts';
import { RollbackPoint, PreparedRestore, Restored, RestoreInput, RestorePlan, Restorer, RestorerContext } from '../../engine-api/restorer';
import { Source } from '../../engine-api/source';
import { safetyBackups } from '../../previous/rollback-order';
import { asKept, discardBackup, restoreKept, saveBefore } from '../../previous/safety';
import { checked } from '../../stream/check';

/** A running Redis server. What it holds can't be put aside there, so it is stored as a backup before it changes. */
export abstract class RedisServerRestorer implements Restorer<null> {
  public readonly description: string;
  protected readonly address: string;
  private readonly password: string | null;

  constructor(protected readonly target: RedisTargetConfig, protected readonly context: RestorerContext, private readonly use: RedisUse) {
    this.address = `${target.host}:${target.port}`;
    this.description = `redis ${this.address}`;
    this.password = target.passwordEnv === null ? null : secretFrom(context.env, target.passwordEnv, `password of ${this.description}`);
  }

  public abstract repair(signal: AbortSignal): Promise<readonly string[]>;
  public abstract restore(prepared: PreparedRestore<null>, signal: AbortSignal): Promise<Restored>;

  public async inspect(input: RestoreInput, signal: AbortSignal): Promise<PreparedRestore<null>> {
    return { input, plan: await this.planOf(input, signal), found: null };
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [snapshotOf(record)];
  }

  public async rollbackPoints(signal: AbortSignal): Promise<readonly RollbackPoint[]> {
    const { config, stores } = this.context;
    return safetyBackups(await readCatalog(config.name, stores, signal), this.address).map(asKept);
  }

  public async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    return restoreKept(this, kept, this.context, signal);
  }

  public async discard({ name }: RollbackPoint, signal: AbortSignal): Promise<void> {
    await discardBackup(name, this.context, signal);
  }

  protected abstract planOf(input: RestoreInput, signal: AbortSignal): Promise<RestorePlan>;

  protected connect(signal: AbortSignal): Promise<RedisConnection> {
    return RedisConnection.open(this.target, this.password, signal, this.use);
  }

  /** The snapshot, which fails before its last bytes unless it is whole. */
  protected async whole(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal): Promise<Readable> {
    return checked(await artifacts.open(artifact, signal), new RdbCheck(artifact.file, 'restore another backup: cdk8s-backup list'));
  }

  /** Stores what the server holds now, before `restored` replaces it. Returns the id of that backup. */
  protected async saveWhatIsThere(restored: BackupRecord, source: (config: RedisConfig) => Source, signal: AbortSignal): Promise<string> {
    const { host, port, user, passwordEnv, tls } = this.target;
    const config: RedisConfig = { engine: 'redis', host, port, user, passwordEnv, tls };
    return saveBefore(restored, this.description, source(config), config, this.context, signal);
  }
}
