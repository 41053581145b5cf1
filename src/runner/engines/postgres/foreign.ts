import { Readable } from 'node:stream';
import { readArchiveHead } from './restore-archive';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { ForeignFile, ForeignFormat } from '../../engine-api/foreign';

const PLAIN_SQL = 'it is plain SQL, in which nothing proves that it is whole, and restores need an archive of "pg_dump --format=custom": restore it with the commands of docs/how-to/import.md#restore-plain-sql, and take a new backup';

/** Archives of `pg_dump -Fc`, whoever has made them. */
export const foreignArchives: ForeignFormat<'postgres'> = {
  extension: 'dump',
  commonNames: null,
  others: [
    [/\.sql(\.(gz|zst|xz|bz2|lz4))?$/, PLAIN_SQL],
    [/\.dump\.(gz|zst|xz|bz2|lz4)$/, 'it is compressed as a whole: decompress it first, for an archive is compressed inside'],
    [/\.(gpg|age|enc)$/, 'another program has encrypted it: decrypt it first'],
  ],
  databaseIn: ({ databaseName }) => databaseName,
  look,
};

async function look(content: Readable, what: string): Promise<ForeignFile> {
  const { database, serverVersion, dumpVersion, compression: { algorithm, level }, dumpedAt, entries } = await readArchiveHead(content, what);
  if (algorithm === 'lz4' || algorithm === 'unknown') {
    throw new RunnerError(`${what} is compressed with ${algorithm === 'lz4' ? 'lz4' : 'a method of a later pg_dump'}, which no record can say: restore it with pg_restore, and take a new backup`, ExitCode.VERSION_MISMATCH);
  }
  const empty = !entries.some(({ type }) => type === 'TABLE DATA' || type === 'BLOBS' || type === 'BLOB DATA');
  return {
    database,
    serverVersion,
    tools: { pg_dump: dumpVersion },
    compression: { algorithm, level },
    begunAt: dumpedAt,
    empty,
    suspect: empty ? 'there are no data in it, only definitions' : null,
  };
}
