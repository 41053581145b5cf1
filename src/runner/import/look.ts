import { pipeline } from 'node:stream';
import { checksumKeysOf, sha256In } from './checksum';
import { FoundFile, placeOf } from './source';
import { damaged, measure, Sum, unwrap, WRAPPED, Wrapping } from './wrapping';
import { EngineName } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { readSmall } from '../catalog/read-small';
import { RunnerError } from '../core/errors';
import { ForeignFile } from '../engine-api/foreign';
import { WrongFormat } from '../engine-api/format';
import { Store, StoredObject } from '../store-api/store';
import { DigestStream } from '../stream/digest';
import { readToItsEnd, ReadContext } from '../verification/copy';

/** What has been seen of a file so far. */
export interface SeenFile {
  readonly object: StoredObject;
  readonly wrapping: Wrapping;
  readonly head: ForeignFile;
  /** Of the artifact that it becomes. */
  readonly extension: string;
}

/**
 * Reads a file to its end, as a verification does, and compares it with the checksum beside it.
 *
 * @param keys of all files beside it
 * @throws RunnerError if it is not good, or nobody can tell here
 */
export async function readFile(
  { object: { key, bytes }, wrapping, head, extension }: SeenFile, engine: EngineName, keys: ReadonlySet<string>, from: Store, context: ReadContext,
): Promise<FoundFile> {
  const said = await checksumBeside(key, keys, from, context.signal);
  const open = () => from.get(key, context.signal);
  const progress = context.reporter.progress(placeOf(key, from), bytes, true);
  // How much there is to decompress has to be known before any of it is written to a disk.
  const measured = wrapping === 'none' ? null : await measure(await open(), wrapping, count => progress.add(count)).finally(() => progress.done());
  if (measured) refuseOther(measured.file, measured.content, said);

  const digest = new DigestStream(count => measured === null && progress.add(count));
  const content = pipeline(unwrap(await open(), wrapping), digest, () => progress.done());
  const source = { engine, serverVersion: head.serverVersion, address: from.location, database: head.database };
  const compression = head.compression ? { ...head.compression, where: 'inside' as const } : { algorithm: 'none', level: 0, where: 'outside' } as const;
  // Of this only the name, the role, the sizes and the compression are looked at.
  const artifact = {
    file: key, role: 'data', database: head.database, bytes: measured?.content.bytes ?? bytes, sha256: '', compression, plainBytes: measured?.content.bytes ?? null, counts: null,
  } as const;
  const read = await readToItsEnd(content, artifact, source, context).catch((error: unknown) => {
    if (error instanceof WrongFormat) return error;
    throw error;
  });
  const sum = { bytes: digest.bytes, sha256: digest.sha256() };
  // The checksum has the last word: what else is wrong with damaged bytes is a consequence.
  if (measured === null) refuseOther(sum, sum, said);
  else if (sum.sha256 !== measured.content.sha256) throw damaged('it was changed while it was read');
  // SQLite takes the missing end of a last page for zeros, and never looks at what follows the last page.
  if (head.bytes !== null && sum.bytes !== head.bytes) {
    throw damaged(`it has ${sum.bytes} bytes, and its head says ${head.bytes}: it is cut short, or was copied while somebody wrote`);
  }
  if (read instanceof WrongFormat) throw damaged(`it ${read.what}`);
  if (read !== null) throw new RunnerError(`nobody can tell here whether it is whole: ${read}`, ExitCode.FAILED);
  return { key, wrapping, ...sum, originalSha256: (measured?.file ?? sum).sha256, extension, checksumFile: said?.file ?? null, head };
}

/** What stands beside a file. */
interface SaidSum {
  readonly sha256: string;
  /** Whether it was taken before the file was compressed. */
  readonly ofContent: boolean;
  /** The file that has it. */
  readonly file: string;
}

async function checksumBeside(key: string, keys: ReadonlySet<string>, from: Store, signal: AbortSignal): Promise<SaidSum | null> {
  const file = checksumKeysOf(key).find(candidate => keys.has(candidate));
  if (file === undefined) return null;
  const text = await readSmall(from, file, signal);
  const content = key.replace(WRAPPED, '');
  const sums = [{ sha256: sha256In(text, key), ofContent: false }, { sha256: sha256In(text, content), ofContent: true }];
  for (const { sha256, ofContent } of sums) if (sha256 !== null) return { sha256, ofContent, file };
  throw damaged(`${file} beside it has no SHA-256 of it: mend that file, or take it away`);
}

function refuseOther(file: Sum, content: Sum, said: SaidSum | null): void {
  const { sha256 } = said?.ofContent ? content : file;
  if (said !== null && sha256 !== said.sha256) throw damaged(`${said.ofContent ? 'its content' : 'it'} has the SHA-256 ${sha256}, and ${said.file} says ${said.sha256}`);
}
