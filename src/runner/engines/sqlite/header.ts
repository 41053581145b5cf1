/*
 * The first 100 bytes of a database: https://sqlite.org/fileformat2.html#the_database_header
 */

export const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
export const HEADER_BYTES = 100;

/** What a database says of itself. */
export interface SqliteHeader {
  /** The library that wrote to it last, such as `3.46.1`; `unknown` if it is older than 3.7. */
  readonly version: string;
  /** Of the file; `null` where the library was too old to keep it. */
  readonly bytes: number | null;
  /** Whether there is one page, and so no table: each has a page of its own beside the first, which has the schema. */
  readonly onePage: boolean;
}

/** Reads a header; `undefined` if it is none. */
export function parseSqliteHeader(bytes: Buffer): SqliteHeader | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC)) return undefined;
  const [changes, pages, countedAt, version] = [24, 28, 92, 96].map(offset => bytes.readUInt32BE(offset)) as [number, number, number, number];
  const pageBytes = bytes.readUInt16BE(16);
  const counted = changes === countedAt && pages > 0;
  return {
    version: version === 0 ? 'unknown' : [version / 1_000_000, version / 1000 % 1000, version % 1000].map(Math.floor).join('.'),
    bytes: counted ? pages * (pageBytes === 1 ? 65_536 : pageBytes) : null,
    onePage: counted && pages === 1,
  };
}
