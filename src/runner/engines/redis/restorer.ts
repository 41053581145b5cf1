import { RdbCheck } from './rdb/check';
import { RdbContent } from './rdb/look';
import { headOf, snapshotOf } from './restore-artifact';
import { contentOfSnapshot, findingsOfContent, refuseMixture } from './restore-content';
import { findingsOfMemory, findingsOfReplication, findingsOfServer, keysIn, readFacts } from './restore-facts';
import { addressFor, followsRunner, wasLeftByRestore } from './restore-left';
import { loadByReplication, makeMaster } from './restore-load';
import { loadNotes, loadSteps } from './restore-load-plan';
import { RedisServerRestorer } from './restore-server';
import { parseInfo, RedisSource } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { secretFrom } from '../../core/secrets';
import { RestoreArtifacts } from '../../engine-api/artifacts';
import { keptAs, notReady, PreparedRestore, Restored, RestoreInput, RestorePlan, RestorerContext, safetyBackupOf } from '../../engine-api/restorer';
import { noteReplaced, wayBack } from '../../previous/rollback-order';
import { checked } from '../../stream/check';

/** Snapshots of up to this size are read as a whole for the plan; larger ones only before they are restored. */
const LOOKED_INTO_BYTES = 256 * 1024 * 1024;

const BEING_RESTORED: Obstacle = {
  message: 'it is being restored by another run just now: let that end, look at what it has restored, and start again if it is not what you want',
  exitCode: ExitCode.UNAVAILABLE,
};

/**
 * A running Redis server, which loads the snapshot as a replica of the runner: no shared volume, no restart, and whether it keeps an
 * AOF does not matter.
 *
 * There is no second data set to swap with. So all that makes a server fail to load, which is when it has dropped what it had, is
 * ruled out before, and what it has is stored as a backup.
 */
export class RedisRestorer extends RedisServerRestorer {
  constructor(target: RedisTargetConfig, context: RestorerContext) {
    super(target, context, 'restore');
  }

  protected async planOf({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const { host, port } = this.target;
    const artifact = snapshotOf(record);
    const head = await headOf(artifact, artifacts, signal);
    const content = artifact.bytes <= LOOKED_INTO_BYTES ? await contentForPlan(artifact, artifacts, signal) : null;
    const connection = await this.connect(signal);
    try {
      const facts = await readFacts(connection, this.target, [['REPLICAOF', host, String(port)], ['INFO'], ['PSYNC', '?', '-1'], ['REPLCONF', 'capa', 'eof']]);
      const { info, keys } = facts;
      const address = addressFor(connection, this.advertisedHost());
      const left = await wasLeftByRestore(info, this.target, address);
      const ofServer = !left && followsRunner(info, this.target, address) ? [BEING_RESTORED] : findingsOfServer(facts, left);
      const told = { id: record.id, name: this.context.config.name, description: this.description, target: this.target, facts, left };
      return {
        steps: loadSteps(told),
        replaces: keys === 0 ? null : `${keys} keys in ${this.description}, ${formatBytes(Number(info.used_memory ?? 0))}`,
        keeps: keys > 0 && this.target.safetyBackup ? safetyBackupOf(this.context) : null,
        missing: ofServer.length > 0 ? ofServer : [
          ...findingsOfReplication(facts, head), ...findingsOfMemory(facts, head),
          ...content === null ? [] : await findingsOfContent(connection, content),
        ],
        notes: loadNotes(told),
      };
    } finally {
      connection.close();
    }
  }

  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    const connection = await this.connect(signal);
    try {
      const info = parseInfo(await connection.command('INFO'));
      if (!await wasLeftByRestore(info, this.target, addressFor(connection, this.advertisedHost()))) return [];
      await makeMaster(connection, signal);
      return [`${this.description} was left as a replica of a runner that was killed: it is a primary again, with ${keysIn(info)} keys`];
    } finally {
      connection.close();
    }
  }

  public async restore({ input }: PreparedRestore<null>, signal: AbortSignal): Promise<Restored> {
    const artifact = snapshotOf(input.record);
    await this.refuseWhatKills(input, signal);
    const previous = this.target.safetyBackup ? await this.save(input.record, signal) : null;
    const { notes, keys } = await loadByReplication({
      id: input.record.id,
      description: this.description,
      target: this.target,
      advertisedHost: this.advertisedHost(),
      wayBack: previous === null ? '' : `. Its previous data is stored as ${previous}: ${wayBack(previous, input.record)}`,
      connect: by => this.connect(by),
      open: async () => this.whole(artifact, input.artifacts, signal),
      reporter: this.context.reporter,
    }, signal);
    await noteReplaced(previous, input.record, this.context, signal);
    return { state: `${this.description} holds ${input.record.id}, ${keys} keys`, previous: keptAs('backup', previous), notes };
  }

  private save(restored: BackupRecord, signal: AbortSignal): Promise<string> {
    return this.saveWhatIsThere(restored, config => new RedisSource(config, this.context.env), signal);
  }

  private advertisedHost(): string | null {
    const { advertiseHostEnv } = this.target;
    return advertiseHostEnv === null ? null : secretFrom(this.context.env, advertiseHostEnv, `address under which ${this.description} reaches the runner`);
  }

  /** Reads the whole snapshot, if need be from the store once more: one that a server can't load ends it, and keeps it from starting again. */
  private async refuseWhatKills({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<void> {
    const artifact = snapshotOf(record);
    const content = await contentOfSnapshot(await this.whole(artifact, artifacts, signal), artifact.file, signal);
    if (content === null) {
      this.context.reporter.warn('restore.note', `${record.id} has a format that is newer than what this runner can look into: whether the server has its databases and modules is not known`);
      return;
    }
    refuseMixture(record, content.isMixture);
    const connection = await this.connect(signal);
    try {
      const missing = await findingsOfContent(connection, content);
      if (missing.length > 0) throw notReady(`${this.description} can't load ${record.id}, and was told nothing`, missing);
    } finally {
      connection.close();
    }
  }
}

/** What is in the first copy, whose digest is not verified yet; `null` if that can't be told: the restore looks again, into a good copy. */
async function contentForPlan(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal): Promise<RdbContent | null> {
  try {
    const snapshot = checked(await artifacts.peek(artifact, signal), new RdbCheck(artifact.file));
    return await contentOfSnapshot(snapshot, artifact.file, signal);
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
