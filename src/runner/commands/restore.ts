import { confirm } from './confirm';
import { Context, openStores } from './context';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord } from '../../contract/record';
import { Backup, findBackup, findBackupAt, readCatalog } from '../catalog';
import { messageOf, RunnerError } from '../errors';
import { formatBytes, formatSeconds } from '../reporter';
import { VerifiedArtifacts } from '../restore/artifacts';
import { waitUntilHealthy } from '../restore/health';
import { openRestorer } from '../restore/open';
import { exitCodeOf, Finding, RestoreFailure, Restored, RestoreInput, RestorePlan, Restorer } from '../restore/restorer';
import { restoreIntoNewFile } from '../restore/sqlite-new-file';
import { openWorkloads, Workloads } from '../restore/workloads';
import { Store } from '../stores/store';

/** Time to start workloads again when the run itself is being stopped. */
const LAST_CALLS_MS = 3000;

export interface RestoreOptions {
  /** `latest`, an id, or the name of a file; what the config says if not given. */
  readonly wanted: string | undefined;
  /** The newest backup that was started at this time or before. */
  readonly at: string | undefined;
  /** SQLite: a file to write, which must not exist. */
  readonly to: string | undefined;
  /** Whether to tell what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Whether the person who runs this has confirmed it. */
  readonly yes: boolean;
  /** Whether the config comes from the environment of a pod, which somebody has started to restore. */
  readonly inPod: boolean;
}

/**
 * Restores one backup. Everything that can be known to stand in the way is looked for before anything changes; what the target
 * holds afterwards is said, whatever happens.
 */
export async function restore(context: Context<RestoreConfig>, options: RestoreOptions): Promise<ExitCode> {
  const { config } = context;
  const deadline = AbortSignal.timeout(config.deadlineSeconds * 1000);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    return await restoreBackup({ ...context, signal }, options);
  } catch (error) {
    const holds = error instanceof RestoreFailure ? error.holds : 'Nothing was changed';
    if (deadline.aborted && !context.signal.aborted) {
      throw new RunnerError(
        `the restore of ${config.name} was stopped at its deadline of ${formatSeconds(config.deadlineSeconds)}. ${holds}. `
          + 'Raise the deadline, or look for what slows down the server, the network or the store',
        ExitCode.DEADLINE, { cause: error },
      );
    }
    if (context.signal.aborted) throw new RunnerError(`${messageOf(context.signal.reason)}. ${holds}`, ExitCode.CANCELLED, { cause: error });
    if (error instanceof RestoreFailure) throw error;
    throw new RunnerError(`${messageOf(error)}. ${holds}`, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
  }
}

async function restoreBackup(context: Context<RestoreConfig>, options: RestoreOptions): Promise<ExitCode> {
  const { config, env, reporter, signal } = context;
  const stores = openStores(context);
  const backup = await chooseBackup(context, stores, options);
  const { record } = backup;
  if (record.suspect !== null) reporter.warn('backup.suspect', `${record.id} is suspect: ${record.suspect}`);
  if (options.to !== undefined) return restoreIntoNewFile(context, backup, stores, options.to);

  refuseOtherEngine(record, config);
  const restorer = openRestorer({ config, env, reporter, stores });
  const workloads = openWorkloads(config.workloads, env, reporter);
  const artifacts = await VerifiedArtifacts.plan(backup, restorer.select(record), stores, config, reporter);
  try {
    const plan = await restorer.inspect({ record, artifacts }, signal);
    const missing = [...plan.missing, ...await workloads.inspect(signal)];
    const steps = stepsOf(config, artifacts, plan, workloads);
    if (options.dryRun) return showPlan(context, record, restorer, { ...plan, steps, missing });
    if (missing.length > 0) throw notReady(restorer, missing);
    for (const note of plan.notes) reporter.warn('restore.note', note);
    await confirm(`This restores ${record.id} to ${restorer.description}.${plan.replaces === null ? '' : ` It replaces ${plan.replaces}.`}`, options, context);

    reporter.info('restore.started', `Restoring ${record.id} to ${restorer.description}`, { id: record.id, target: restorer.description, steps });
    await artifacts.verify(config.target.engine === 'postgres' && config.target.parallelJobs > 1, signal);
    const restored = await putBack(restorer, workloads, { record, artifacts }, context);
    return report(context, record, restored);
  } finally {
    await artifacts.dispose();
  }
}

/** Stops the workloads, restores, and starts them again, also after a failure that they can live with. */
async function putBack(
  restorer: Restorer, workloads: Workloads, input: RestoreInput, { config, reporter, signal }: Context<RestoreConfig>,
): Promise<Restored> {
  const startedAt = performance.now();
  let holds = `${restorer.description} is as it was`;
  let sound = true;
  try {
    for (const repaired of await restorer.repair(signal)) reporter.warn('restore.repaired', repaired);
    await workloads.stop(signal);
    const restored = await restorer.restore(input, signal);
    holds = restored.holds;
    reporter.info('restore.live', holds, { seconds: (performance.now() - startedAt) / 1000 });
    await workloads.start(true, signal);
    if (config.healthUrl !== null) await waitUntilHealthy(config.healthUrl, signal);
    return restored;
  } catch (error) {
    if (error instanceof RestoreFailure) ({ holds, sound } = error);
    // What is stopped stays down only where starting it would make things worse.
    if (sound) {
      await workloads.start(false, AbortSignal.timeout(LAST_CALLS_MS)).catch((failure: unknown) => {
        reporter.error('workloads.down', `the workloads can't be started again, run the restore once more or scale them yourself: ${messageOf(failure)}`);
      });
    } else {
      reporter.error('workloads.down', 'the workloads stay stopped: the target is not fit for use');
    }
    if (error instanceof RestoreFailure) throw error;
    throw new RestoreFailure(messageOf(error), holds, sound, error instanceof RunnerError ? error.exitCode : ExitCode.FAILED, { cause: error });
  }
}

