import { PassThrough, Readable } from 'node:stream';
import { ScratchConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, formatChecksums, RECORD_SUFFIX } from '../../contract/layout';
import { BackupRecord, RecordedArtifact, RecordedSource } from '../../contract/record';
import { Identities } from '../age/keys';
import { openArtifact, sourceOf } from '../catalog/artifact';
import { filesOf } from '../catalog/claim';
import { readSmall } from '../catalog/read-small';
import { RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { readFormat } from '../engines/check-format';
import { Store } from '../store-api/store';

/** What reading a copy needs of the process. */
export interface ReadContext {
  readonly config: { readonly scratch: ScratchConfig };
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** What opens encrypted artifacts; without it only their digests are read. */
  readonly identities?: Identities | null;
}

/** What reading one copy of a backup has shown. */
export interface CopyFinding {
  /** What is wrong with it; `null` if nothing is. */
  readonly fault: RunnerError | null;
  /** Why only its digest was read, and not its format; `null` if the format was. */
  readonly digestOnly: string | null;
}

/** Whether a fault is one of the copy itself: a store that does not answer says nothing about what it holds. */
export function isFaultOfCopy({ exitCode }: RunnerError): boolean {
  return exitCode === ExitCode.CORRUPT || exitCode === ExitCode.NOT_FOUND;
}

/** Reads a copy to its last byte: digests, the checksum file, and the format of every artifact. */
export async function checkCopy(record: BackupRecord, store: Store, context: ReadContext): Promise<CopyFinding> {
  const { id, artifacts } = record;
  const digestOnly: string[] = [];
  try {
    for (const artifact of artifacts) {
      const unread = await checkArtifact(artifact, sourceOf(record, artifact), store, context);
      if (unread !== null) digestOnly.push(`${artifact.file}: ${unread}`);
    }
    if (await readSmall(store, id + CHECKSUM_SUFFIX, context.signal) !== formatChecksums(artifacts)) {
      throw new RunnerError(`${id + CHECKSUM_SUFFIX} in ${store.location} differs from the record`, ExitCode.CORRUPT);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    return { fault: error, digestOnly: digestOnly.join('; ') || null };
  }
  return { fault: null, digestOnly: digestOnly.join('; ') || null };
}

/** Whether the record of a backup is in the store now: what was pruned while it was read is not a fault. */
export async function isRecorded(id: string, store: Store, signal: AbortSignal): Promise<boolean> {
  return (await filesOf(id, store, signal)).includes(id + RECORD_SUFFIX);
}

async function checkArtifact(
  artifact: RecordedArtifact, source: RecordedSource, store: Store, context: ReadContext,
): Promise<string | null> {
  return readToItsEnd(await openArtifact(artifact, store, context.reporter, context.signal), artifact, source, context);
}

/**
 * Reads an artifact once, for its digest and for its format. The digest has the last word: what is wrong with the format of damaged
 * bytes is a consequence.
 *
 * @param stored its bytes, which fail at their end where the digest is another one
 * @returns why the format was not read; `null` if it was
 */
export async function readToItsEnd(
  stored: Readable, artifact: RecordedArtifact, source: RecordedSource, { config, signal, identities = null }: ReadContext,
): Promise<string | null> {
  const branch = new PassThrough();
  branch.on('error', () => {}); // whoever reads it reports it
  const format = readFormat(artifact, source, branch, identities, { scratch: config.scratch, signal }).finally(() => branch.destroy());
  format.catch(() => {}); // awaited below
  try {
    for await (const chunk of stored as AsyncIterable<Buffer>) {
      // Who has seen enough of the format is not waited for: the digest needs the rest all the same.
      if (!branch.destroyed && !branch.write(chunk)) await drained(branch);
    }
    branch.end();
  } catch (error) {
    branch.destroy(error as Error);
    await format.catch(() => {});
    throw error;
  }
  return format;
}

function drained(branch: PassThrough): Promise<void> {
  return new Promise(resolve => {
    const go = () => {
      branch.off('drain', go).off('close', go);
      resolve();
    };
    if (branch.destroyed) go();
    else branch.once('drain', go).once('close', go);
  });
}
