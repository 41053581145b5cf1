import { RedisConnection } from './connection';
import { KeySet } from './rdb/key-set';
import { MARK_KEY } from './rdb/mark';
import { ServerError } from './resp';
import { headOf, snapshotOf } from './restore-artifact';
import { refuseMixture } from './restore-content';
import { findingsOfFormat, findingsOfMemory, findingsOfRights, findingsOfServer, keysIn, RedisFacts, readFacts } from './restore-facts';
import { KeysMark, readMark, removeMark, writeMark } from './restore-keys-mark';
import { contentOf, SnapshotContent } from './restore-keys-read';
import { RedisKeysSource } from './restore-keys-source';
import { keysToWrite, refuseFewer, removeOthers, writeFunctions, writeKeys, Written } from './restore-keys-write';
import { checkAssertions } from './restore-load';
import { RedisServerRestorer } from './restore-server';
import { parseInfo } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord } from '../../../contract/record';
import { exitCodeOf, messageOf } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { sum } from '../../core/sum';
import { RollbackPoint, keptAs, PreparedRestore, Restored, RestoreFailure, RestoreInput, RestorePlan, RestorerContext, safetyBackupOf } from '../../engine-api/restorer';
import { noteReplaced, wayBack } from '../../previous/rollback-order';

/** Servers before this one know no RESTORE with the time at which a key expires. */
const LEAST_MAJOR = 5;
/** Of a large value, or of a large key that is removed. */
const REPLY_LIMIT_MS = 5 * 60_000;
/** What such a restore calls, as a dry run of the server's ACL takes it. */
const COMMANDS = [
  ['RESTORE', MARK_KEY, '0', ''], ['SCAN', '0'], ['SELECT', '0'], ['UNLINK', MARK_KEY], ['GET', MARK_KEY], ['SET', MARK_KEY, ''], ['DUMP', MARK_KEY], ['PTTL', MARK_KEY], ['INFO'],
];

/**
 * A running Redis server that takes no commands of replication, as managed services don't: each key is written for itself.
 *
 * That is not one step: from the first key to the last the server holds a mixture. So it has to be empty, or somebody has to have said
 * that what is there may be replaced. A mark in the server tells the next run that it is in the midst of this.
 */
export class RedisKeysRestorer extends RedisServerRestorer {
  constructor(target: RedisTargetConfig, context: RestorerContext) {
    super(target, context, 'restore-keys');
  }

  protected async planOf({ record, artifacts }: RestoreInput, signal: AbortSignal): Promise<RestorePlan> {
    const head = await headOf(snapshotOf(record), artifacts, signal);
    const connection = await this.connect(signal);
    try {
      const facts = await readFacts(connection, this.target, COMMANDS);
      const ofServer = findingsOfServer(facts, false);
      const mark = ofServer.length > 0 ? null : await readMark(connection);
      const { keys, info } = facts;
      const saves = this.saves(keys, mark);
      return {
        steps: [
          `read all of ${record.id}, and look whether each key of it can be written`,
          ...saves ? [`store what ${this.description} holds now, key by key, as a backup of ${this.context.config.name}, which is not the latest`] : [],
          `write each key of ${record.id}${keys === 0 ? '' : ' over what is there'}: not in one step, so until the end ${this.description} holds a mixture`,
          ...this.target.assertions.map(({ pattern, atLeast: leastKeys }) => `look for at least ${leastKeys} keys like ${pattern}`),
          ...keys === 0 ? [] : [`remove the keys that are not in ${record.id}`],
        ],
        replaces: keys === 0 ? null : `${keys} keys in ${this.description}, ${formatBytes(Number(info.used_memory ?? 0))}`,
        keeps: keys > 0 && saves ? safetyBackupOf(this.context) : null,
        missing: ofServer.length > 0 ? ofServer : [
          ...this.findings(facts, mark), ...await unknownCommands(connection), ...findingsOfRights(facts, 'restore-keys'), ...findingsOfFormat(facts, head),
          ...findingsOfMemory(facts, head),
        ],
        notes: [
          ...mark === null ? [] : [`${this.description} holds a mixture, of a restore of ${mark.restoring} that did not end: this one${mark.restoring === record.id ? '' : `, of ${record.id},`} goes over it`
            + (mark.safetyBackup === null ? '' : `. Its keys from before that are stored as ${mark.safetyBackup}`)],
          ...keys === 0 || saves || mark !== null ? [] : ['the present keys are not stored before: there is no way back'],
          ...saves ? ['the present keys are read one by one: keys that are written meanwhile may be missing in that backup'] : [],
          'stop whatever writes: a key that the application writes during the restore is lost or stays by chance',
        ],
      };
    } finally {
      connection.close();
    }
  }

  /** A mixture is no state to go back to: the next restore, or a rollback, goes over it. */
  public async repair(signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return [];
  }

  public async restore({ input }: PreparedRestore<null>, signal: AbortSignal): Promise<Restored> {
    const left = await this.markLeft(signal);
    try {
      return await this.restoreKeys(input, signal);
    } catch (error) {
      // Nothing was changed, but what is there is not what it was either: no application may be started on it.
      if (left === null || error instanceof RestoreFailure) throw error;
      throw new RestoreFailure(
        messageOf(error), `${this.description} still holds a mixture, of a restore of ${left.restoring} that did not end: restore again, which goes over it; ${before(left, input.record)}`,
        false, signal.aborted ? ExitCode.CANCELLED : exitCodeOf(error), { cause: error },
      );
    }
  }

  private async markLeft(signal: AbortSignal): Promise<KeysMark | null> {
    const connection = await this.connect(signal);
    try {
      return await readMark(connection);
    } finally {
      connection.close();
    }
  }

