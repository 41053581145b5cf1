import { forEachBackup } from './each-backup';
import { DrillRecord } from '../../contract/drill-record';
import { ExitCode } from '../../contract/exit-code';
import { InspectionConfigs } from '../config/load';
import { Context } from '../core/context';
import { formatAge, formatSeconds, formatTime } from '../core/format';
import { renderTable } from '../core/table';
import { inspectBackups, reportInspection } from '../monitor/inspect-backups';

/** Lists the restore drills that are on record, oldest first. */
export async function drills(context: Context<InspectionConfigs>, options: { readonly json: boolean }): Promise<ExitCode> {
  return forEachBackup(context, options, async (config, stores) => {
    const look = await inspectBackups(config.name, stores, context.signal);
    const json = { name: config.name, drills: look.drills };
    return { json, text: asText(config.name, look.drills), report: () => reportInspection(look, context.reporter) };
  });
}

function asText(name: string, all: readonly DrillRecord[]): string {
  if (all.length === 0) return `No restore drill of ${name}: nothing says yet that a backup of it can be restored.\n`;
  const now = new Date();
  return renderTable(['WHEN', 'BACKUP', 'FROM', 'OUTCOME', 'TOOK', 'RTO', 'FAULTS'], all.map(({ startedAt, backup, store, outcome, seconds, rtoTargetSeconds, faults }) => [
    `${formatTime(new Date(startedAt), now)} (${formatAge(new Date(startedAt), now)})`,
    backup ?? '-',
    store ?? '-',
    outcome,
    formatSeconds(seconds.total),
    rtoTargetSeconds === null ? '-' : `${formatSeconds(rtoTargetSeconds)} ${seconds.total > rtoTargetSeconds ? 'missed' : outcome === 'passed' ? 'held' : 'not proved'}`,
    faults.join('; '),
  ]));
}
