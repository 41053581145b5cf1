import { confirm } from './confirm';
import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord } from '../../contract/record';
import { Backup, readCatalog } from '../catalog/catalog';
import { findBackup, findBackupAt, refuseDiffering } from '../catalog/choose-backup';
import { describeFaults, storesWithWhole } from '../catalog/copy-state';
import { warnOfCatalog, warnOfDamaged, warnOfPassedOver } from '../catalog/notes';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { engineConfigOf } from '../config/engines/table';
import { describeAt, parseAt } from '../config/point-in-time';
import { coloursOf } from '../core/colour';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatAge, formatBytes, formatSeconds, formatTime } from '../core/format';
import { resultLine } from '../core/result-line';
import { quoted } from '../core/shell-word';
import { printable } from '../core/table';
import { VerifiedArtifacts } from '../engine-api/artifacts';
import { readFrom } from '../engine-api/read-from';
import { describePrevious, exitCodeOfMissing, nameOfPrevious, notReady, Restored, RestoreFailure, RestorePlan, Restorer } from '../engine-api/restorer';
import { openRestorer } from '../engines/open';
import { engineOf, ENGINES } from '../engines/table';
import { openWorkloads } from '../kubernetes/open-workloads';
import { openRestoredOnce, RestoredOnce, RestoreNote } from '../kubernetes/restored-once';
import { Workloads } from '../kubernetes/workloads';
import { inTheClear } from '../previous/safety';
import { runRestore, bringUp, withWorkloadsStopped } from '../restore/restore-run';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';

export interface RestoreOptions {
  /** `latest`, an id, or the name of a file; what the config says if not given. */
  readonly wanted: string | undefined;
  /** The newest backup that was started at this time or before. */
  readonly at: string | undefined;
  /** SQLite: a file to write, which must not exist. */
  readonly to: string | undefined;
  /** Whether what is there is stored before, as far as the config wants that; false: not at all. */
  readonly safetyBackup: boolean;
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
  return runRestore('restore', { ...context, config: options.safetyBackup ? config : withoutSafetyBackup(config) }, either => restoreBackup(either, options));
}

async function restoreBackup(context: Context<RestoreConfig>, options: RestoreOptions): Promise<ExitCode> {
  const { config, env, reporter, signal } = context;
  const workloads = openWorkloads(config.workloads, env, reporter);
  const before = options.dryRun ? null : await workloads.restoredBefore(signal);
  if (before !== null) return goOn(before, workloads, context, options);
  const once = onceOf(context, options);
  const noted = await once?.noted(signal) ?? null;
  if (noted !== null) return noted.byThisJob ? goOn(noted.id, workloads, context, options) : notAgain(noted, context, options);
  const stores = openStores(context);
  const from = readFrom(config, stores);
  const backup = await chooseBackup(context, from, options);
  const { record } = backup;
  if (record.suspect !== null) reporter.warn('backup.suspect', `${record.id} is suspect: ${record.suspect}`);
  if (config.encryption !== null && record.artifacts.some(({ recipients }) => recipients === undefined)) {
    reporter.warn('backup.unsealed', `${record.id} is not encrypted, and backups of ${config.name} are now: it is from before that, or was put into the store by somebody else`);
  }
  if (options.to !== undefined) return restoreIntoNewFile(context, backup, from, options.to);

  refuseOtherEngine(record, config);
  const engine = engineConfigOf(config.target);
  const restorer = openRestorer({ config, env, reporter, stores });
  const artifacts = await VerifiedArtifacts.plan(backup, restorer.select(record), from, config, reporter);
  try {
    const prepared = await restorer.inspect({ record, artifacts }, signal);
    const plan = { ...prepared.plan, notes: [...(record.warnings ?? []).map(warning => `when the backup was taken: ${printable(warning)}`), ...prepared.plan.notes] };
    const unsealed = engine.takesSafetyBackup(config.target) ? inTheClear(record, config) : null;
    const missing = [...plan.missing, ...unsealed === null ? [] : [unsealed], ...await workloads.inspect(signal)];
    const steps = stepsOf(config, artifacts, plan, workloads);
    if (options.dryRun) return showPlan(context, record, restorer, { ...plan, steps, missing });
    if (missing.length > 0) throw notReady(`${restorer.description} can't be restored`, missing);
    for (const note of plan.notes) reporter.warn('restore.note', note);
    const now = new Date();
    await confirm(`This restores ${whatChanges(record, restorer.description, plan, now)}`, options, context);

    reporter.info('restore.started', `Restoring ${whatChanges(record, restorer.description, plan, now)}`,
      { id: record.id, target: restorer.description, dataFrom: record.startedAt, replaces: plan.replaces, keeps: plan.keeps, steps });
    await once?.inspect(signal);
    await artifacts.verify(engine.needsFile(config.target), signal);
    const change = () => noting(once, { id: record.id, target: restorer.description }, () => restorer.restore(prepared, signal), signal);
    const restored = await withWorkloadsStopped(record.id, restorer, workloads, change, context);
    return report(context, record.id, record.startedAt, restored, options);
  } finally {
    await artifacts.dispose();
  }
}

