import { pipeline } from 'node:stream';
import { checksumKeysOf, sha256In } from './checksum';
import { FoundFile, placeOf } from './source';
import { EngineName } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { readSmall } from '../catalog/read-small';
import { RunnerError } from '../core/errors';
import { ForeignFile } from '../engine-api/foreign';
import { WrongFormat } from '../engine-api/format';
import { Store, StoredObject } from '../store-api/store';
import { DigestStream } from '../stream/digest';
import { readToItsEnd, ReadContext } from '../verification/copy';

/**
 * Reads a file to its end, as a verification does, and compares it with the checksum beside it.
 *
 * @param keys of all files beside it
 * @throws RunnerError if it is not good, or nobody can tell here
 */
export async function readFile(
  { key, bytes }: StoredObject, extension: string, head: ForeignFile, engine: EngineName, keys: ReadonlySet<string>, from: Store,
  context: ReadContext,
): Promise<FoundFile> {
  const checksumFile = checksumKeysOf(key).find(candidate => keys.has(candidate)) ?? null;
  const expected = checksumFile === null ? null : sha256In(await readSmall(from, checksumFile, context.signal), key);
  if (checksumFile !== null && expected === null) throw damaged(`${checksumFile} beside it has no SHA-256 of it: mend that file, or take it away`);

  const progress = context.reporter.progress(placeOf(key, from), bytes, true);
  const digest = new DigestStream(count => progress.add(count));
  const stored = pipeline(await from.get(key, context.signal), digest, () => progress.done());
  const source = { engine, serverVersion: head.serverVersion, address: from.location, database: head.database };
  const compression = head.compression ? { ...head.compression, where: 'inside' as const } : { algorithm: 'none', level: 0, where: 'outside' } as const;
  // Of this only the name, the role and the compression are looked at.
  const artifact = {
    file: key, role: 'data', database: head.database, bytes, sha256: '', compression, plainBytes: null, counts: null,
  } as const;
  const read = await readToItsEnd(stored, artifact, source, context).catch((error: unknown) => {
    if (error instanceof WrongFormat) return error;
    throw error;
  });
  const sha256 = digest.sha256();
  // The checksum has the last word: what else is wrong with damaged bytes is a consequence.
  if (expected !== null && sha256 !== expected) throw damaged(`it has the SHA-256 ${sha256}, and ${checksumFile} says ${expected}`);
  if (read instanceof WrongFormat) throw damaged(`it ${read.what}`);
  if (read !== null) throw new RunnerError(`nobody can tell here whether it is whole: ${read}`, ExitCode.FAILED);
  return { key, bytes: digest.bytes, sha256, extension, checksumFile, head };
}

function damaged(why: string): RunnerError {
  return new RunnerError(why, ExitCode.CORRUPT);
}
