import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { VerifiedArtifacts, RestoreArtifacts } from './artifacts';
import { RestorerContext } from './open';
import { RdbHead, readRdbHead } from './rdb-head';
import { findingsOfMemory, findingsOfReplication, findingsOfServer, keysIn, readFacts, wasLeftByRestore } from './redis-facts';
import { loadByReplication, makeMaster } from './redis-load';
import { asKept, removeBackup, safetyBackups, takeSafetyBackup } from './redis-safety';
import { Finding, Kept, RestoreFailure, Restored, RestoreInput, RestorePlan, Restorer } from './restorer';
import { RedisConfig, RedisTargetConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { findBackup, readCatalog } from '../catalog';
import { messageOf, RunnerError } from '../errors';
import { formatBytes } from '../reporter';
import { secretFrom } from '../secrets';
import { RdbCheck } from '../sources/rdb-check';
import { parseInfo, RedisSource } from '../sources/redis';
import { RedisConnection } from '../sources/redis-connection';
import { checked } from '../stream/check';

/**
 * A running Redis server, which loads the snapshot as a replica of the runner: no shared volume, no restart, and whether it keeps an
 * AOF does not matter.
 *
 * There is no second data set to swap with. So all that makes a server fail to load, which is when it has dropped what it had, is
 * ruled out before, and what it has is stored as a backup.
 */
export class RedisRestorer implements Restorer {
  public readonly description: string;
  private readonly address: string;
  private readonly password: string | null;

  constructor(private readonly target: RedisTargetConfig, private readonly context: RestorerContext) {
    this.address = `${target.host}:${target.port}`;
    this.description = `redis ${this.address}`;
    this.password = target.passwordEnv === null ? null : secretFrom(context.env, target.passwordEnv, `password of ${this.description}`);
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return [snapshotOf(record)];
  }

  public async inspect({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const artifact = snapshotOf(record);
    const head = await headOf(artifact, artifacts, signal);
    const connection = await this.connect(signal);
    try {
      const facts = await readFacts(connection, this.target);
      const { info, keys } = facts;
      const left = wasLeftByRestore(info, this.target);
      const ofServer = findingsOfServer(facts, left);
      const replicas = Number(info.connected_slaves ?? 0);
      return {
        steps: [
          ...left ? [`make ${this.description} a primary again, which a restore that was killed has left as a replica`] : [],
          ...this.target.safetyBackup ? [`store what ${this.description} holds now as a backup of ${this.context.config.name}, which is not the latest`] : [],
          `make ${this.description} a replica of the runner, which refuses writes from then on, keeps what it has until it has received all, and loads ${record.id} then`,
          ...this.target.assertions.map(({ pattern, leastKeys }) => `look for at least ${leastKeys} keys like ${pattern}`),
          `make ${this.description} a primary again${info.aof_enabled === '1' ? ', and wait until its AOF is rewritten' : ''}`,
        ],
        replaces: keys === 0 ? null : `${keys} keys in ${this.description}, ${formatBytes(Number(info.used_memory ?? 0))}`,
        missing: ofServer.length > 0 ? ofServer : [...findingsOfReplication(facts, head), ...findingsOfMemory(facts, head)],
        notes: [
          ...replicas > 0 ? [`${replicas} replicas follow ${this.description}, and will hold what it holds: the restored data`] : [],
          ...facts.sentinels === null ? ['whether Sentinels watch the server can\'t be seen (+pubsub|numsub): if they do, they must not while it is restored'] : [],
          ...this.target.safetyBackup ? [] : ['what is there now is not stored before: there is no way back'],
          ...this.target.tls === null ? [] : ['the server fetches the snapshot from the runner without TLS'],
          'what is written between the safety backup and the load is lost: stop what writes',
        ],
      };
    } finally {
      connection.close();
    }
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    const connection = await this.connect(signal);
    try {
      const info = parseInfo(await connection.command('INFO'));
      if (!wasLeftByRestore(info, this.target)) return [];
      await makeMaster(connection, signal);
      return [`${this.description} was left as a replica of a runner that was killed: it is a primary again, with ${keysIn(info)} keys`];
    } finally {
      connection.close();
    }
  }

  public async restore(input: RestoreInput, signal: AbortSignal): Promise<Restored> {
    const artifact = snapshotOf(input.record);
    await this.checkWhole(artifact, input.artifacts, signal);
    const previous = this.target.safetyBackup ? await this.saveWhatIsThere(input.record, signal) : null;
    const { notes, keys } = await loadByReplication({
      id: input.record.id,
      description: this.description,
      target: this.target,
      advertisedHost: this.advertisedHost(),
      safetyBackup: previous,
      connect: by => this.connect(by),
      open: async () => this.whole(artifact, input.artifacts, signal),
      reporter: this.context.reporter,
    }, signal);
    return { holds: `${this.description} holds ${input.record.id}, ${keys} keys`, previous: previous === null ? null : `the backup ${previous}`, notes };
  }

  public async kept(signal: AbortSignal): Promise<readonly Kept[]> {
    const { config, stores } = this.context;
    return safetyBackups(await readCatalog(config.name, stores, signal), this.address).map(asKept);
  }

  public async rollback({ name }: Kept, signal: AbortSignal): Promise<Restored> {
    const { config, stores, reporter } = this.context;
    const backup = findBackup(await readCatalog(config.name, stores, signal), config.name, name);
    const artifacts = await VerifiedArtifacts.plan(backup, this.select(backup.record), stores, config, reporter);
    try {
      const { missing } = await this.inspect({ record: backup.record, artifacts }, signal);
      refuse(this.description, missing);
      await artifacts.verify(false, signal);
      return await this.restore({ record: backup.record, artifacts }, signal);
    } finally {
      await artifacts.dispose();
    }
  }

  public async discard({ name }: Kept, signal: AbortSignal): Promise<void> {
    await removeBackup(name, this.context.stores, signal);
  }

  private connect(signal: AbortSignal): Promise<RedisConnection> {
    return RedisConnection.open(this.target, this.password, signal, 'restore');
  }

  private advertisedHost(): string | null {
    const { advertiseHostEnv } = this.target;
    return advertiseHostEnv === null ? null : secretFrom(this.context.env, advertiseHostEnv, `address under which ${this.description} reaches the runner`);
  }

  /** Reads a snapshot that is in a file to its end: one that a server can't load kills it, and keeps it from starting again. */
  private async checkWhole(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal): Promise<void> {
    // The network is not read a third time: the digest says that it is what was checked when it was stored, and it is checked while it is sent.
    if (!artifacts.inScratch) return;
    await pipeline(await this.whole(artifact, artifacts, signal), new Writable({ write: (_chunk, _encoding, callback) => callback() }), { signal });
  }

  /** The snapshot, which fails before its last bytes unless it is whole. */
  private async whole(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal) {
    return checked(await artifacts.open(artifact, signal), new RdbCheck(artifact.file, 'restore another backup: cdk8s-backup list'));
  }

  private async saveWhatIsThere(restored: BackupRecord, signal: AbortSignal): Promise<string> {
    const { config, env, stores, reporter } = this.context;
    const { host, port, user, passwordEnv, tls } = this.target;
    const source: RedisConfig = { engine: 'redis', host, port, user, passwordEnv, tls };
    try {
      const record = await takeSafetyBackup(restored, source, new RedisSource(source, env), config, stores, reporter, signal);
      reporter.info('restore.safety', `What ${this.description} holds now is stored as ${record.id}`, { id: record.id });
      return record.id;
    } catch (error) {
      signal.throwIfAborted();
      throw new RestoreFailure(
        `what ${this.description} holds now can't be stored (${messageOf(error)}): put that right, or do without: --set target.safetyBackup=false`,
        `${this.description} is as it was`, true, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error },
      );
    }
  }
}

/** The one artifact of a backup of Redis. */
export function snapshotOf({ id, source, artifacts }: BackupRecord): RecordedArtifact {
  const found = artifacts.find(({ role }) => role === 'data');
  if (source.engine !== 'redis' || !found) throw new RunnerError(`${id} has no snapshot of a Redis`, ExitCode.CORRUPT);
  return found;
}

/** What the snapshot says of itself before the keys. */
export async function headOf(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal): Promise<RdbHead> {
  const snapshot = await artifacts.peek(artifact, signal);
  let head: RdbHead | undefined;
  try {
    head = await readRdbHead(snapshot);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError) throw error;
    throw new RunnerError(`${artifact.file} can't be decompressed (${messageOf(error)}): restore another backup, see "cdk8s-backup verify"`, ExitCode.CORRUPT, { cause: error });
  } finally {
    snapshot.destroy();
  }
  if (!head) throw new RunnerError(`${artifact.file} does not begin as a snapshot does: restore another backup, see "cdk8s-backup verify"`, ExitCode.CORRUPT);
  return head;
}

function refuse(description: string, missing: readonly Finding[]): void {
  const [first] = missing;
  if (first) throw new RunnerError(`${description} can't be restored: ${missing.map(({ message }) => message).join('; and ')}`, first.exitCode);
}
