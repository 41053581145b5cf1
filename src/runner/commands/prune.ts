import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { withDeadline } from '../core/deadline';
import { resultLine } from '../core/result-line';
import { renderTable } from '../core/table';
import { pushState } from '../monitor/push-state';
import { PruneEntry, WHAT } from '../prune/entries';
import { prune, PruneOutcome } from '../prune/prune';
import { openStores } from '../stores/open';

export interface PruneCommandOptions {
  /** Whether the plan is only shown. */
  readonly dryRun: boolean;
  /** Whether files that look like ours go without a claim that proves it. */
  readonly unclaimed: boolean;
  /** Whether the CronJob runs it, whose log has one JSON object on each line. */
  readonly scheduled: boolean;
  readonly json: boolean;
}

/**
 * Removes what the retention does not keep, and tells of each thing why it is kept or goes. What a store does not let go is a warning;
 * that nothing may go at present is one too.
 */
export async function pruneCommand(context: Context, options: PruneCommandOptions): Promise<ExitCode> {
  const { config, stdout, asText: forPeople } = context;
  const stores = openStores(context);
  const outcome = await withDeadline(config.activeDeadlineSeconds, context.signal, 'the next prune goes on; raise the deadline if that repeats',
    signal => prune(stores, { ...options, now: new Date() }, { ...context, signal }));
  if (!options.dryRun) await pushState(config.pushgatewayUrl, config, stores, context.reporter);
  if (options.json) stdout.write(`${JSON.stringify(asJson(config.name, outcome, options.dryRun), null, 2)}\n`);
  else if (options.scheduled && !options.dryRun && !forPeople) stdout.write(asLine(config.name, outcome));
  else stdout.write(asText(config.name, outcome, options.dryRun));
  return outcome.failures[0]?.exitCode ?? ExitCode.OK;
}

function asJson(name: string, { stopped, entries, removed, hidden, refused, failures }: PruneOutcome, dryRun: boolean) {
  return { name, dryRun, stopped, entries, removed, hidden, refused, failures: failures.map(({ message }) => message) };
}

function asLine(name: string, { entries, stopped, removed, hidden, refused, failures }: PruneOutcome): string {
  return resultLine('prune.finished', { name, removed, of: entries.length, hidden, refused: refused.length, failed: failures.length, stopped });
}

function asText(name: string, { entries, stopped, removed, refused, failures }: PruneOutcome, dryRun: boolean): string {
  if (entries.length === 0) return `Nothing of ${name} in any store.\n`;
  const goes = entries.filter(({ action }) => action === 'delete').length;
  const table = renderTable(['STORE', 'WHAT', 'ID', 'DECISION', 'REASON'], entries.map(({ store, what, id, action, reason, files, uploads }: PruneEntry) =>
    [store, what, id, action, what === WHAT.backup ? reason : `${reason}: ${[...files, ...uploads].join(', ')}`]));
  const why = stopped.map(({ store, reason, begun }) => `Nothing${begun ? ' more' : ''} is removed${store === null ? '' : ` from ${store}`}: ${reason}.\n`).join('');
  const result = dryRun
    ? `Would remove ${goes} of ${entries.length}, once the newest backup was read back. Nothing was changed.\n`
    : `Removed ${removed} of ${entries.length}; ${refused.length} refused, ${failures.length} failed.\n`;
  return (dryRun ? table : '') + why + result; // a run has told it line by line
}
