import { Readable } from 'node:stream';
import { checkCopy, CopyFinding, ReadContext } from './copy';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, formatChecksums, RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { BackupRecord, RECORD_VERSION, RecordedArtifact } from '../../contract/record';
import { openArtifact, readThrough } from '../catalog/artifact';
import { Claim, claimDeadline, claimedUntil, filesOf, Holder, holderOf, releaseClaim, renderClaim } from '../catalog/claim';
import { readSmall } from '../catalog/read-small';
import { parseRecord, renderRecord } from '../catalog/record';
import { withDeadline } from '../core/deadline';
import { RunnerError } from '../core/errors';
import { monotonicMs } from '../core/monotonic';
import { Store } from '../store-api/store';

/*
 * A copy that is missing or damaged is replaced by a good one of another store, which was read to its end in the same run.
 *
 * No store overwrites, so what is damaged goes first: the record, so that nobody takes the copy for one while it is being made, then
 * the files; then they are written anew, read back, and the record comes last. Whenever this ends, the other store has its good copy,
 * and this one has either a whole copy with a record or none. An artifact that is found good is left where it is.
 */

/** What is left of a repair that took too long. */
const STOPPED = 'its copy has no record yet, and the next repair keeps the files that are good; where one file alone takes longer, run it with the config of the backup and --set activeDeadlineSeconds=SECONDS';

/** After a failure, to see whose the claim is. */
const LOOK_MS = 1500;

/** Somebody else may be mending the copy right now: what is wrong with it is theirs to say, and a retry sees what came of it. */
export class WorkedOnElsewhere extends RunnerError {}

export interface RepairContext extends ReadContext {
  readonly config: ReadContext['config'] & { readonly activeDeadlineSeconds: number };
}

/**
 * Makes the copy in `to` whole from the one in `from`, which must have been read in this run without a fault.
 *
 * @returns what reading the new copy has shown, which is good
 * @throws RunnerError if it can't be done; then `to` has no record of the backup, or has what it had
 */
export async function repairCopy(record: BackupRecord, from: Store, to: Store, context: RepairContext): Promise<CopyFinding> {
  const { config: { activeDeadlineSeconds }, signal } = context;
  // Its claim holds for as long, whether the run as a whole has a deadline or not.
  return withDeadline(activeDeadlineSeconds, signal, STOPPED, either => copyWhileClaimed(record, from, to, { ...context, signal: either }));
}

async function copyWhileClaimed(record: BackupRecord, from: Store, to: Store, context: RepairContext): Promise<CopyFinding> {
  const { config, reporter, signal } = context;
  const { id, artifacts } = record;
  await refuseOtherRecord(record, to, signal);
  const claimedMs = monotonicMs();
  const ours = await claim(id, to, config.activeDeadlineSeconds, signal);
  try {
    reporter.info('repair.started', `Copying ${id} from ${from.location} to ${to.location}`, { id, from: from.name, store: to.name });
    await to.remove([id + RECORD_SUFFIX], signal);
    const present = await filesOf(id, to, signal);
    for (const artifact of artifacts) {
      if (present.includes(artifact.file)) {
        if (await isGood(artifact, to, context)) continue;
        await to.remove([artifact.file], signal);
      }
      await to.put(artifact.file, await openArtifact(artifact, from, reporter, signal), artifact.bytes, signal);
    }
    await to.remove([id + CHECKSUM_SUFFIX], signal);
    await to.put(id + CHECKSUM_SUFFIX, Readable.from([Buffer.from(formatChecksums(artifacts))]), null, signal);
    const finding = await checkCopy(record, to, context);
    if (finding.fault) throw finding.fault;
    // A machine that slept has run no timer: others may have taken this for dead, and removed what was written here.
    if (monotonicMs() - claimedMs > config.activeDeadlineSeconds * 1000 || await holderOf(ours, to, signal) !== Holder.WE) {
      throw new RunnerError(`not repaired: another run has taken over ${id} in ${to.location} meanwhile: wait for its end, and verify again`, ExitCode.FAILED);
    }
    if (!await to.create(id + RECORD_SUFFIX, renderRecord(record), signal)) {
      throw new RunnerError(`${to.location} has got a record ${id} of another run meanwhile: verify it again`, ExitCode.FAILED);
    }
    return finding;
  } finally {
    if (await holderOf(ours, to, AbortSignal.timeout(LOOK_MS)).catch(() => null) === Holder.WE) await releaseClaim(id, [to]);
  }
}

/** Two records that can both be read and differ: a program can't tell which of them is right. */
async function refuseOtherRecord(record: BackupRecord, to: Store, signal: AbortSignal): Promise<void> {
  const key = record.id + RECORD_SUFFIX;
  if (!(await filesOf(record.id, to, signal)).includes(key)) return;
  const text = await readSmall(to, key, signal);
  const version = versionOf(text);
  if (typeof version === 'number' && version !== RECORD_VERSION) {
    throw new RunnerError(`not repaired: ${key} in ${to.location} has version ${version}, this runner knows ${RECORD_VERSION}: use the release that wrote it`, ExitCode.CORRUPT);
  }
  let own: BackupRecord;
  try {
    own = parseRecord(key, text);
  } catch {
    return; // damaged: it is replaced
  }
  if (JSON.stringify(own) !== JSON.stringify(record)) {
    throw new RunnerError(
      `not repaired: the records of ${record.id} differ between the stores, and which of them is right can't be told: compare ${key} in both, and remove the wrong one`,
      ExitCode.CORRUPT,
    );
  }
}

function versionOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { version?: unknown } | null)?.version;
  } catch {
    return undefined;
  }
}

/** Tells prune and other repairs that somebody writes here. */
async function claim(id: string, store: Store, deadlineSeconds: number, signal: AbortSignal): Promise<Claim> {
  const now = new Date();
  const content = renderClaim(now, claimDeadline(now, deadlineSeconds));
  const ours = { id, startedAt: now, content };
  if (await store.create(id + STARTED_SUFFIX, content, signal)) return ours;
  const until = await claimedUntil(id, store, signal);
  if (until !== null && until < now) {
    await store.remove([id + STARTED_SUFFIX], signal);
    if (await store.create(id + STARTED_SUFFIX, content, signal)) return ours;
  }
  const refused = (claimed: string) => `not repaired: another run works on ${id} in ${store.location}, by its claim ${claimed}: wait for its end, and verify again`;
  // One that can't be read may stay for ever.
  if (until === null) throw new RunnerError(refused(`${id + STARTED_SUFFIX}, which can't be read`), ExitCode.FAILED);
  throw new WorkedOnElsewhere(refused(`until ${until.toISOString()}`), ExitCode.FAILED);
}

async function isGood(artifact: RecordedArtifact, store: Store, { reporter, signal }: RepairContext): Promise<boolean> {
  try {
    await readThrough(artifact, store, reporter, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError && (error.exitCode === ExitCode.CORRUPT || error.exitCode === ExitCode.NOT_FOUND)) return false;
    throw error;
  }
}
