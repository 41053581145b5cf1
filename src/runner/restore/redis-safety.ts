import { Kept } from './restorer';
import { BackupConfig, RestoreConfig, SourceConfig } from '../../contract/config';
import { ACCEPTED_SUFFIX, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord } from '../../contract/record';
import { Backup, Catalog } from '../catalog';
import { filesOf } from '../claim';
import { takeBackup } from '../commands/backup';
import { Reporter } from '../reporter';
import { Source } from '../sources/source';
import { Store } from '../stores/store';

/** Begins what the record of a safety backup says of it. It is suspect on purpose: the latest backup must never be the damage. */
const SAFETY = 'it is what was there before the restore of ';

/**
 * Stores what the target holds now as a backup like any other, which `list` shows and `restore` restores, but which never is the
 * latest: a restore that is started again would otherwise bring back what it was to replace. It is sealed to the recipients of the
 * backup that is restored: what was encrypted yesterday is not stored in the clear today.
 */
export async function takeSafetyBackup(
  restored: BackupRecord, source: SourceConfig, opened: Source, config: RestoreConfig, stores: readonly Store[],
  reporter: Reporter, signal: AbortSignal,
): Promise<BackupRecord> {
  const recipients = restored.artifacts.find(artifact => artifact.recipients !== undefined)?.recipients;
  const backup: BackupConfig = {
    version: config.version,
    kind: 'backup',
    name: config.name,
    source,
    stores: config.stores,
    compression: { algorithm: 'zstd', level: 1 },
    retention: {
      keepHours: null, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 1,
    },
    pruneAfterBackup: false,
    verification: { olderPercent: 0, repair: false },
    encryption: recipients ? { recipients } : null,
    pushgatewayUrl: null,
    suspectBelowPercent: 0,
    deadlineSeconds: config.deadlineSeconds,
    scratch: config.scratch,
  };
  const options = { acceptSmaller: true, suspect: SAFETY + restored.id };
  return takeBackup(opened, stores, options, { config: backup, reporter, signal });
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
