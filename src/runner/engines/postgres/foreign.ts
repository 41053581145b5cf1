import { Readable } from 'node:stream';
import { readArchiveHead } from './restore-archive';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { ForeignFile, ForeignFormat } from '../../engine-api/foreign';
import { checked } from '../../stream/check';

/** Enough to tell a script from an archive, whose format version follows its first letters in binary. */
const TEXT_BYTES = 512;
const PLAIN_SQL = 'it is plain SQL, in which nothing proves that it is whole, and restores need an archive of "pg_dump --format=custom": restore it with the commands of docs/how-to/import.md#restore-plain-sql, and take a new backup';

/** Archives of `pg_dump -Fc`, whoever has made them. */
export const foreignArchives: ForeignFormat<'postgres'> = {
  // With POSTGRES_EXTRA_OPTS=-Fc alone, postgres-backup-local calls an archive .sql.gz.
  endings: ['.dump', '.sql'],
  extension: 'dump',
  tellsTime: false,
  others: [],
  parts: [],
  databaseIn: ({ databaseName }) => databaseName,
  names: () => [],
  look,
};

async function look(content: Readable, what: string): Promise<ForeignFile | string> {
  let beginning = Buffer.alloc(0);
  const passing = checked(content, {
    add: chunk => {
      if (beginning.length < TEXT_BYTES) beginning = Buffer.concat([beginning, chunk.subarray(0, TEXT_BYTES)]);
    },
    end: () => {},
  });
  const head = await readArchiveHead(passing, what).catch((error: unknown) => {
    if (isText(beginning)) return null;
    throw error;
  });
  if (head === null) return PLAIN_SQL;
  const { database, serverVersion, dumpVersion, compression: { algorithm, level }, dumpedAt, entries } = head;
  if (algorithm === 'lz4' || algorithm === 'unknown') {
    throw new RunnerError(`${what} is compressed with ${algorithm === 'lz4' ? 'lz4' : 'a method of a later pg_dump'}, which no record can say: restore it with pg_restore, and take a new backup`, ExitCode.VERSION_MISMATCH);
  }
  const empty = !entries.some(({ type }) => type === 'TABLE DATA' || type === 'BLOBS' || type === 'BLOB DATA');
  return {
    database,
    bytes: null,
    serverVersion,
    tools: { pg_dump: dumpVersion },
    compression: { algorithm, level },
    begunAt: dumpedAt,
    empty,
    suspect: empty ? 'there are no data in it, only definitions' : null,
  };
}

function isText(beginning: Buffer): boolean {
  return beginning.length > 0 && beginning.every(byte => byte >= 32 || [9, 10, 12, 13].includes(byte));
}