async function chooseBackup(
  { config, reporter, signal }: Context<RestoreConfig>, stores: readonly Store[], { wanted, at }: RestoreOptions,
): Promise<Backup> {
  if (at !== undefined && wanted !== undefined && wanted !== 'latest') {
    throw new RunnerError(`give either a backup or --at TIME, got ${wanted} and ${at}`, ExitCode.USAGE);
  }
  if (at !== undefined && Number.isNaN(Date.parse(at))) {
    throw new RunnerError(`--at takes a time such as 2026-11-22T02:00:00Z, got ${JSON.stringify(at)}`, ExitCode.USAGE);
  }
  const catalog = await readCatalog(config.name, stores, signal);
  for (const fault of catalog.unreadable) reporter.warn('record.unreadable', fault.message);
  for (const [name, fault] of catalog.unreachable) reporter.warn('store.unreachable', `${name}: ${fault.message}`);
  const chosen = wanted ?? config.backup;
  // A backup that is named on the command line has precedence over the time in the config.
  const notAfter = at ?? (wanted === undefined ? config.notAfter : null);
  const backup = chosen === 'latest' && notAfter !== null
    ? findBackupAt(catalog, config.name, new Date(notAfter))
    : findBackup(catalog, config.name, chosen);
  if (![...backup.copies.values()].includes(null)) {
    throw new RunnerError(
      `no store has ${backup.record.id} whole: ${[...backup.copies].map(([store, fault]) => `${store}: ${fault}`).join('; ')}. Choose another: cdk8s-backup list`,
      catalog.unreachable.size > 0 ? ExitCode.UNAVAILABLE : ExitCode.CORRUPT,
    );
  }
  return backup;
}

function refuseOtherEngine({ id, source }: BackupRecord, { target }: RestoreConfig): void {
  if (source.engine === target.engine) return;
  throw new RunnerError(`${id} is a backup of ${source.engine}, the target of the config is ${target.engine}: name the job that belongs to it`, ExitCode.USAGE);
}

function stepsOf({ healthUrl }: RestoreConfig, artifacts: VerifiedArtifacts, plan: RestorePlan, workloads: Workloads): string[] {
  return [
    ...artifacts.steps,
    ...workloads.steps.length === 0 ? [] : [`stop ${workloads.steps.join(', ')}`],
    ...plan.steps,
    ...workloads.steps.length === 0 ? [] : [`start ${[...workloads.steps].reverse().join(', ')} again, and wait until all are ready`],
    ...healthUrl === null ? [] : [`ask ${healthUrl} until it answers`],
  ];
}

function showPlan({ stdout }: Context<RestoreConfig>, record: BackupRecord, { description }: Restorer, plan: RestorePlan): ExitCode {
  const { id, startedAt, finishedAt, source, artifacts } = record;
  const bytes = artifacts.reduce((sum, artifact) => sum + artifact.bytes, 0);
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  if (stdout.isTTY) {
    stdout.write([
      `Restore of ${id} to ${description}. Nothing is changed by this plan.`,
      `The backup has the state of ${startedAt}, ${formatBytes(bytes)} from ${source.engine} ${source.serverVersion} at ${source.address}. `
        + `It took ${formatSeconds(seconds)}; a restore reads as much, and makes the indexes anew.`,
      ...plan.steps.map((step, i) => `${String(i + 1).padStart(3)}. ${step}`),
      ...plan.replaces === null ? [] : [`Replaced: ${plan.replaces}`],
      ...plan.notes.map(note => `Note: ${note}`),
      ...plan.missing.map(({ message }) => `Missing: ${message}`),
      '',
    ].join('\n'));
  } else {
    stdout.write(`${JSON.stringify({
      level: 'info', time: new Date().toISOString(), event: 'restore.plan', id, target: description, bytes, backupTookSeconds: seconds, ...plan,
    })}\n`);
  }
  return exitCodeOf(plan.missing);
}

function notReady({ description }: Restorer, missing: readonly Finding[]): RunnerError {
  return new RunnerError(`${description} can't be restored: ${missing.map(({ message }) => message).join('; and ')}`, exitCodeOf(missing));
}

function report({ stdout, config }: Context<RestoreConfig>, { id, startedAt }: BackupRecord, { holds, previous, notes }: Restored): ExitCode {
  stdout.write(stdout.isTTY
    ? `Done: ${holds}.\n${notes.map(note => `Note: ${note}\n`).join('')}${previous === null ? '' : `What was there before is kept as ${previous}: "cdk8s-backup rollback" brings it back, "cdk8s-backup discard" removes it.\n`}`
    : `${JSON.stringify({
      level: 'info', time: new Date().toISOString(), event: 'restore.finished', id, name: config.name, recoveryPoint: startedAt, holds, previous, notes,
    })}\n`);
  return ExitCode.OK;
}
