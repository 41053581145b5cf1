import { DrillConfig } from '../../contract/config';
import { DrillRecord } from '../../contract/drill-record';
import { ExitCode } from '../../contract/exit-code';
import { DRILL_SUFFIX } from '../../contract/layout';
import { Colours, coloursOf } from '../core/colour';
import { Context } from '../core/context';
import { deadlineIn } from '../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { formatBytes, formatSeconds } from '../core/format';
import { resultLine } from '../core/result-line';
import { clearLeftScratch } from '../core/scratch';
import { noProgress, DrillRun } from '../drill/drill-run';
import { drillRecord, storeDrill } from '../drill/record';
import { DrillTarget } from '../engine-api/drill-target';
import { openDrillTarget } from '../engines/open';
import { databaseOf } from '../engines/table';
import { pushState } from '../monitor/push-state';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';

/** Time to clean up and to write the record after an end that nobody has hurried. */
const CLOSING_MS = 30_000;
/** The same after a signal, of the 4.5 s that the process has then. */
const HURRIED_CLOSING_MS = 4000;
const LEAST_CLOSING_MS = 500;

export interface DrillOptions {
  /** `latest`, or a backup by name. */
  readonly wanted: string;
  /** Whether values of the config were changed by hand, for this run. */
  readonly changed: boolean;
}

/**
 * Rehearses a restore: into a scratch server, with a look at what came of it. Ends with a record of how it went, also of a drill that
 * could not run: that is one that failed. Not where a value that was changed by hand may be the reason, which says nothing of the backup.
 */
export async function drill(context: Context<DrillConfig>, { wanted, changed }: DrillOptions): Promise<ExitCode> {
  const { config, signal, reporter } = context;
  const startedAt = new Date(Math.floor(Date.now() / 1000) * 1000); // as its id has it
  const abortedAt = timeOfAbort(signal);
  const deadline = deadlineIn(config.activeDeadlineSeconds);
  const stores = openStores(context);
  let scratch: DrillTarget | undefined;
  let rehearsal: DrillRun | undefined;
  let running: Promise<void> | undefined;
  let faults: readonly Fault[];
  try {
    await clearLeftScratch(config.scratch, reporter);
    scratch = openDrillTarget(context);
    rehearsal = new DrillRun(context, scratch, stores, startedAt);
    running = rehearsal.run(wanted, AbortSignal.any([signal, deadline]));
    // Who is told to stop has seconds: the record does not wait until the restore has cleaned up behind itself.
    await Promise.race([running, rejectedBy(signal)]);
    faults = rehearsal.faults();
  } catch (error) {
    // What nobody foresaw is told with the place where it happened.
    if (!(error instanceof RunnerError)) reporter.error('drill.unforeseen', messageOf(error), { stack: (error as Error | undefined)?.stack });
    faults = [faultOf(error, context, deadline)];
  }

  const record = drillRecord(config, startedAt, rehearsal?.progress ?? noProgress(config), faults.map(({ message }) => message));
  const doubtful = changed && faults.length > 0 && !faults.some(({ exitCode }) => exitCode === ExitCode.CORRUPT);
  const closing = AbortSignal.timeout(
    signal.aborted ? Math.max(LEAST_CLOSING_MS, HURRIED_CLOSING_MS - Math.round(performance.now() - abortedAt())) : CLOSING_MS,
  );
  const [stored] = await Promise.all([
    doubtful ? { record, stores: [] } : storeDrill(record, config.keepDrills, stores, reporter, closing),
    Promise.resolve(running).catch(() => {}).then(() => scratch?.clear(closing)).catch((error: unknown) => {
      reporter.warn('drill.left', `data of the drill are still in ${scratch!.description} (${messageOf(error)}): the next drill removes them, as the end of the pod does`);
    }),
  ]);
  if (!signal.aborted && !doubtful) await pushState(config.pushgatewayUrl, config, stores, reporter);
  return report(context, stored.record, faults, doubtful ? null : stored.stores, stores);
}

/** Why a drill did not pass. */
interface Fault {
  readonly message: string;
  readonly exitCode: ExitCode;
  readonly cause?: unknown;
}

function faultOf(cause: unknown, { config, signal }: Context<DrillConfig>, deadline: AbortSignal): Fault {
  if (signal.aborted) return { message: messageOf(signal.reason), exitCode: ExitCode.CANCELLED, cause };
  if (deadline.aborted) {
    return {
      message: `it was stopped at its deadline of ${formatSeconds(config.activeDeadlineSeconds)}: raise the deadline, or look for what slows down the scratch server, the network or the store`,
      exitCode: ExitCode.DEADLINE,
      cause,
    };
  }
  return { message: messageOf(cause), exitCode: exitCodeOf(cause), cause };
}

function report(
  { stdout, asText, config, env }: Context<DrillConfig>, record: DrillRecord, faults: readonly Fault[],
  /** Names of stores; `null`: on purpose nowhere. */
  written: readonly string[] | null, stores: readonly Store[],
): ExitCode {
  stdout.write(asText ? told(record, coloursOf(stdout, env)) : resultLine('drill.finished', { stores: written ?? [], ...record }, record.finishedAt));
  const [first] = faults;
  const where = written === null ? 'It is not recorded, since a value of --set may be the reason'
    : written.length === 0 ? 'It is recorded nowhere' : `It is recorded as ${record.id}${DRILL_SUFFIX} in ${written.join(' and ')}`;
  if (first !== undefined) {
    throw new RunnerError(`the drill of ${config.name} failed: ${record.faults.join('; and ')}. ${where}`, first.exitCode, { cause: first.cause });
  }
  if (written?.length === 0) {
    throw new RunnerError(
      `the drill of ${config.name} passed with ${record.backup}, and could not be recorded in ${stores.map(({ location }) => location).join(' or ')}, so nobody will know: see the warnings above`,
      ExitCode.UNAVAILABLE,
    );
  }
  return ExitCode.OK;
}

/** For a person at a terminal. */
function told({ outcome, backup, server, bytes, items, seconds, rtoTargetSeconds, checks }: DrillRecord, { green, red }: Colours): string {
  const parts = (['verify', 'restore', 'check'] as const).flatMap(part => seconds[part] === null ? [] : [`${part} ${formatSeconds(seconds[part])}`]);
  return [
    `${outcome === 'passed' ? green('Passed') : red('FAILED')}: ${backup ?? 'no backup'}${server === null ? '' : `, into ${server.engine} ${server.version}`}`,
    ...bytes === null ? [] : [`  ${formatBytes(bytes)}${items === null || server === null ? '' : `, ${items} ${databaseOf(server).counted}`}`],
    `  ${formatSeconds(seconds.total)}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}, ${rtoTargetSeconds === null ? 'no RTO is declared' : `the declared RTO is ${formatSeconds(rtoTargetSeconds)}`}`,
    ...checks.map(({ name, passed, detail }) => `  ${passed ? green('ok    ') : red('FAILED')} ${name}: ${detail}`),
    '',
  ].join('\n');
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** When a signal was aborted, once it was. */
function timeOfAbort(signal: AbortSignal): () => number {
  let at = performance.now();
  signal.addEventListener('abort', () => {
    at = performance.now();
  }, { once: true });
  return () => at;
}
