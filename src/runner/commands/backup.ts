import { ExitCode } from '../../contract/exit-code';
import { BackupRecord } from '../../contract/record';
import { leaveFailedRun } from '../backup/failed-run';
import { BackupOptions, HalfTaken, takeBackup } from '../backup/take';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { Context } from '../core/context';
import { deadlineIn } from '../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { formatBytes, formatSeconds } from '../core/format';
import { resultLine } from '../core/result-line';
import { clearLeftScratch } from '../core/scratch';
import { openSource } from '../engines/open';
import { backupEnd, push } from '../monitor/push';
import { pruneAfter } from '../prune/after-backup';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';

/**
 * Takes one backup into all stores. Its record is written last; on any failure nothing of it is left.
 *
 * @returns the exit code: OK, or SUSPECT for a backup that was kept but is not to be trusted
 */
export async function backup(context: Context, options: BackupOptions): Promise<ExitCode> {
  const { config, reporter } = context;
  const startedAt = new Date();
  const stores = config.stores.map(({ name }) => name);
  const tell = (taken: BackupRecord | null) =>
    push(config.pushgatewayUrl, config, backupEnd(config, stores, new Date(), taken), reporter);
  let record: BackupRecord;
  try {
    record = await takeWithin(context, options);
  } catch (error) {
    // Nothing is wrong with a run that was told to stop, and its Job starts it again.
    if (!context.signal.aborted && error instanceof RunnerError) {
      await Promise.all([leaveFailedRun(context, startedAt, error), tell(null)]);
    }
    throw error;
  }
  await tell(record);
  return report(record, context);
}

/** Takes a backup before the deadline. Every error says of what there is no backup now. */
async function takeWithin(context: Context, options: BackupOptions): Promise<BackupRecord> {
  const { config, env } = context;
  const deadline = deadlineIn(config.activeDeadlineSeconds);
  const signal = AbortSignal.any([context.signal, deadline]);
  const stores: Store[] = [];
  let record: BackupRecord;
  try {
    await clearLeftScratch(config.scratch, context.reporter);
    const source = openSource(config.source, env, config.scratch);
    stores.push(...openStores(context));
    record = await takeBackup(source, stores, { ...options, suspect: null }, { ...context, signal });
  } catch (error) {
    if (deadline.aborted && !context.signal.aborted) {
      throw new RunnerError(
        `no backup of ${config.name} was taken, and earlier ones are as they were: it was stopped at its deadline of ${formatSeconds(config.activeDeadlineSeconds)}; `
          + 'raise the deadline, or look for what slows down the database, the network or the store',
        ExitCode.DEADLINE, { cause: error },
      );
    }
    const outcome = error instanceof HalfTaken ? `the backup of ${config.name} is not in every store` : `no backup of ${config.name} was taken`;
    throw new RunnerError(
      `${outcome}, and earlier ones are as they were: ${messageOf(error)}`,
      exitCodeOf(error), { cause: error },
    );
  }
  if (config.pruneAfterBackup && record.suspect === null) await pruneAfter(record, stores, { ...context, signal });
  return record;
}

/** Tells the result, and the exit code that follows from it. */
function report(record: BackupRecord, { reporter, stdout, asText }: Context): ExitCode {
  const { id, artifacts } = record;
  const bytes = bytesOf(artifacts);
  const seconds = secondsOf(record);
  if (record.suspect !== null) {
    reporter.warn('backup.suspect', `${id} is kept, but suspect: ${record.suspect}. Look at the database before you trust it; `
      + `if it is right, run "cdk8s-backup accept ${id}"`, { id });
  }
  stdout.write(asText
    ? artifacts.map(({ file, bytes: size, sha256 }) => `${file}  ${formatBytes(size)}  sha256 ${sha256}\n`).join('')
      + `${record.suspect === null ? 'Done' : 'Suspect'}: ${formatBytes(bytes)} in ${formatSeconds(seconds)} to ${record.stores.join(' and ')}\n`
    : resultLine('backup.finished', {
      id,
      suspect: record.suspect,
      bytes,
      seconds,
      stores: record.stores,
      artifacts: artifacts.map(({ file, bytes: size, sha256 }) => ({ file, bytes: size, sha256 })),
    }, record.finishedAt));
  return record.suspect === null ? ExitCode.OK : ExitCode.SUSPECT;
}
