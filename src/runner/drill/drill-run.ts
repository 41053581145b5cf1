import { DrillConfig, RestoreConfig, ScratchConfig } from '../../contract/config';
import { DrillRecord } from '../../contract/drill-record';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord } from '../../contract/record';
import { recordOfMember } from '../catalog/artifact';
import { Backup, readCatalog } from '../catalog/catalog';
import { findBackup, refuseDiffering } from '../catalog/choose-backup';
import { warnOfCatalog, warnOfDamaged, warnOfPassedOver } from '../catalog/notes';
import { bytesOf } from '../catalog/sizes';
import { engineConfigOf } from '../config/engines/table';
import { Context } from '../core/context';
import { roomIn } from '../core/disk';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { formatSeconds } from '../core/format';
import { VERSION } from '../core/version';
import { VerifiedArtifacts } from '../engine-api/artifacts';
import { DrillInput, DrillTarget } from '../engine-api/drill-target';
import { notReady, PreparedRestore, RestoreFailure, Restorer } from '../engine-api/restorer';
import { openRestorer } from '../engines/open';
import { databaseOf } from '../engines/table';
import { Store } from '../store-api/store';

/** What is known of a drill as far as it has come: the parts of its record. */
export type Progress = { -readonly [field in Exclude<keyof DrillRecord, 'version' | 'id' | 'name' | 'member' | 'startedAt' | 'finishedAt' | 'outcome' | 'faults'>]: DrillRecord[field] };

/**
 * One restore into a scratch server, with a look at what came of it and how long that took.
 *
 * What it finds out goes into {@link progress} as it goes along, so that a drill that comes to nothing tells how far it came.
 */
export class DrillRun {
  public readonly progress: Progress;
  private readonly beganAt = performance.now();
  private waitedMs = 0;

  constructor(
    private readonly context: Context<DrillConfig>, private readonly scratch: DrillTarget, private readonly stores: readonly Store[],
    private readonly startedAt: Date,
  ) {
    this.progress = noProgress(context.config);
  }

  /** Time since the beginning that was not spent on waiting for the scratch server, which a real restore finds running. */
  public get totalSeconds(): number {
    return (performance.now() - this.beganAt - this.waitedMs) / 1000;
  }

  /**
   * @param wanted `latest`, or a backup by name
   * @throws RunnerError where it could not be done, or the backup did not restore
   */
  public async run(wanted: string, signal: AbortSignal): Promise<void> {
    const { config, env, reporter } = this.context;
    const { progress, scratch, stores } = this;
    await this.waitForServer(signal);
    const backup = await this.choose(wanted, signal);
    const record = config.member === null ? backup.record : recordOfMember(backup.record, config.member);
    this.refuseOtherEngine(record);
    await scratch.claim(signal);

    const restorer = openRestorer({ config: restoreConfig(config, scratch), env, reporter, stores });
    const selected = restorer.select(record);
    const room = { scratch: await reduced(config.scratch, scratch.roomFor(selected)), decryption: config.decryption };
    const artifacts = await VerifiedArtifacts.plan(backup, selected, stores, room, reporter);
    const input: DrillInput = { record, selected, artifacts };
    try {
      reporter.info('drill.started', `Restoring ${record.id} into ${scratch.description}, ${progress.server!.version}`, { id: record.id, target: scratch.description });
      await scratch.prepare(input, signal);
      const prepared = await this.inspect(restorer, input, signal);
      await this.timed('verify', () => artifacts.verify(engineConfigOf(config.target).needsFile(config.target), signal));
      progress.store = artifacts.verifiedIn.join(', ');
      progress.bytes = bytesOf(selected);
      const { notes } = await this.timed('restore', () => this.restore(restorer, prepared, signal));
      for (const note of notes) reporter.warn('drill.note', note);
      const { items, checks } = await this.timed('check', () => scratch.check(input, signal));
      progress.items = items;
      progress.checks = checks;
    } finally {
      progress.seconds = { ...progress.seconds, total: this.totalSeconds };
      await artifacts.dispose();
    }
  }

  /** What is wrong with what was restored, and with the time that it took. */
  public faults(): { readonly message: string; readonly exitCode: ExitCode }[] {
    const { checks, seconds, rtoTargetSeconds, backup } = this.progress;
    const faults: { message: string; exitCode: ExitCode }[] = checks.filter(({ passed }) => !passed)
      .map(({ name, detail }) => ({ message: `${backup}, ${name}: ${detail}`, exitCode: ExitCode.CORRUPT }));
    if (rtoTargetSeconds !== null && seconds.total > rtoTargetSeconds) {
      faults.push({
        message: `${backup} took ${formatSeconds(seconds.total)} to restore, longer than the declared RTO of ${formatSeconds(rtoTargetSeconds)}: `
          + 'make the restore faster (several \'parallelJobs\', a store that is nearer, a faster disk), or promise what can be held',
        exitCode: ExitCode.DEADLINE,
      });
    }
    return faults;
  }

