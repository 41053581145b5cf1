import { confirm } from './confirm';
import { DatabaseTargetConfig, RestoreConfig, TargetConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord } from '../../contract/record';
import { Backup, findBackup, findBackupAt, readCatalog, refuseDiffering } from '../catalog/catalog';
import { describeFaults, storesWithWhole } from '../catalog/copy-state';
import { warnOfCatalog } from '../catalog/notes';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatBytes, formatSeconds } from '../core/format';
import { printable } from '../core/table';
import { VerifiedArtifacts } from '../engine-api/artifacts';
import { readFrom } from '../engine-api/read-from';
import { describePrevious, exitCodeOfMissing, notReady, Restored, RestorePlan, Restorer } from '../engine-api/restorer';
import { openRestorer } from '../engines/open-restorer';
import { restoreIntoNewFile } from '../engines/sqlite/restore-new-file';
import { openWorkloads } from '../kubernetes/open-workloads';
import { Workloads } from '../kubernetes/workloads';
import { inTheClear, takesSafetyBackup } from '../previous/safety';
import { attempt, bringUp, whileStopped } from '../restore/attempt';
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
  return attempt('restore', { ...context, config: options.safetyBackup ? config : withoutSafetyBackup(config) }, either => restoreBackup(either, options));
}

async function restoreBackup(context: Context<RestoreConfig>, options: RestoreOptions): Promise<ExitCode> {
  const { config, env, reporter, signal } = context;
  const workloads = openWorkloads(config.workloads, env, reporter);
  const before = options.dryRun ? null : await workloads.restoredBefore(signal);
  if (before !== null) return goOn(before, workloads, context);
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
  const restorer = openRestorer({ config, env, reporter, stores });
  const artifacts = await VerifiedArtifacts.plan(backup, restorer.select(record), from, config, reporter);
  try {
    const prepared = await restorer.inspect({ record, artifacts }, signal);
    const plan = { ...prepared.plan, notes: [...(record.warnings ?? []).map(warning => `when the backup was taken: ${printable(warning)}`), ...prepared.plan.notes] };
    const unsealed = takesSafetyBackup(config.target) ? inTheClear(record, config) : null;
    const missing = [...plan.missing, ...unsealed === null ? [] : [unsealed], ...await workloads.inspect(signal)];
    const steps = stepsOf(config, artifacts, plan, workloads);
    if (options.dryRun) return showPlan(context, record, restorer, { ...plan, steps, missing });
    if (missing.length > 0) throw notReady(`${restorer.description} can't be restored`, missing);
    for (const note of plan.notes) reporter.warn('restore.note', note);
    await confirm(`This restores ${record.id} to ${restorer.description}.${plan.replaces === null ? '' : ` It replaces ${plan.replaces}.`}`, options, context);

    reporter.info('restore.started', `Restoring ${record.id} to ${restorer.description}`, { id: record.id, target: restorer.description, steps });
    await artifacts.verify(needsFiles(config.target), signal);
    const restored = await whileStopped(record.id, restorer, workloads, () => restorer.restore(prepared, signal), context);
    return report(context, record.id, record.startedAt, restored);
  } finally {
    await artifacts.dispose();
  }
}

/** Ends what an earlier pod of this Job has begun, and which is live since. */
async function goOn(id: string, workloads: Workloads, context: Context<RestoreConfig>): Promise<ExitCode> {
  const holds = `${id} was restored by an earlier pod of this Job`;
  context.reporter.warn('restore.resumed', `${holds}, and is not restored again: what was written since would be lost. What is left is to start ${[...workloads.steps].reverse().join(', ')}; to restore once more, start another Job`, { id });
  return report(context, id, null, await bringUp(id, { holds, previous: null, notes: [] }, workloads, context));
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
  warnOfCatalog(catalog, reporter);
  const chosen = wanted ?? config.backup;
  // A backup that is named on the command line has precedence over the time in the config.
  const notAfter = at ?? (wanted === undefined ? config.notAfter : null);
  const backup = chosen === 'latest' && notAfter !== null
    ? findBackupAt(catalog, config.name, new Date(notAfter))
    : findBackup(catalog, config.name, chosen);
  refuseDiffering(backup);
  if (storesWithWhole(backup.copies).length === 0) {
    throw new RunnerError(
      `no store has ${backup.record.id} whole: ${describeFaults(backup.copies).join('; ')}. Choose another: cdk8s-backup list`,
      catalog.unreachable.size > 0 ? ExitCode.UNAVAILABLE : ExitCode.CORRUPT,
    );
  }
  return backup;
}