/** Ends what an earlier pod of this Job has begun, and which is live since. */
async function goOn(id: string, workloads: Workloads, context: Context<RestoreConfig>, options: RestoreOptions): Promise<ExitCode> {
  const state = `${id} was restored by an earlier pod of this Job`;
  context.reporter.warn('restore.resumed', `${state}, and is not restored again: all later writes would be lost. Now it starts ${[...workloads.steps].reverse().join(', ')}. To restore once more, start another Job`, { id });
  return report(context, id, null, await bringUp(id, { state, previous: null, notes: [] }, workloads, context), options);
}

/** Of a Job that applying has started. A person who starts one wants it, also a second time. */
function onceOf({ config, env, reporter }: Context<RestoreConfig>, { inPod, dryRun }: RestoreOptions): RestoredOnce | null {
  return config.once === undefined || !inPod || dryRun ? null : openRestoredOnce(config.once, env, reporter);
}

/** Notes what is live, before an application writes to it, also where the restore has failed after that. */
async function noting(
  once: RestoredOnce | null, restores: Omit<RestoreNote, 'at'>, change: () => Promise<Restored>, signal: AbortSignal,
): Promise<Restored> {
  const note = () => once?.note({ ...restores, at: new Date().toISOString() }, signal) ?? null;
  try {
    const restored = await change();
    const said = await note();
    return said === null ? restored : { ...restored, notes: [...restored.notes, said] };
  } catch (error) {
    if (error instanceof RestoreFailure && error.live) await note();
    throw error;
  }
}

/** What was restored by the same decision is not restored again, since the application has written since then. */
function notAgain({ id, target, at }: RestoreNote, context: Context<RestoreConfig>, options: RestoreOptions): ExitCode {
  const { config, env, reporter } = context;
  const restored = `${id} was restored to ${target} by an earlier Job, ${formatTime(new Date(at), new Date())}`;
  const again = 'To restore once more, start a Job with "cdk8s-backup restore-manifest", or give RestoreTrigger.onApply another id';
  const { description } = openRestorer({ config, env, reporter, stores: openStores(context) });
  if (description !== target) throw new RunnerError(`${restored}. Now the target is ${description}, which was not restored. ${again}`, ExitCode.BAD_CONFIG);
  const state = `${restored}, and is not restored again: all later writes would be lost. Nothing was changed. ${again}. If it has done its work, take the RestoreJob out of the app`;
  return report(context, id, null, { state, previous: null, notes: [] }, options);
}

async function chooseBackup(
  { config, reporter, signal }: Context<RestoreConfig>, stores: readonly Store[], { wanted, at }: RestoreOptions,
): Promise<Backup> {
  if (at !== undefined && wanted !== undefined && wanted !== 'latest') {
    throw new RunnerError(`give either a backup or --at TIME, got ${wanted} and ${at}`, ExitCode.USAGE);
  }
  const from = at === undefined ? null : parseAt(at);
  const catalog = await readCatalog(config.name, stores, signal);
  warnOfCatalog(catalog, reporter);
  const chosen = wanted ?? config.backup;
  // A backup that is named on the command line has precedence over the time in the config.
  const inConfig = wanted === undefined && config.notAfter !== null ? new Date(config.notAfter) : null;
  const notAfter = from ?? inConfig;
  const backup = chosen === 'latest' && notAfter !== null
    ? findBackupAt(catalog, config.name, notAfter)
    : findBackup(catalog, config.name, chosen);
  refuseDiffering(backup);
  if (chosen === 'latest') warnOfPassedOver(catalog, backup, reporter, notAfter);
  else warnOfDamaged(backup, reporter);
  if (at !== undefined) reporter.info('restore.at', `${describeAt(at, new Date())}: the newest backup from then or before is ${backup.record.id}`, { at: from, id: backup.record.id });
  if (storesWithWhole(backup.copies).length === 0) {
    throw new RunnerError(
      `no store has ${backup.record.id} whole: ${describeFaults(backup.copies).join('; ')}. Choose another: cdk8s-backup list`,
      catalog.unreachable.size > 0 ? ExitCode.UNAVAILABLE : ExitCode.CORRUPT,
    );
  }
  return backup;
}

