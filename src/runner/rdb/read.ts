import { Readable } from 'node:stream';
import { MORE, RdbCursor, RdbError, Steps } from './cursor';
import { isValueType, nameOfModule, skipModuleData, skipValue } from './value';

/** The newest format whose types are all known. Those from 80 on are Valkey's own. */
export const NEWEST_VERSION = 12;
const OLDEST_VERSION = 5;
const LAST_DATABASE = 2 ** 31 - 1;
const MAGIC_BYTES = 5;
const CHECKSUM_BYTES = 8;

const OPCODE = {
  SLOT_INFO: 244,
  FUNCTION: 245,
  OLD_FUNCTION: 246,
  MODULE_AUX: 247,
  IDLE: 248,
  FREQUENCY: 249,
  AUX: 250,
  RESIZE: 251,
  EXPIRY_MS: 252,
  EXPIRY: 253,
  SELECT: 254,
  END: 255,
} as const;

/** One key of a snapshot. */
export interface RdbKey {
  readonly kind: 'key';
  readonly database: number;
  readonly key: Buffer;
  readonly type: number;
  /** Milliseconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
  /** What decides which keys are evicted first, as RESTORE takes it; empty where the server did not write it. */
  readonly eviction: readonly string[];
  /** The type and the value as they stand there, in pieces; empty if they are not asked for. */
  readonly value: readonly Buffer[];
}

export type RdbEntry =
  | RdbKey
  /** A library of functions: opcode and code. */
  | { readonly kind: 'function'; readonly value: readonly Buffer[] }
  /** Something that belongs to no key, and that only a replica can take. */
  | { readonly kind: 'other'; readonly what: string };

/** What a snapshot says of itself in its first nine bytes, and all that is in it. */
export interface RdbReading {
  readonly version: number;
  readonly entries: AsyncGenerator<RdbEntry>;
}

/**
 * Reads a snapshot from its first byte to its last. Holds one value at a time, if values are asked for, and none otherwise.
 *
 * @param body fails at its end unless it is what was stored: what is damaged in a value can't be seen here
 * @throws RdbError if it is none, in {@link RdbReading.entries} where it turns out there; ModuleValueError where only a module can tell a value
 */
export async function readRdb(body: Readable, withValues: boolean): Promise<RdbReading> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const cursor = new RdbCursor();
  async function* run<T, Y>(steps: Steps<T, Y>): AsyncGenerator<Y, T> {
    for (;;) {
      const { value, done } = steps.next();
      if (done) return value;
      if (value !== MORE) {
        yield value;
        continue;
      }
      const next = await chunks.next();
      if (next.done) cursor.end();
      else if (next.value.length > 0) cursor.feed(next.value);
    }
  }
  async function* entries(): AsyncGenerator<RdbEntry> {
    try {
      yield* run(readEntries(cursor, withValues));
      if (cursor.hasMore) throw new RdbError('there is something behind its end');
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
        if (next.value.length > 0) throw new RdbError('there is something behind its end');
      }
    } finally {
      body.destroy();
    }
  }
  try {
    const { value: version } = await run(readVersion(cursor)).next();
    return { version, entries: entries() };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** Servers count them in 31 bits. */
function checkedDatabase(number: number): number {
  if (number > LAST_DATABASE) throw new RdbError(`a database with the number ${number}`);
  return number;
}

function* readVersion(cursor: RdbCursor): Steps<number> {
  const [magic, digits] = [(yield* cursor.bytes(MAGIC_BYTES)).toString('latin1'), (yield* cursor.bytes(4)).toString('latin1')];
  if (magic !== 'REDIS' || !/^\d{4}$/.test(digits)) throw new RdbError('it does not begin as a snapshot does');
  const version = Number(digits);
  if (version < OLDEST_VERSION || version > NEWEST_VERSION) throw new RdbError(`format ${version}, and known are ${OLDEST_VERSION} to ${NEWEST_VERSION}`);
  return version;
}

function* readEntries(cursor: RdbCursor, withValues: boolean): Steps<void, RdbEntry> {
  let database = 0;
  let expiresAt: number | null = null;
  let eviction: string[] = [];
  for (;;) {
    const opcode = yield* cursor.byte();
    switch (opcode) {
      case OPCODE.END:
        yield* cursor.skip(CHECKSUM_BYTES);
        return;
      case OPCODE.SELECT: database = checkedDatabase(yield* cursor.length()); break;
      case OPCODE.EXPIRY: expiresAt = (yield* cursor.bytes(4)).readInt32LE() * 1000; break;
      case OPCODE.EXPIRY_MS: expiresAt = Number((yield* cursor.bytes(8)).readBigInt64LE()); break;
      case OPCODE.IDLE: eviction = ['IDLETIME', String(yield* cursor.length())]; break;
      case OPCODE.FREQUENCY: eviction = ['FREQ', String(yield* cursor.byte())]; break;
      case OPCODE.AUX:
        yield* cursor.skipString();
        yield* cursor.skipString();
        break;
      case OPCODE.RESIZE:
        yield* cursor.length();
        yield* cursor.length();
        break;
      case OPCODE.SLOT_INFO:
        for (let field = 0; field < 3; field++) yield* cursor.length();
        break;
      case OPCODE.FUNCTION:
        if (withValues) cursor.keep(Buffer.from([opcode]));
        yield* cursor.skipString();
        yield { kind: 'function', value: withValues ? cursor.takeKept() : [] };
        break;
      case OPCODE.MODULE_AUX: {
        const module = nameOfModule(yield* cursor.number());
        yield* skipModuleData(cursor);
        yield { kind: 'other', what: `data of the module ${module} that belongs to no key` };
        break;
      }
      case OPCODE.OLD_FUNCTION: throw new RdbError('functions of a release candidate of Redis 7');
      default: {
        if (!isValueType(opcode)) throw new RdbError(`0x${opcode.toString(16)} where a key should be`);
        const key = yield* cursor.string();
        if (withValues) cursor.keep(Buffer.from([opcode]));
        yield* skipValue(cursor, opcode);
        yield { kind: 'key', database, key, type: opcode, expiresAt, eviction, value: withValues ? cursor.takeKept() : [] };
        expiresAt = null;
        eviction = [];
      }
    }
  }
}
