import { Context } from './context';
import { forEachBackup } from './each-backup';
import { ExitCode } from '../../contract/exit-code';
import { Backup, Catalog, isUsable, latest, readCatalog } from '../catalog';
import { describeAhead } from '../clock';
import { LookConfigs } from '../load-config';
import { formatBytes, formatSeconds } from '../reporter';
import { renderTable } from '../table';

/** Lists all backups, oldest first. Fails if a store could not be read, or a record in it, after it has shown the rest. */
export async function list(context: Context<LookConfigs>, options: { readonly json: boolean }): Promise<ExitCode> {
  const { reporter, signal } = context;
  return forEachBackup(context, options, async (config, stores) => {
    const catalog = await readCatalog(config.name, stores, signal);
    return { json: asJson(config.name, catalog), text: asText(config.name, catalog), report: () => reportFaults(catalog, reporter) };
  });
}

/** Tells what of a catalog could not be read, or can't be trusted, and the exit code that follows from it. */
export function reportFaults(catalog: Catalog, reporter: Context['reporter']): ExitCode {
  for (const fault of [...catalog.unreachable.values(), ...catalog.unreadable]) reporter.error('catalog.incomplete', fault.message);
  const differing = catalog.backups.flatMap(({ record: { id }, differing: records }) => records ? [{ id, stores: [...records.keys()] }] : []);
  for (const { id, stores } of differing) {
    reporter.error('records.differ', `The records of ${id} differ between ${stores.join(' and ')}: one of them was changed, and nothing is restored of it until a store is named, `
      + `"restore ${id} --store ${stores[0]}"`, { id, stores });
  }
  for (const { record: { id }, ahead } of catalog.backups) if (ahead) reporter.warn('backup.ahead', `${id} is never the latest, it is ${describeAhead(ahead)}`, { id });
  if (differing.length > 0) return ExitCode.CORRUPT;
  return catalog.unreadable[0]?.exitCode ?? [...catalog.unreachable.values()][0]?.exitCode ?? ExitCode.OK;
}

function asText(name: string, catalog: Catalog): string {
  if (catalog.backups.length === 0) return `No backup of ${name}.\n`;
  const newest = latest(catalog);
  return renderTable(['BACKUP', 'AGE', 'SIZE', 'TOOK', 'STORES', 'STATE'], catalog.backups.map(backup => [
    backup.record.id,
    formatSeconds(ageSeconds(backup)),
    formatBytes(storedBytes(backup)),
    formatSeconds(tookSeconds(backup)),
    [...backup.copies].filter(([, fault]) => fault === null).map(([store]) => store).join(', ') || 'none',
    state(backup) + (backup === newest ? ' (latest)' : ''),
  ]));
}

function state({ record, copies, accepted, ahead }: Backup): string {
  const faults = [...copies].filter(([, fault]) => fault !== null).map(([store, fault]) => `${store}: ${fault}`);
  if (record.suspect !== null) faults.unshift(accepted ? 'suspect, accepted' : `suspect: ${record.suspect}`);
  if (ahead) faults.unshift(describeAhead(ahead));
  return faults.join('; ') || 'ok';
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
      bytes: storedBytes(backup),
      ageSeconds: ageSeconds(backup),
      tookSeconds: tookSeconds(backup),
      copies: Object.fromEntries([...backup.copies].map(([store, fault]) => [store, fault ?? 'ok'])),
    })),
    unreadable: catalog.unreadable.map(({ message }) => message),
    unreachable: [...catalog.unreachable.values()].map(({ message }) => message),
  };
}

/** Bytes of one copy. */
export function storedBytes({ record }: Backup): number {
  return record.artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** From the point in time that a restore would go back to. */
function ageSeconds({ record }: Backup): number {
  return Math.max(0, Math.round((Date.now() - Date.parse(record.startedAt)) / 1000));
}

export function tookSeconds({ record }: Backup): number {
  return Math.max(0, (Date.parse(record.finishedAt) - Date.parse(record.startedAt)) / 1000);
}
