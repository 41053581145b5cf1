import { Readable } from 'node:stream';
import { MORE, RdbCursor, RdbError, Steps } from './cursor';
import { FORMAT_BYTES, formatIn, nameOfFormat, RdbFormat } from './format';
import { MODULE_TYPE, nameOfModule, skipModuleData, skipperOf, STRING_TYPE } from './value';

/** The formats whose types are all known. */
const KNOWN = { redis: { oldest: 5, newest: 12 }, valkey: { oldest: 80, newest: 80 } } as const;
const LAST_DATABASE = 2 ** 31 - 1;
const CHECKSUM_BYTES = 8;

const OPCODE = {
  SLOT_IMPORT: 243,
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
  /** The module that alone can read the value; `null`: every server can. */
  readonly module: string | null;
  /** Milliseconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
  /** What decides which keys are evicted first, as RESTORE takes it; empty where the server did not write it. */
  readonly eviction: readonly string[];
  /** The type and the value as they stand there, in pieces; empty if they are not asked for. */
  readonly value: readonly Buffer[];
}

export type RdbEntry =
  | RdbKey
  /** A library of functions: opcode and code, and the language of the code. */
  | { readonly kind: 'function'; readonly engine: string; readonly value: readonly Buffer[] }
  /** Something of a module that belongs to no key, and that only a replica can take. */
  | { readonly kind: 'other'; readonly module: string };

/** What a snapshot says of itself in its first bytes, and all that is in it. */
export interface RdbReading {
  readonly format: RdbFormat;
  readonly entries: AsyncGenerator<RdbEntry>;
}

/**
 * Reads a snapshot from its first byte to its last. Holds one value at a time, if values are asked for, and none otherwise.
 *
 * @param body fails at its end unless it is what was stored: what is damaged in a value can't be seen here
 * @throws RdbError if it is none, in {@link RdbReading.entries} where it turns out there; ModuleValueError where only a module can tell where a value ends
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
  async function* entriesOf(format: RdbFormat): AsyncGenerator<RdbEntry> {
    try {
      yield* run(readEntries(cursor, format, withValues));
      if (cursor.hasMore) throw new RdbError('there is something behind its end');
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
        if (next.value.length > 0) throw new RdbError('there is something behind its end');
      }
    } finally {
      body.destroy();
    }
  }
  try {
    const { value: format } = await run(readFormat(cursor)).next();
    return { format, entries: entriesOf(format) };
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

/** A format that is not known here: what it has can't be told. */
export class UnknownFormatError extends RdbError {}

/** Whether all that such a snapshot can have is known here. */
export function isKnownFormat({ family, version }: RdbFormat): boolean {
  return version >= KNOWN[family].oldest && version <= KNOWN[family].newest;
}

export function* readFormat(cursor: RdbCursor): Steps<RdbFormat> {
  const format = formatIn(yield* cursor.bytes(FORMAT_BYTES));
  if (!format) throw new RdbError('it does not begin as a snapshot does');
  if (!isKnownFormat(format)) {
    const { redis, valkey } = KNOWN;
    throw new UnknownFormatError(`format ${nameOfFormat(format)}, and known are ${redis.oldest} to ${redis.newest}, and ${valkey.newest} of Valkey`);
  }
  return format;
}

/** All that stands behind the format. */
export function* readEntries(cursor: RdbCursor, { family }: RdbFormat, withValues: boolean): Steps<void, RdbEntry> {
  let database = 0;
  let expiresAt: number | null = null;
  let eviction: string[] = [];
  for (;;) {
    const opcode = cursor.byteNow() ?? (yield* cursor.byte());
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
      case OPCODE.FUNCTION: {
        if (withValues) cursor.keep(Buffer.from([opcode]));
        const engine = engineOf(yield* cursor.string());
        yield { kind: 'function', engine, value: withValues ? cursor.takeKept() : [] };
        break;
      }
      case OPCODE.MODULE_AUX: {
        const module = nameOfModule(yield* cursor.number());
        yield* skipModuleData(cursor);
        yield { kind: 'other', module };
        break;
      }
      case OPCODE.SLOT_IMPORT: throw new RdbError('slots of a cluster that were on their way to another shard');
      case OPCODE.OLD_FUNCTION: throw new RdbError('functions of a release candidate of Redis 7');
      default: {
        const skip = skipperOf(opcode, family);
        if (!skip) throw new RdbError(`0x${opcode.toString(16)} where a key should be`);
        const key = cursor.stringNow() ?? (yield* cursor.string());
        if (withValues) cursor.keep(Buffer.from([opcode]));
        let module: string | null = null;
        if (opcode === MODULE_TYPE) {
          module = nameOfModule(yield* cursor.number());
          yield* skipModuleData(cursor);
        } else if (opcode !== STRING_TYPE || !cursor.skipStringNow()) {
          yield* skip(cursor);
        }
        yield { kind: 'key', database, key, type: opcode, module, expiresAt, eviction, value: withValues ? cursor.takeKept() : [] };
        expiresAt = null;
        eviction = [];
      }
    }
  }
}

/** The language of a library of functions, which its first line names: `#!lua name=mine`. */
function engineOf(code: Buffer): string {
  return /^#!(\S+)/.exec(code.toString('latin1', 0, 100))?.[1]?.toLowerCase() ?? 'lua';
}
