import { Readable } from 'node:stream';
import { parseRdbHead } from './rdb/head';
import { RdbLook } from './rdb/look';
import { MIXTURE } from './source';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { ForeignFile, ForeignFormat } from '../../engine-api/foreign';

/** More than the fields take that stand before the keys. */
const HEAD_BYTES = 4096;

/** Snapshots (RDB), as a server saves them, and scripts copy them. */
export const foreignSnapshots: ForeignFormat<'redis'> = {
  endings: ['.rdb'],
  extension: 'rdb',
  tellsTime: true,
  others: [[/\.aof$|\.manifest$/, 'it is a part of an append-only file: let its server save a snapshot, or take a new backup of it']],
  parts: [],
  databaseIn: () => null,
  names: () => ['dump', 'redis'],
  look,
};

/** Reads all of it: whether there are keys in it is seen no earlier. */
async function look(content: Readable, what: string): Promise<ForeignFile> {
  const keys = new RdbLook();
  let beginning = Buffer.alloc(0);
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (beginning.length < HEAD_BYTES) beginning = Buffer.concat([beginning, chunk.subarray(0, HEAD_BYTES)]);
    keys.add(chunk);
  }
  keys.end();
  const head = parseRdbHead(beginning);
  if (!head) throw new RunnerError(`${what} is no snapshot of Redis`, ExitCode.CORRUPT);
  if (head.begunAt === null) throw new RunnerError(`${what} does not tell when it was written: load it into a server, and take a new backup`, ExitCode.VERSION_MISMATCH);
  return {
    database: null,
    bytes: null,
    serverVersion: head.serverVersion ?? 'unknown',
    tools: {},
    compression: null,
    begunAt: head.begunAt,
    empty: keys.isEmpty,
    suspect: keys.isMixture ? `it holds a mixture: ${MIXTURE}` : keys.isEmpty ? 'there are no keys in it' : null,
  };
}
