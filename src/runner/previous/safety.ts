import { safetyFields } from './safety-record';
import { BackupConfig, RestoreConfig, SourceConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { parseKey } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { takeBackup } from '../backup/take';
import { Backup, readCatalog } from '../catalog/catalog';
import { findBackup, refuseDiffering } from '../catalog/choose-backup';
import { removeBackup } from '../catalog/remove';
import { bytesOf } from '../catalog/sizes';
import { engineConfigOf } from '../config/engines/table';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { Obstacle } from '../core/obstacle';
import { VerifiedArtifacts } from '../engine-api/artifacts';
import { readFrom } from '../engine-api/read-from';
import { RollbackPoint, notReady, Restored, RestoreFailure, Restorer, RestorerContext } from '../engine-api/restorer';
import { Source } from '../engine-api/source';

/**
 * Stores what the target holds now as a backup like any other, which `list` shows and `restore` restores, but which never is the
 * latest: a restore that is started again would otherwise bring back what it was to replace. It is sealed to the recipients of the
 * config. Those of the record may be anybody's who can write to the store.
 */
export async function takeSafetyBackup(
  restored: BackupRecord, source: Source, sourceConfig: SourceConfig, { config, stores, reporter }: RestorerContext, signal: AbortSignal,
): Promise<BackupRecord> {
  const fault = inTheClear(restored, config);
  if (fault !== null) throw new RunnerError(fault.message, fault.exitCode);
  const backup: BackupConfig = {
    version: config.version,
    kind: 'backup',
    namespace: null,
    name: config.name,
    source: sourceConfig,
    stores: config.stores,
    compression: { algorithm: 'zstd', level: 1 },
    retention: {
      keepHours: null, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 1,
    },
    pruneAfterBackup: false,
    verify: { olderPercent: 0, repair: false },
    encryption: config.encryption,
    pushgatewayUrl: null,
    suspectBelowPercent: 0,
    activeDeadlineSeconds: config.activeDeadlineSeconds,
    scratch: config.scratch,
  };
  const record = await takeBackup(source, stores, { acceptSmaller: true, ...safetyFields(restored) }, { config: backup, reporter, signal });
  reporter.info('restore.safety', `The present data of ${source.description} is stored as ${record.id}`, { id: record.id });
  return record;
}

/** Why what is there must not be stored: it would lie in the clear, and should not. `null` where it may be stored. */
export function inTheClear({ id, artifacts }: BackupRecord, { encryption, target }: RestoreConfig): Obstacle | null {
  if (encryption !== null) return null;
  const sealed = artifacts.some(({ recipients }) => recipients !== undefined);
  const engine = engineConfigOf(target);
  if (!sealed && engine.secrets === null) return null;
  return {
    message: `the safety backup of what is there now would not be encrypted, ${sealed ? `and ${id} is` : `and ${engine.secrets} are never stored in the clear`}: `
      + `set 'encryption' of the RestoreJob, or give --set 'encryption={"recipients":["age1…"]}'${typeof engine.withoutSafetyBackup(target) === 'string' ? '' : ', or do without: --no-safety-backup'}`,
    exitCode: ExitCode.BAD_CONFIG,
  };
}

/**
 * As {@link takeSafetyBackup}, for a target that is as it was if that fails.
 *
 * @returns its id
 */
export async function saveBefore(
  restored: BackupRecord, description: string, source: Source, sourceConfig: SourceConfig, context: RestorerContext, signal: AbortSignal,
): Promise<string> {
  try {
    return (await takeSafetyBackup(restored, source, sourceConfig, context, signal)).id;
  } catch (error) {
    signal.throwIfAborted();
    throw new RestoreFailure(
      `the present data of ${description} can't be stored (${messageOf(error)}): put that right, or do without, by --no-safety-backup or --set target.safetyBackup=false`,
      `${description} is as it was`, true, exitCodeOf(error), { cause: error },
    );
  }
}

/** Restores a safety backup with a restorer of its own, which stores what is there before. */
export async function restoreKept(
  restorer: Restorer, { name }: RollbackPoint, { config, stores, reporter }: RestorerContext, signal: AbortSignal,
): Promise<Restored> {
  const from = readFrom(config, stores);
  const backup = findBackup(await readCatalog(config.name, from, signal), config.name, name);
  refuseDiffering(backup);
  const artifacts = await VerifiedArtifacts.plan(backup, restorer.select(backup.record), from, config, reporter);
  try {
    const prepared = await restorer.inspect({ record: backup.record, artifacts }, signal);
    const { missing } = prepared.plan;
    if (missing.length > 0) {
      throw notReady(`${restorer.description} can't be restored`, missing);
    }
    await artifacts.verify(false, signal);
    return await restorer.restore(prepared, signal);
  } finally {
    await artifacts.dispose();
  }
}

export function asKept({ record }: Backup): RollbackPoint {
  return {
    name: record.id,
    keptAt: new Date(record.startedAt),
    bytes: bytesOf(record.artifacts),
  };
}

/** Removes a safety backup for good, as prune removes a backup: claimed, so that what is left after a crash is finished by the next run. */
export async function discardBackup(
  id: string, { config, stores }: Pick<RestorerContext, 'config' | 'stores'>, signal: AbortSignal,
): Promise<void> {
  const catalog = await readCatalog(config.name, stores, signal);
  const { record, differing } = findBackup(catalog, config.name, id);
  const left: RunnerError[] = [];
  for (const store of stores) {
    const files = catalog.files.get(store.name);
    if (files && ![...files.keys()].some(key => parseKey(key)?.id === id)) continue;
    const removal = await removeBackup(differing?.get(store.name) ?? record, store, signal);
    if (removal.kind === 'refused') left.push(new RunnerError(`${store.name} does not let it go: ${removal.reason}`, ExitCode.DENIED));
    if (removal.kind === 'failed') left.push(removal.error);
  }
  if (left.length > 0) throw new RunnerError(`${id} is not removed from every store: ${left.map(messageOf).join('; ')}`, left[0]!.exitCode, { cause: left[0] });
}