/** Whether a restore can't do without the archive in a file: several programs read it at a time. */
function needsFiles(target: TargetConfig): boolean {
  if (target.engine === 'set') return Object.values(target.members).some(needsFiles);
  return target.engine === 'postgres' && target.parallelJobs > 1;
}

function refuseOtherEngine({ id, source }: BackupRecord, { target }: RestoreConfig): void {
  if (source.engine === target.engine) return;
  throw new RunnerError(`${id} is a backup of ${source.engine}, the target of the config is ${target.engine}: name the job that belongs to it`, ExitCode.USAGE);
}

/** Refuses where nothing is stored anyway: whoever says it expects that something else is gone afterwards. */
function withoutSafetyBackup(config: RestoreConfig): RestoreConfig {
  const { target } = config;
  if (target.engine === 'kubernetes') throw new RunnerError('--no-safety-backup: what is replaced in a namespace is always stored before', ExitCode.USAGE);
  if (target.engine !== 'set') {
    const without = withoutSafety(target);
    if (typeof without !== 'string') return { ...config, target: without };
    throw new RunnerError(`--no-safety-backup: no safety backup is taken here: ${without}`, ExitCode.USAGE);
  }
  const members = Object.entries(target.members).map(([name, member]) => [name, withoutSafety(member)] as const);
  if (members.every(([, without]) => typeof without === 'string')) {
    throw new RunnerError(`--no-safety-backup: no safety backup is taken here: ${members.map(([name, without]) => `${name}: ${String(without)}`).join('; ')}`, ExitCode.USAGE);
  }
  const changed = members.map(([name, without]) => [name, typeof without === 'string' ? target.members[name]! : without] as const);
  return { ...config, target: { ...target, members: Object.fromEntries(changed) } };
}

/** The target without its safety backup, or why it has none. */
function withoutSafety(target: DatabaseTargetConfig): DatabaseTargetConfig | string {
  switch (target.engine) {
    case 'postgres':
      if (target.mode === 'swap') return 'the database that is replaced is kept itself; remove it afterwards: cdk8s-backup discard';
      return target.mode === 'new-database' ? 'nothing is replaced' : { ...target, safetyBackup: false };
    case 'redis':
      return target.method === 'file'
        ? 'the files that are replaced are kept beside; remove them afterwards: cdk8s-backup discard'
        : { ...target, safetyBackup: false };
    case 'sqlite': return 'the file that is replaced is kept beside it, unless target.keepPrevious is false';
  }
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
  const { id, startedAt, source, artifacts } = record;
  const bytes = bytesOf(artifacts);
  const seconds = secondsOf(record);
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
  return exitCodeOfMissing(plan.missing);
}

function report(
  { stdout, config }: Context<RestoreConfig>, id: string, recoveryPoint: string | null, { holds, notes, ...restored }: Restored,
): ExitCode {
  const previous = restored.previous && describePrevious(restored.previous);
  stdout.write(stdout.isTTY
    ? `Done: ${holds}.\n${notes.map(note => `Note: ${note}\n`).join('')}${previous === null ? '' : `What was there before is kept as ${previous}: "cdk8s-backup rollback" brings it back, "cdk8s-backup discard" removes it.\n`}`
    : `${JSON.stringify({
      level: 'info', time: new Date().toISOString(), event: 'restore.finished', id, name: config.name, recoveryPoint, holds, previous, notes,
    })}\n`);
  return ExitCode.OK;
}
