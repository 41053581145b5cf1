import path from 'node:path';
import { Readable } from 'node:stream';
import { HEADER_BYTES, parseSqliteHeader } from './header';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { ForeignFile, ForeignFormat } from '../../engine-api/foreign';

const NOT_WHOLE = 'has writes that are not in it: put copies of both into another directory, write them into one file with "sqlite3 COPY \'.backup WHOLE\'", and import that under a name with its time';

/** Database files, as `.backup`, `VACUUM INTO` and `cp` make them. */
export const foreignDatabases: ForeignFormat<'sqlite'> = {
  endings: ['.db', '.sqlite', '.sqlite3'],
  extension: 'db',
  tellsTime: false,
  others: [
    [/-(wal|shm|journal)(\.(gz|zst))?$/, 'it belongs to the database beside it'],
    [/\.sql(\.(gz|zst))?$/, 'it is SQL, in which nothing proves that it is whole: make a database of it with "sqlite3", and import that'],
  ],
  parts: [['-wal', NOT_WHOLE], ['-journal', NOT_WHOLE]],
  databaseIn: () => null,
  names: config => [path.parse(config.path).name, 'backup'],
  look,
};

async function look(content: Readable, what: string): Promise<ForeignFile> {
  let beginning = Buffer.alloc(0);
  for await (const chunk of content as AsyncIterable<Buffer>) {
    beginning = Buffer.concat([beginning, chunk.subarray(0, HEADER_BYTES)]);
    if (beginning.length >= HEADER_BYTES) break; // which destroys the stream
  }
  const header = parseSqliteHeader(beginning);
  if (!header) throw new RunnerError(`${what} is no SQLite database, or is encrypted`, ExitCode.CORRUPT);
  const empty = header.onePage;
  return {
    database: null,
    bytes: header.bytes,
    serverVersion: header.version,
    tools: {},
    compression: null,
    begunAt: null,
    empty,
    suspect: empty ? 'there are no tables in it' : null,
  };
}
