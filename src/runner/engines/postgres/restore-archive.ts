import { Readable } from 'node:stream';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { WallTime } from '../../core/wall-time';

/*
 * The head of an archive of `pg_dump -Fc`: what it was dumped from, and its table of contents. It is read here rather than through
 * `pg_restore --list`, whose lines can't be taken apart where a name has a space, and which has no definitions.
 */

/** What the archive says of itself. */
export interface ArchiveHead {
  /** Such as 1.16. */
  readonly format: string;
  /** Name of the database that was dumped. */
  readonly database: string;
  /** Version of the server, such as `17.10`. */
  readonly serverVersion: string;
  /** Version of `pg_dump`. */
  readonly dumpVersion: string;
  /** How the data are compressed. Formats from 1.15 on have no level: it is 0. */
  readonly compression: { readonly algorithm: 'none' | 'gzip' | 'lz4' | 'zstd' | 'unknown'; readonly level: number };
  /** When the dump began, by the clock on the wall where `pg_dump` ran. */
  readonly dumpedAt: WallTime;
  readonly entries: readonly ArchiveEntry[];
}

/** One object. */
export interface ArchiveEntry {
  /** By which `pg_restore --use-list` calls it. */
  readonly id: number;
  /** `TABLE`, `EXTENSION`, `ACL`, `DATABASE PROPERTIES` … */
  readonly type: string;
  /** Name of the object, without its schema. */
  readonly tag: string;
  /** Empty for what is in no schema. */
  readonly schema: string;
  readonly owner: string;
  readonly tablespace: string;
  readonly definition: string;
}

const MAGIC = 'PGDMP';
const ALGORITHMS = ['none', 'gzip', 'lz4', 'zstd'] as const;
const ZLIB_DEFAULT_LEVEL = 6;
const CUSTOM_FORMAT = 1;
/** From pg_dump 9.3 to 18. */
const OLDEST = 12;
const NEWEST = 16;
/** Of the head; the largest schemas have a few tens of MB. */
const MAX_HEAD_BYTES = 256 * 1024 * 1024;

/** Reads the head, and destroys the rest of the stream. */
export async function readArchiveHead(body: Readable, what: string): Promise<ArchiveHead> {
  const reader = new Reader(body, what);
  try {
    return await readHead(reader, what);
  } finally {
    body.destroy();
  }
}

async function readHead(reader: Reader, what: string): Promise<ArchiveHead> {
  if ((await reader.bytes(MAGIC.length)).toString('latin1') !== MAGIC) throw new RunnerError(`${what} is no archive of pg_dump`, ExitCode.CORRUPT);
  const [major, minor] = [await reader.byte(), await reader.byte()];
  await reader.byte(); // revision
  if (major !== 1 || minor < OLDEST || minor > NEWEST) {
    throw new RunnerError(`${what} has the archive format ${major}.${minor}, this runner reads 1.${OLDEST} to 1.${NEWEST}: use a later runner image`, ExitCode.VERSION_MISMATCH);
  }
  await reader.widths();
  if (await reader.byte() !== CUSTOM_FORMAT) throw new RunnerError(`${what} is no archive in custom format`, ExitCode.CORRUPT);
  const compression = minor >= 15 ? { algorithm: ALGORITHMS[await reader.byte()] ?? 'unknown' as const, level: 0 } : zlib(await reader.int());
  const [second, minute, hour, day, month, year] = await reader.ints(7) as [number, number, number, number, number, number, number];
  const database = await reader.text();
  const serverVersion = (await reader.text()).split(' ')[0]!;
  const dumpVersion = (await reader.text()).split(' ')[0]!;
  const entries: ArchiveEntry[] = [];
  for (let left = await reader.int(); left > 0; left--) entries.push(await readEntry(reader, minor));
  const dumpedAt = { year: year + 1900, month: month + 1, day, hour, minute, second };
  return { format: `${major}.${minor}`, database, serverVersion, dumpVersion, compression, dumpedAt, entries };
}

/** Of the level that stands in older formats. */
function zlib(level: number): ArchiveHead['compression'] {
  return level === 0 ? { algorithm: 'none', level } : { algorithm: 'gzip', level: level < 0 ? ZLIB_DEFAULT_LEVEL : level };
}

async function readEntry(reader: Reader, minor: number): Promise<ArchiveEntry> {
  const id = await reader.int();
  await reader.int(); // whether it has data
  await reader.text(); // oid of its catalog
  await reader.text(); // its oid
  const tag = await reader.text();
  const type = await reader.text();
  await reader.int(); // section
  const definition = await reader.text();
  await reader.text(); // statement that drops it
  await reader.text(); // statement that copies its rows
  const schema = await reader.text();
  const tablespace = await reader.text();
  if (minor >= 14) await reader.text(); // access method
  if (minor >= 16) await reader.int(); // kind of relation
  const owner = await reader.text();
  await reader.text(); // whether it has oids
  while (await reader.optionalText() !== null); // what it depends on
  await reader.offset();
  return { id, type, tag, schema, owner, tablespace, definition };
}

/** Numbers and texts as `pg_dump` writes them. */
class Reader {
  private readonly chunks: AsyncIterator<Buffer>;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  private total = 0;
  private intBytes = 4;
  private offsetBytes = 8;

  constructor(body: Readable, private readonly what: string) {
    this.chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  public async bytes(count: number): Promise<Buffer> {
    if (count > MAX_HEAD_BYTES) throw this.damaged();
    if (this.buffer.length - this.at < count) {
      const parts: Buffer[] = [this.buffer.subarray(this.at)];
      // Joined once: a large definition comes in thousands of chunks.
      for (let left = count - parts[0]!.length; left > 0;) {
        const next = await this.chunks.next();
        if (next.done) throw this.damaged();
        this.total += next.value.length;
        if (this.total > MAX_HEAD_BYTES) throw this.damaged();
        parts.push(next.value);
        left -= next.value.length;
      }
      this.buffer = Buffer.concat(parts);
      this.at = 0;
    }
    this.at += count;
    return this.buffer.subarray(this.at - count, this.at);
  }

  public async byte(): Promise<number> {
    return (await this.bytes(1))[0]!;
  }

  /** Sizes of integers and offsets on the machine that dumped. */
  public async widths(): Promise<void> {
    this.intBytes = await this.byte();
    this.offsetBytes = await this.byte();
    if (this.intBytes < 1 || this.intBytes > 6) throw this.damaged();
  }

  public async int(): Promise<number> {
    const sign = await this.byte();
    const value = (await this.bytes(this.intBytes)).readUIntLE(0, this.intBytes);
    return sign === 0 ? value : -value;
  }

  public async ints(count: number): Promise<number[]> {
    const values: number[] = [];
    while (values.length < count) values.push(await this.int());
    return values;
  }

  public async text(): Promise<string> {
    return await this.optionalText() ?? '';
  }

  public async optionalText(): Promise<string | null> {
    const length = await this.int();
    return length < 0 ? null : (await this.bytes(length)).toString('utf8');
  }

  public async offset(): Promise<void> {
    await this.bytes(1 + this.offsetBytes);
  }

  private damaged(): RunnerError {
    return new RunnerError(`${this.what} ends within its table of contents, or has none: it is damaged. Choose another backup: cdk8s-backup list`, ExitCode.CORRUPT);
  }
}