function restoreIntoNewFile(context: Context<RestoreConfig>, backup: Backup, stores: readonly Store[], file: string): Promise<ExitCode> {
  const { name, target } = context.config;
  const { intoNewFile } = engineOf(target);
  if (intoNewFile !== null) return intoNewFile(context, backup, stores, file);
  const able = Object.values(ENGINES).filter(engine => engine.intoNewFile !== null).map(({ title }) => title).join(' and ');
  throw new RunnerError(`--to is for ${able}: ${name} is a ${target.engine} backup, see "cdk8s-backup restore --help"`, ExitCode.USAGE);
}

function refuseOtherEngine({ id, source }: BackupRecord, { target }: RestoreConfig): void {
  if (source.engine === target.engine) return;
  throw new RunnerError(`${id} is a backup of ${source.engine}, the target of the config is ${target.engine}: name the job that belongs to it`, ExitCode.USAGE);
}

/** Refuses where nothing is stored anyway: whoever says it expects that something else is gone afterwards. */
function withoutSafetyBackup(config: RestoreConfig): RestoreConfig {
  const target = engineConfigOf(config.target).withoutSafetyBackup(config.target);
  if (typeof target === 'string') throw new RunnerError(`--no-safety-backup: ${target}`, ExitCode.USAGE);
  return { ...config, target };
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

/** What goes live, how old it is, and what becomes of that which was written since: in whole sentences, after a verb. */
function whatChanges({ id, startedAt }: BackupRecord, target: string, { replaces, keeps }: RestorePlan, now: Date): string {
  const from = new Date(startedAt);
  return `${id} to ${target}: data from ${formatTime(from, now)}, ${formatAge(from, now)}.${replaces === null ? ''
    : ` It replaces ${replaces}. Later writes ${keeps === null ? 'are lost: nothing keeps them' : `are kept in ${keeps}`}.`}`;
}

function showPlan({ stdout, asText, env }: Context<RestoreConfig>, record: BackupRecord, { description }: Restorer, plan: RestorePlan): ExitCode {
  const { id, startedAt, source, artifacts } = record;
  const bytes = bytesOf(artifacts);
  const seconds = secondsOf(record);
  const now = new Date();
  if (asText) {
    const colour = coloursOf(stdout, env);
    stdout.write([
      `Restore of ${id} to ${description}. Nothing is changed by this plan.`,
      `The backup has the state of ${formatTime(new Date(startedAt), now)} (${formatAge(new Date(startedAt), now)}), ${formatBytes(bytes)} from ${source.engine} ${source.serverVersion} at ${source.address}. `
        + (record.imported ? 'It was imported, so nobody knows how long it took.' : `It took ${formatSeconds(seconds)}; a restore reads as much, and makes the indexes anew.`),
      ...plan.steps.map((step, i) => `${String(i + 1).padStart(3)}. ${step}`),
      ...plan.replaces === null ? [] : [`Replaced: ${plan.replaces}; ${plan.keeps === null ? 'it is not kept' : `kept in ${plan.keeps}`}`],
      ...plan.notes.map(note => `Note: ${note}`),
      ...plan.missing.map(({ message }) => `${colour.red('Missing:')} ${message}`),
      '',
    ].join('\n'));
  } else {
    stdout.write(resultLine('restore.plan', { id, target: description, bytes, backupTookSeconds: seconds, ...plan }));
  }
  return exitCodeOfMissing(plan.missing);
}

function report(
  { stdout, asText, config }: Context<RestoreConfig>, id: string, recoveryPoint: string | null, { state, notes, ...restored }: Restored,
  { inPod }: RestoreOptions,
): ExitCode {
  const previous = restored.previous && describePrevious(restored.previous);
  const inCluster = restored.previous && inPod ? `. In the cluster, "cdk8s-backup restore-manifest --rollback ${quoted(nameOfPrevious(restored.previous))}" prints the Job that brings it back` : '';
  const wayBack = previous && `the previous data is kept as ${previous}: "cdk8s-backup rollback" brings it back, "cdk8s-backup discard" removes it${inCluster}`;
  const now = new Date();
  const from = recoveryPoint === null ? '' : `, with data from ${formatTime(new Date(recoveryPoint), now)} (${formatAge(new Date(recoveryPoint), now)})`;
  // All that counts in the last line, which is what one sees of a log.
  stdout.write(asText
    ? `${notes.map(note => `Note: ${note}\n`).join('')}Done: ${state}${from}.${wayBack === null ? '' : ` And ${wayBack}.`}\n`
    : resultLine('restore.finished', { id, name: config.name, recoveryPoint, holds: state, previous, wayBack, notes }));
  return ExitCode.OK;
}
