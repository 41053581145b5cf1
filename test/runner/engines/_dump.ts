import { buffer } from 'node:stream/consumers';
import { CompressionConfig } from '../../../src/contract/config';
import { RunnerError } from '../../../src/runner/core/errors';
import { Dump, Inspection, OpenDump, Source } from '../../../src/runner/engine-api/source';

export const NO_ABORT = new AbortController().signal;
export const ZSTD: CompressionConfig = { algorithm: 'zstd', level: 1 };
export const GZIP: CompressionConfig = { algorithm: 'gzip', level: 6 };
export const NONE: CompressionConfig = { algorithm: 'none', level: 0 };

/** A dump that was read to its end. */
export interface TakenDump extends Omit<OpenDump, 'stream'> {
  readonly dump: Dump;
  readonly bytes: Buffer;
}

/** Takes all dumps of a source, in their order. */
export async function takeAll(source: Source, compression: CompressionConfig = GZIP): Promise<{ inspection: Inspection; dumps: TakenDump[] }> {
  const inspection = await source.inspect(compression, NO_ABORT);
  const dumps: TakenDump[] = [];
  for (const dump of inspection.dumps) {
    const { stream, ...opened } = await dump.open(NO_ABORT);
    dumps.push({ dump, bytes: await buffer(stream), ...opened });
  }
  return { inspection, dumps };
}

/** Takes the first dump of a source. */
export async function takeFirst(source: Source, compression: CompressionConfig = GZIP): Promise<TakenDump> {
  const [dump] = (await source.inspect(compression, NO_ABORT)).dumps;
  const { stream, ...opened } = await dump!.open(NO_ABORT);
  return { dump: dump!, bytes: await buffer(stream), ...opened };
}

/** The error that `action` ends with, which has to be one that says what to do. */
export async function failureOf(action: Promise<unknown>): Promise<RunnerError> {
  const outcome = await action.then(() => 'it succeeded', (error: unknown) => error);
  if (!(outcome instanceof RunnerError)) throw new Error(`expected a RunnerError, got ${outcome instanceof Error ? outcome.stack : String(outcome)}`);
  return outcome;
}
