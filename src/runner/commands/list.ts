import { forEachBackup } from './each-backup';
import { ExitCode } from '../../contract/exit-code';
import { Backup, Catalog } from '../catalog/catalog';
import { isUsable, latest } from '../catalog/choose-backup';
import { describeAhead } from '../catalog/clock';
import { copiesAsJson, copiesAsRead, describeFaults, storesWithWhole } from '../catalog/copy-state';
import { backupsElsewhere } from '../catalog/elsewhere';
import { reportFaults, warnOfPassedOver } from '../catalog/notes';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { InspectionConfigs } from '../config/load';
import { Context } from '../core/context';
import { formatBytes, formatSeconds } from '../core/format';
import { Reporter } from '../core/reporter';
import { renderTable } from '../core/table';
import { inspectBackups } from '../monitor/inspect-backups';

/** Lists all backups, oldest first. Fails if a store could not be read, or a record in it, after it has shown the rest. */
export async function list(context: Context<InspectionConfigs>, options: { readonly json: boolean }): Promise<ExitCode> {
  const { reporter, signal } = context;
  return forEachBackup(context, options, async (config, stores) => {
    const { catalog: seen } = await inspectBackups(config.name, stores, signal);
    const catalog = seen.backups.length === 0 ? seen : { ...seen, elsewhere: await backupsElsewhere(config.name, stores, signal) };
    return { json: asJson(config.name, catalog), text: asText(config.name, catalog), report: () => report(catalog, reporter) };
  });
}

function report(catalog: Catalog, reporter: Reporter): ExitCode {
  const newest = latest(catalog);
  if (newest) warnOfPassedOver(catalog, newest, reporter);
  return reportFaults(catalog, reporter);
}

function asText(name: string, catalog: Catalog): string {
  if (catalog.backups.length === 0) return `No backup of ${name}.\n`;
  const newest = latest(catalog);
  return renderTable(['BACKUP', 'AGE', 'SIZE', 'TOOK', 'STORES', 'STATE'], catalog.backups.map(backup => [
    backup.record.id,
    formatSeconds(ageSeconds(backup)),
    formatBytes(bytesOf(backup.record.artifacts)),
    backup.record.imported ? '-' : formatSeconds(secondsOf(backup.record)),
    storesWithWhole(copiesAsRead(backup)).join(', ') || 'none',
    state(backup) + (backup === newest ? ' (latest)' : ''),
  ]));
}

function state(backup: Backup): string {
  const { record, accepted, ahead } = backup;
  const faults = describeFaults(copiesAsRead(backup));
  if (record.suspect !== null) faults.unshift(accepted ? 'suspect, accepted' : `suspect: ${record.suspect}`);
  if (ahead) faults.unshift(describeAhead(ahead));
  const { length } = record.warnings ?? [];
  return `${faults.join('; ') || 'ok'}${record.imported ? ', imported' : ''}${length === 0 ? '' : `, ${length} warning${length === 1 ? '' : 's'}: "cdk8s-backup show" has ${length === 1 ? 'it' : 'them'}`}`;
}

function asJson(name: string, catalog: Catalog) {
  return {
    name,
    latest: latest(catalog)?.record.id ?? null,
    backups: catalog.backups.map(backup => ({
      ...backup.record,
      usable: isUsable(backup),
      accepted: backup.accepted,
      ahead: backup.ahead !== null,
      differing: backup.differing !== null,
      bytes: bytesOf(backup.record.artifacts),
      ageSeconds: ageSeconds(backup),
      tookSeconds: secondsOf(backup.record),
      copies: copiesAsJson(copiesAsRead(backup)),
    })),
    unreadable: catalog.unreadable.map(({ message }) => message),
    unreachable: [...catalog.unreachable.values()].map(({ message }) => message),
    elsewhere: catalog.elsewhere,
  };
}

/** From the point in time that a restore would go back to. */
function ageSeconds({ record }: Backup): number {
  return Math.max(0, Math.round((Date.now() - Date.parse(record.startedAt)) / 1000));
}
