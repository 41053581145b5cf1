import { pipeline, Readable } from 'node:stream';
import { Backup } from './catalog';
import { filesOf } from './claim';
import { copiesAsRead, describeFault, isWhole } from './copy-state';
import { unseal } from './open-plain';
import { ExitCode } from '../../contract/exit-code';
import { RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord, RecordedArtifact, RecordedSource } from '../../contract/record';
import { Identities } from '../age/keys';
import { messageOf, RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { Store } from '../store-api/store';
import { expectDigest } from '../stream/expect-digest';

/** What an artifact was taken from: the source of the backup, or the member of a set. */
export function sourceOf({ id, source, members }: BackupRecord, { file, member }: RecordedArtifact): RecordedSource {
  if (member === undefined) return source;
  const found = members !== undefined && Object.hasOwn(members, member) ? members[member] : undefined;
  if (!found) throw new RunnerError(`${file} is said to be of ${member}, and the record of ${id} has no such member: restore another backup`, ExitCode.CORRUPT);
  return found;
}

/** What a set's record says of one member, as if that had been backed up alone. */
export function recordOfMember(record: BackupRecord, member: string): BackupRecord {
  const members = record.members ?? {};
  const source = Object.hasOwn(members, member) ? members[member] : undefined;
  if (source === undefined) {
    throw new RunnerError(
      `${record.id} has no member ${member}; it has ${Object.keys(record.members ?? {}).join(', ') || 'none, and is no set'}: restore an older backup, or leave ${member} out of the target`,
      ExitCode.NOT_FOUND,
    );
  }
  return { ...record, source, artifacts: record.artifacts.filter(artifact => artifact.member === member) };
}

/** Opens an artifact in one store. The stream fails at its end unless the bytes are the recorded ones. */
export async function openArtifact(artifact: RecordedArtifact, store: Store, reporter: Reporter, signal: AbortSignal): Promise<Readable> {
  const body = await store.get(artifact.file, signal);
  const progress = reporter.progress(`${artifact.file} from ${store.name}`, artifact.bytes, true);
  const checked = expectDigest(artifact, `${artifact.file} in ${store.location}`, bytes => progress.add(bytes));
  pipeline(body, checked, () => progress.done());
  return checked;
}

/**
 * Reads an artifact to its end, and fails unless its bytes are the recorded ones.
 *
 * @param identities if it is encrypted, it is opened with them, to its last byte; `null`: the stored bytes are all that is looked at
 */
export async function readThrough(
  artifact: RecordedArtifact, store: Store, reporter: Reporter, signal: AbortSignal, identities: Identities | null = null,
): Promise<void> {
  const body = await openArtifact(artifact, store, reporter, signal);
  for await (const _ of identities === null ? body : unseal(artifact, body, identities)); // the checks are in the streams
}

/** The stores in their order, those behind whose copy was found damaged: an hour is lost where a large one is read to its end again. */
export function bestFirst(backup: Backup, stores: readonly Store[]): readonly Store[] {
  const copies = copiesAsRead(backup);
  const isDamaged = ({ name }: Store) => copies.get(name)?.kind === 'damaged';
  return [...stores.filter(store => !isDamaged(store)), ...stores.filter(isDamaged)];
}

/**
 * Gives an artifact to `use` from the first store whose copy turns out to be good, in the order of the config; copies that were found damaged come last.
 *
 * `use` has to undo what it did when its stream fails: it is called again with the copy of the next store.
 */
export async function useArtifact<T>(
  backup: Backup, artifact: RecordedArtifact, stores: readonly Store[],
  use: (body: Readable, store: Store) => Promise<T>, reporter: Reporter, signal: AbortSignal,
): Promise<T> {
  const faults: RunnerError[] = [];
  for (const store of bestFirst(backup, stores)) {
    const copy = backup.copies.get(store.name) ?? { kind: 'unknown' };
    if (!isWhole(copy)) {
      faults.push(new RunnerError(`${store.name}: ${describeFault(copy)}`, ExitCode.NOT_FOUND));
      continue;
    }
    try {
      return await use(await openArtifact(artifact, store, reporter, signal), store);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError)) throw error;
      faults.push(error);
      reporter.warn('copy.unusable', messageOf(error), { store: store.name, file: artifact.file });
    }
  }
  const missing = faults.length > 0 && faults.every(({ exitCode }) => exitCode === ExitCode.NOT_FOUND);
  if (missing && !await isRecordedAnywhere(backup, stores, signal)) {
    throw new RunnerError(`${backup.record.id} was removed while it was read, by a prune or by hand: choose another, see "cdk8s-backup list"`, ExitCode.NOT_FOUND);
  }
  throw new RunnerError(
    `no store has a good copy of ${artifact.file}: ${faults.map(messageOf).join('; ')}. Try an older backup: cdk8s-backup list`,
    faults.some(({ exitCode }) => exitCode === ExitCode.UNAVAILABLE) ? ExitCode.UNAVAILABLE : ExitCode.CORRUPT,
  );
}

/** Whether the record that was read at the beginning is still there; a store that does not answer may have it. */
async function isRecordedAnywhere({ record }: Backup, stores: readonly Store[], signal: AbortSignal): Promise<boolean> {
  for (const store of stores) {
    const files = await filesOf(record.id, store, signal).catch(() => null);
    signal.throwIfAborted();
    if (files === null || files.includes(record.id + RECORD_SUFFIX)) return true;
  }
  return false;
}
