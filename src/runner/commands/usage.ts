import { forEachBackup } from './each-backup';
import { ExitCode } from '../../contract/exit-code';
import { isWhole } from '../catalog/copy-state';
import { InspectionConfigs } from '../config/load';
import { Context } from '../core/context';
import { formatBytes } from '../core/format';
import { renderTable } from '../core/table';
import { BackupInspection, inspectBackups, reportInspection } from '../monitor/inspect-backups';
import { growthPerDay } from '../monitor/trend';

/** Shows per store how much there is of a backup, how fast that grows, and what is free. */
export async function usage(context: Context<InspectionConfigs>, options: { readonly json: boolean }): Promise<ExitCode> {
  return forEachBackup(context, options, async (config, stores) => {
    const look = await inspectBackups(config.name, stores, context.signal);
    const all = usageOf(look, new Date());
    return { json: { name: config.name, stores: all }, text: asText(all), report: () => reportInspection(look, context.reporter) };
  });
}

interface StoreUsage {
  readonly store: string;
  readonly location: string;
  /** Why nothing is known; `null` if something is. */
  readonly fault: string | null;
  /** Of everything under the backup's name, checksums, records and rubbish included. */
  readonly objects: number;
  readonly bytes: number;
  /** With all their files. */
  readonly backups: number;
  readonly oldest: string | null;
  readonly newest: string | null;
  /** Added by the backups of the last 30 days; what was removed since is not taken off. `null`: less than a day to go by. */
  readonly growthBytesPerDay: number | null;
  /** `null` for object storage. */
  readonly freeBytes: number | null;
}

function usageOf({ catalog, stores }: BackupInspection, now: Date): StoreUsage[] {
  return stores.map(store => {
    const whole = catalog.backups.filter(({ copies }) => isWhole(copies.get(store.name))).map(({ record }) => record);
    return {
      store: store.name,
      location: store.location,
      fault: store.trouble?.message ?? null,
      objects: store.objects,
      bytes: store.bytes,
      backups: whole.length,
      oldest: whole[0]?.id ?? null,
      newest: whole.at(-1)?.id ?? null,
      growthBytesPerDay: growthPerDay(whole, now),
      freeBytes: store.freeBytes,
    };
  });
}

function asText(all: readonly StoreUsage[]): string {
  const headings = ['STORE', 'BYTES', 'OBJECTS', 'BACKUPS', 'OLDEST', 'NEWEST', 'GROWTH/DAY', 'FREE', 'WHERE'];
  return renderTable(headings, all.map(({ store, location, fault, ...used }) => fault !== null
    ? [store, ...headings.slice(2).map(() => '?'), location]
    : [
      store, formatBytes(used.bytes), String(used.objects), String(used.backups), used.oldest ?? '-', used.newest ?? '-',
      used.growthBytesPerDay === null ? '-' : formatBytes(used.growthBytesPerDay), used.freeBytes === null ? '-' : formatBytes(used.freeBytes), location,
    ]));
}