  private async waitForServer(signal: AbortSignal): Promise<void> {
    const from = performance.now();
    try {
      const { engine } = this.context.config.target;
      this.progress.server = { engine, version: await this.scratch.started(signal) };
    } finally {
      this.waitedMs = performance.now() - from;
    }
  }

  private async choose(wanted: string, signal: AbortSignal): Promise<Backup> {
    const { config, reporter } = this.context;
    const catalog = await readCatalog(config.name, this.stores, signal);
    warnOfCatalog(catalog, reporter);
    const backup = findBackup(catalog, config.name, wanted);
    refuseDiffering(backup);
    if (wanted === 'latest') warnOfPassedOver(catalog, backup, reporter);
    else warnOfDamaged(backup, reporter);
    const { id, startedAt, suspect } = backup.record;
    if (suspect !== null) reporter.warn('backup.suspect', `${id} is suspect: ${suspect}`);
    this.progress.backup = id;
    this.progress.recoveryPointAgeSeconds = Math.round((this.startedAt.getTime() - Date.parse(startedAt)) / 1000);
    return backup;
  }

  private refuseOtherEngine({ id, source }: BackupRecord): void {
    const { target } = this.context.config;
    if (source.engine === target.engine) return;
    throw new RunnerError(`${id} is a backup of ${source.engine}, and the drill is one of ${target.engine}: name the job that belongs to it`, ExitCode.USAGE);
  }

  private async inspect(restorer: Restorer, input: DrillInput, signal: AbortSignal): Promise<PreparedRestore> {
    const prepared = await restorer.inspect(input, signal);
    const { missing, notes, tools } = prepared.plan;
    this.progress.tools = { ...this.progress.tools, ...tools };
    for (const note of notes) this.context.reporter.info('drill.note', note);
    if (missing.length === 0) return prepared;
    throw notReady(`${input.record.id} can't be restored into the scratch server`, missing, this.whichServer());
  }

  private async restore(restorer: Restorer, prepared: PreparedRestore, signal: AbortSignal) {
    try {
      for (const repaired of await restorer.repair(signal)) this.context.reporter.warn('drill.repaired', repaired);
      return await restorer.restore(prepared, signal);
    } catch (error) {
      signal.throwIfAborted();
      // What the live name holds, which a restore has to tell, is of no interest in a server that is thrown away.
      const cause = error instanceof RestoreFailure ? error.cause ?? error : error;
      const code = exitCodeOf(error);
      throw new RunnerError(`${prepared.input.record.id} does not restore: ${messageOf(cause)}${this.whichServer()}`, code, { cause: error });
    }
  }

  private whichServer(): string {
    const { server } = this.progress;
    if (server === null || !databaseOf(server).hasDrillServer) return '';
    return `. The scratch server is ${server.engine} ${server.version}; 'serverImage' of the RestoreDrill says which it is`;
  }

  private async timed<T>(part: 'verify' | 'restore' | 'check', action: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const result = await action();
    this.progress.seconds = { ...this.progress.seconds, [part]: (performance.now() - from) / 1000 };
    return result;
  }
}

/** A drill that has not begun. */
export function noProgress({ rtoSeconds }: DrillConfig): Progress {
  return {
    backup: null,
    store: null,
    server: null,
    bytes: null,
    items: null,
    seconds: { verify: null, restore: null, check: null, total: 0 },
    recoveryPointAgeSeconds: null,
    rtoTargetSeconds: rtoSeconds,
    checks: [],
    tools: { 'cdk8s-backup': VERSION },
  };
}

/** The config of a restore that goes to the scratch server. */
function restoreConfig({ version, name, stores, decryption, activeDeadlineSeconds, scratch }: DrillConfig, { target }: DrillTarget): RestoreConfig {
  return { version, kind: 'restore', name, target, stores, backup: 'latest', notAfter: null, store: null, workloads: [], healthUrl: null, decryption, encryption: null, activeDeadlineSeconds, scratch };
}

/** The scratch directory, as if that much of it were taken. */
async function reduced(scratch: ScratchConfig, bytes: number): Promise<ScratchConfig> {
  if (bytes === 0) return scratch;
  return { ...scratch, limitBytes: Math.max(0, await roomIn(scratch) - bytes) };
}
