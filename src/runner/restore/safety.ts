import { RestorerContext } from './open';
import { Kept } from './restorer';
import { BackupConfig, SourceConfig } from '../../contract/config';
import { ACCEPTED_SUFFIX, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { Backup, Catalog } from '../catalog';
import { filesOf } from '../claim';
import { takeBackup } from '../commands/backup';
import { Source } from '../sources/source';
import { Store } from '../stores/store';

/** Begins what the record of a safety backup says of it. It is suspect on purpose: the latest backup must never be the damage. */
const SAFETY = 'it is what was there before the restore of ';

/**
 * Stores what the target holds now as a backup like any other, which `list` shows and `restore` restores, but which never is the
 * latest: a restore that is started again would otherwise bring back what it was to replace.
 */
export async function takeSafetyBackup(
  restored: string, source: Source, sourceConfig: SourceConfig, { config, stores, reporter }: RestorerContext, signal: AbortSignal,
): Promise<BackupRecord> {
  const backup: BackupConfig = {
    version: config.version,
    kind: 'backup',
    name: config.name,
    source: sourceConfig,
    stores: config.stores,
    compression: { algorithm: 'zstd', level: 1 },
    retention: { keepHours: null, keepLast: null, keepAtLeast: 1 },
    suspectBelowPercent: 0,
    deadlineSeconds: config.deadlineSeconds,
    scratch: config.scratch,
  };
  const record = await takeBackup(source, stores, { acceptSmaller: true, suspect: SAFETY + restored }, { config: backup, reporter, signal });
  reporter.info('restore.safety', `What ${source.description} holds now is stored as ${record.id}`, { id: record.id });
  return record;
}

/** Safety backups of this server, newest first. */
export function safetyBackups({ backups }: Catalog, address: string): Backup[] {
  return backups.filter(({ record }) => record.suspect?.startsWith(SAFETY) && record.source.address === address).reverse();
}

export function asKept({ record }: Backup): Kept {
  return {
    name: record.id,
    keptAt: new Date(record.startedAt),
    bytes: record.artifacts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Removes a backup, its record first: a crash half way leaves rubbish and not a lie. */
export async function removeBackup(id: string, stores: readonly Store[], signal: AbortSignal): Promise<void> {
  for (const store of stores) {
    await store.remove([id + RECORD_SUFFIX], signal);
    await store.remove([...await filesOf(id, store, signal), id + ACCEPTED_SUFFIX], signal);
  }
}
