import { Readable } from 'node:stream';
import { engineOf } from './table';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact, RecordedSource } from '../../contract/record';
import { Identities } from '../age/keys';
import { openPlain } from '../catalog/open-plain';
import { messageOf, RunnerError } from '../core/errors';
import { FormatContext } from '../engine-api/engine';
import { wrongFormat } from '../engine-api/format';
import { isUndecompressible } from '../stream/compress';

/**
 * Reads an artifact's content to its last byte, as a restore would.
 *
 * @param body the stored bytes; it is left half-read where there is no use in more
 * @returns why that could not be done here, which says nothing about the artifact; `null` if it was done, and all is well
 * @throws RunnerError with exit code CORRUPT if the content is not what it should be
 */
export async function readFormat(
  artifact: RecordedArtifact, source: RecordedSource, body: Readable, identities: Identities | null, context: FormatContext,
): Promise<string | null> {
  if (artifact.recipients !== undefined && identities === null) return 'it is encrypted: to read what is in it, name the file with one of its identities with --identity FILE';
  try {
    return await engineOf(source).readFormat(artifact, openPlain(artifact, body, identities), context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (isUndecompressible(error)) throw wrongFormat(artifact, `can't be decompressed (${messageOf(error)})`);
    if (!(error instanceof RunnerError)) throw error;
    // An identity that was given and does not fit is a mistake to be told, not a reason to look at less.
    if (error.exitCode === ExitCode.CORRUPT || (artifact.recipients !== undefined && error.exitCode === ExitCode.DENIED)) throw error;
    return messageOf(error); // a program is missing, or too old, or there is no room: not the artifact's fault
  }
}
