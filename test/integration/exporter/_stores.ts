import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CONFIG_VERSION, ExportedBackupConfig, ExporterConfig, StoreConfig } from '../../../src/contract/config';
import { DRILL_VERSION, DrillRecord } from '../../../src/contract/drill-record';
import { FAILED_RUN_VERSION, FailedRun } from '../../../src/contract/failed-run';
import { backupId, CHECKSUM_SUFFIX, DRILL_SUFFIX, FAILED_RUN_SUFFIX, RECORD_SUFFIX, verificationKey } from '../../../src/contract/layout';
import { BackupRecord, RECORD_VERSION } from '../../../src/contract/record';
import { VERIFICATION_VERSION } from '../../../src/contract/verification-record';

const HOUR_MS = 3_600_000;

export function hoursAgo(hours: number): Date {
  return new Date(Math.floor((Date.now() - hours * HOUR_MS) / 1000) * 1000);
}

export function exported(name: string, stores: readonly StoreConfig[], changes: Partial<ExportedBackupConfig> = {}): ExportedBackupConfig {
  return {
    name,
    engine: 'postgres',
    namespace: 'whispercache',
    cronJob: 'db-backup',
    restoreJob: 'db-restore',
    stores,
    staleAfterSeconds: 26 * 3600,
    rpoSeconds: 27 * 3600,
    rtoSeconds: 1800,
    verifiedWithinSeconds: 8 * 86_400,
    drilledWithinSeconds: 8 * 86_400,
    ...changes,
  };
}

export function exporter(
  backups: readonly ExportedBackupConfig[], port: number, refreshSeconds = 1, changes: Partial<ExporterConfig> = {},
): ExporterConfig {
  return { version: CONFIG_VERSION, kind: 'exporter', cluster: null, environment: null, backups, port, refreshSeconds, ...changes };
}

/** Writes the files of a backup, as a run would have, except that the artifact has so many bytes as its record says and no content. */
export function plantBackup(directory: string, name: string, at: Date, bytes: number, changes: Partial<BackupRecord> = {}): string {
  const id = backupId(name, at);
  const file = `${id}.dump`;
  const record: BackupRecord = {
    version: RECORD_VERSION,
    id,
    name,
    source: { engine: 'postgres', serverVersion: '17.10', address: 'postgres:5432', database: name },
    startedAt: at.toISOString(),
    finishedAt: new Date(at.getTime() + 184_000).toISOString(),
    tools: { 'cdk8s-backup': '0.1.0', 'pg_dump': '17.10' },
    artifacts: [{
      file,
      role: 'data',
      database: name,
      bytes,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      compression: { algorithm: 'zstd', level: 1, where: 'inside' },
      plainBytes: null,
      counts: { precision: 'estimate', unit: 'rows', items: { 'public.orders': 12_000, 'public.users': 800 } },
    }],
    stores: ['volume'],
    suspect: null,
    ...changes,
  };
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, file), Buffer.alloc(bytes));
  writeFileSync(path.join(directory, id + CHECKSUM_SUFFIX), `${record.artifacts[0]!.sha256}  ${file}\n`);
  writeFileSync(path.join(directory, id + RECORD_SUFFIX), JSON.stringify(record));
  return id;
}

export function plantVerification(directory: string, id: string, store: string, at: Date, faults: readonly string[] = []): void {
  writeFileSync(path.join(directory, verificationKey(id, at)), JSON.stringify({
    version: VERIFICATION_VERSION,
    id,
    store,
    startedAt: at.toISOString(),
    finishedAt: new Date(at.getTime() + 20_000).toISOString(),
    formatRead: true,
    faults,
    repairedFrom: null,
    tools: {},
  }));
}

export function plantDrill(directory: string, name: string, at: Date, changes: Partial<DrillRecord> = {}): void {
  const id = backupId(name, at);
  const drill: DrillRecord = {
    version: DRILL_VERSION,
    id,
    name,
    backup: null,
    store: 'volume',
    startedAt: at.toISOString(),
    finishedAt: new Date(at.getTime() + 214_000).toISOString(),
    outcome: 'passed',
    faults: [],
    server: { engine: 'postgres', version: '17.10' },
    bytes: 1_200_000,
    items: 12_800,
    seconds: { verify: 12, restore: 180, check: 8, total: 200 },
    recoveryPointAgeSeconds: 7200,
    rtoTargetSeconds: 1800,
    checks: [],
    tools: {},
    ...changes,
  };
  writeFileSync(path.join(directory, id + DRILL_SUFFIX), JSON.stringify(drill));
}

export function plantFailedRun(directory: string, name: string, at: Date, message: string, exitCode = 20): void {
  const run: FailedRun = {
    version: FAILED_RUN_VERSION, name, startedAt: at.toISOString(), finishedAt: new Date(at.getTime() + 30_000).toISOString(), exitCode, message,
  };
  writeFileSync(path.join(directory, backupId(name, at) + FAILED_RUN_SUFFIX), JSON.stringify(run));
}

/** A month of nightly backups that grow a little, verified and drilled, the newest `hours` ago. */
export function plantMonth(directories: readonly string[], name: string, { hours = 10, bytes = 1_100_000, days = 30, every = 24 } = {}): string[] {
  const ids: string[] = [];
  for (let day = days - 1; day >= 0; day--) {
    const at = hoursAgo(hours + day * every);
    const size = Math.round(bytes * (1 + (days - day) * 0.006 + ((day * 7) % 5) * 0.004));
    for (const directory of directories) ids.push(plantBackup(directory, name, at, size));
  }
  return [...new Set(ids)];
}