  private async restoreKeys(input: RestoreInput, signal: AbortSignal): Promise<Restored> {
    const { record, artifacts } = input;
    const { id } = record;
    const artifact = snapshotOf(record);
    const content = await contentOf(await this.whole(artifact, artifacts, signal), artifact.file, Date.now());
    refuseMixture(record, content.isMixture);
    const connection = await this.connect(signal);
    const written: Written = { keys: 0, lasting: 0, removed: 0 };
    let mark: KeysMark | null = null;
    try {
      connection.waitUpTo(REPLY_LIMIT_MS);
      for (const database of content.keys.keys()) await connection.command('SELECT', String(database)); // there may be fewer
      const keys = keysIn(parseInfo(await connection.command('INFO')));
      const left = await readMark(connection);
      const safetyBackup = this.saves(keys, left)
        ? await this.saveWhatIsThere(record, config => new RedisKeysSource(config, by => this.connect(by)), signal)
        : left?.safetyBackup ?? null;
      mark = { restoring: id, safetyBackup };
      await writeMark(connection, mark);
      const functions: Buffer[] = [];
      const version = (await headOf(artifact, artifacts, signal)).format.version;
      const entries = keysToWrite(() => this.whole(artifact, artifacts, signal), artifact, functions, Date.now());
      const all = keys > 0 ? new KeySet() : null; // nothing has to be removed from an empty server
      await writeKeys(connection, entries, version, all, written, signal);
      const notes = await writeFunctions(connection, functions, version, this.target.replace || left !== null);
      await checkAssertions(connection, { target: this.target, description: this.description });
      if (all !== null) await removeOthers(connection, all, written, signal);
      const holds = await refuseFewer(connection, this.description, written);
      await removeMark(connection);
      await noteReplaced(safetyBackup, record, this.context, signal);
      return {
        state: `${this.description} holds ${id}, ${holds} keys`,
        previous: keptAs('backup', safetyBackup === id ? null : safetyBackup),
        notes: [...notes, ...this.notes(content, written)],
      };
    } catch (error) {
      if (mark === null || error instanceof RestoreFailure) throw error;
      throw this.failure(error, record, mark, written, content, signal);
    } finally {
      connection.close();
    }
  }

  /** Over whatever is there: that is what a rollback is for. */
  public override async rollback(kept: RollbackPoint, signal: AbortSignal): Promise<Restored> {
    if (this.target.replace) return super.rollback(kept, signal);
    return new RedisKeysRestorer({ ...this.target, replace: true, assertions: [] }, this.context).rollback(kept, signal);
  }

  /** Whether what is there has to be stored. A mixture has not: what was there before it is stored already, or was not to be. */
  private saves(keys: number, mark: KeysMark | null): boolean {
    return this.target.safetyBackup && keys > 0 && mark === null;
  }

  private findings({ keys, info }: RedisFacts, mark: KeysMark | null): Obstacle[] {
    const findings: Obstacle[] = [];
    if (Number.parseInt(info.redis_version ?? '', 10) < LEAST_MAJOR) {
      findings.push({ message: `the server is Redis ${info.redis_version}, and a restore key by key needs ${LEAST_MAJOR}.0 or later`, exitCode: ExitCode.VERSION_MISMATCH });
    }
    if (keys > 0 && mark === null && !this.target.replace) {
      findings.push({
        message: `it holds ${keys} keys, and key by key a restore replaces them one after the other, not in one step: restore into an empty server, or allow it with `
          + '"replace" of RestoreMode.redisKeys or --set target.replace=true',
        exitCode: ExitCode.USAGE,
      });
    }
    return findings;
  }

  private notes({ expired, leftOut }: SnapshotContent, { removed }: Written): string[] {
    return [
      ...expired === 0 ? [] : [`${expired} keys of the backup have expired since, and were not written`],
      ...removed === 0 ? [] : [`${removed} keys that are not in the backup were removed`],
      ...leftOut.map(what => `${what} is left out`),
    ];
  }

  private failure(
    error: unknown, record: BackupRecord, mark: KeysMark, written: Written, { keys }: SnapshotContent, signal: AbortSignal,
  ): RestoreFailure {
    const total = sum(keys.values());
    const done = written.keys < total ? `up to ${written.keys} of its ${total} keys are written, and none of the others is removed` : `all of its ${total} keys are written, and ${written.removed} others are removed`;
    return new RestoreFailure(
      messageOf(error), `${this.description} holds a mixture of ${mark.restoring} and what it held before: ${done}. Restore again, which goes over it; ${before(mark, record)}`, false,
      signal.aborted ? ExitCode.CANCELLED : exitCodeOf(error), { cause: error },
    );
  }
}

/** Where what the server held before is. */
function before({ safetyBackup }: KeysMark, record: BackupRecord): string {
  return safetyBackup === null
    ? 'its keys from before are not stored: restore another backup, or FLUSHALL'
    : `its keys from before are stored as ${safetyBackup}: ${wayBack(safetyBackup, record)}`;
}

/** Commands that the server does not have, or has under another name: it says so before it looks for what is missing behind them. */
async function unknownCommands(connection: RedisConnection): Promise<Obstacle[]> {
  const names = [...new Set(COMMANDS.map(([name]) => name!))].filter(name => name !== 'INFO');
  const answers = await connection.all(names.map(name => [name]));
  const unknown = names.filter((_name, i) => answers[i] instanceof ServerError && /unknown command/i.test((answers[i] as ServerError).message));
  return unknown.map(name => ({ message: `the server does not know ${name}, which a restore key by key needs: restore with the service's own means`, exitCode: ExitCode.BAD_CONFIG }));
}
