import { RdbHead, readRdbHead } from './rdb/head';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { messageOf, RunnerError } from '../../core/errors';
import { RestoreArtifacts } from '../../engine-api/artifacts';

/** The one artifact of a backup of Redis. */
export function snapshotOf({ id, source, artifacts }: BackupRecord): RecordedArtifact {
  const found = artifacts.find(({ role }) => role === 'data');
  if (source.engine !== 'redis' || !found) throw new RunnerError(`${id} has no snapshot of a Redis`, ExitCode.CORRUPT);
  return found;
}

/** What the snapshot says of itself before the keys. */
export async function headOf(artifact: RecordedArtifact, artifacts: RestoreArtifacts, signal: AbortSignal): Promise<RdbHead> {
  const snapshot = await artifacts.peek(artifact, signal);
  let head: RdbHead | undefined;
  try {
    head = await readRdbHead(snapshot);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError) throw error;
    throw new RunnerError(`${artifact.file} can't be decompressed (${messageOf(error)}): restore another backup, see "cdk8s-backup verify"`, ExitCode.CORRUPT, { cause: error });
  } finally {
    snapshot.destroy();
  }
  if (!head) throw new RunnerError(`${artifact.file} does not begin as a snapshot does: restore another backup, see "cdk8s-backup verify"`, ExitCode.CORRUPT);
  return head;
}
