/* eslint-disable no-bitwise */

/** Asks whoever runs a {@link Steps} for the next chunk; it goes on when that was fed. */
export const MORE = Symbol('more');

/** Reading that stops wherever the bytes so far end, and goes on there: without a promise for each byte. */
export type Steps<T, Y = never> = Generator<typeof MORE | Y, T, void>;

/** The bytes of a snapshot are none, where that can be seen. */
export class RdbError extends Error {
  public override readonly name = 'RdbError';
}

/** Lengths with this bit pattern are no lengths: what follows is a number, or compressed. */
const ENCODED = 0xc0;
const LONG = 0x80;
const LONGER = 0x81;
/** Of a text, and of what a command has as an argument (`proto-max-bulk-len`). */
const LARGEST = 512 * 1024 * 1024;
const NUMBER_BYTES = [1, 2, 4];
const COMPRESSED = 3;
/** Three bytes of LZF are up to 264. */
const MOST_EXPANDED = 88;

/** Reads a snapshot forwards, chunk by chunk, and can keep what passes. */
export class RdbCursor {
  private chunk: Buffer = Buffer.alloc(0);
  private at = 0;
  private ended = false;
  private kept: Buffer[] | null = null;
  private keptFrom = 0;
  private keptBytes = 0;

  /** @param chunk must not be empty */
  public feed(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
    this.keptFrom = 0;
  }

  /** Whether the chunk has more than was read. */
  public get hasMore(): boolean {
    return this.at < this.chunk.length;
  }

  /** There is no further chunk. */
  public end(): void {
    this.ended = true;
  }

  /** From now on keeps what is read, until {@link kept}; `first` before all of it. */
  public keep(first: Buffer): void {
    this.kept = [first];
    this.keptFrom = this.at;
    this.keptBytes = 0;
  }

  /** What was read since {@link keep}. */
  public takeKept(): Buffer[] {
    const kept = [...this.kept!, this.chunk.subarray(this.keptFrom, this.at)];
    this.kept = null;
    return kept;
  }

  public* byte(): Steps<number> {
    if (this.at === this.chunk.length) yield* this.more();
    return this.chunk[this.at++]!;
  }

  /** As {@link byte}, where the chunk has one: no generator, which is what costs where there are millions of keys. */
  public byteNow(): number | undefined {
    return this.chunk[this.at] === undefined ? undefined : this.chunk[this.at++];
  }

  /** As {@link skipString}, for a plain string that is in the chunk as a whole. */
  public skipStringNow(): boolean {
    const end = this.endOfPlainString();
    if (end === undefined) return false;
    this.at = end;
    return true;
  }

  /** As {@link string}, for a plain string that is in the chunk as a whole. */
  public stringNow(): Buffer | undefined {
    const [from, end] = [this.at, this.endOfPlainString()];
    if (end === undefined) return undefined;
    this.at = end;
    return Buffer.from(this.chunk.subarray(from + (this.chunk[from]! < 0x40 ? 1 : 2), end));
  }

  public* bytes(count: number): Steps<Buffer> {
    if (this.chunk.length - this.at >= count) {
      this.at += count;
      return this.chunk.subarray(this.at - count, this.at);
    }
    const parts: Buffer[] = [];
    for (let left = count; left > 0;) {
      if (this.at === this.chunk.length) yield* this.more();
      const part = this.chunk.subarray(this.at, this.at + left);
      parts.push(part);
      this.at += part.length;
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  public* skip(count: number): Steps<void> {
    for (let left = count; left > 0;) {
      if (this.at === this.chunk.length) yield* this.more();
      const step = Math.min(left, this.chunk.length - this.at);
      this.at += step;
      left -= step;
    }
  }

  /** A number of things, or of bytes. */
  public* length(): Steps<number> {
    const first = yield* this.byte();
    if (first < 0x40) return first;
    if (first < LONG) return (first & 0x3f) << 8 | (yield* this.byte());
    if (first === LONG) return (yield* this.bytes(4)).readUInt32BE();
    if (first !== LONGER) throw new RdbError(`0x${first.toString(16)} where a length should be`);
    const long = (yield* this.bytes(8)).readBigUInt64BE();
    if (long > BigInt(Number.MAX_SAFE_INTEGER)) throw new RdbError(`a length of ${long}`);
    return Number(long);
  }

  /** A number of up to 64 bits, in the form of a length. */
  public* number(): Steps<bigint> {
    const first = yield* this.byte();
    if (first < 0x40) return BigInt(first);
    if (first < LONG) return BigInt((first & 0x3f) << 8 | (yield* this.byte()));
    if (first === LONG) return BigInt((yield* this.bytes(4)).readUInt32BE());
    if (first === LONGER) return (yield* this.bytes(8)).readBigUInt64BE();
    throw new RdbError(`0x${first.toString(16)} where a number should be`);
  }

  public* skipString(): Steps<void> {
    const first = yield* this.byte();
    if (first >= ENCODED) {
      const encoding = first & 0x3f;
      const bytes = NUMBER_BYTES[encoding];
      if (bytes !== undefined) return yield* this.skip(bytes);
      if (encoding !== COMPRESSED) throw new RdbError(`a string of encoding ${encoding}`);
      const compressed = yield* this.length();
      yield* this.length();
      return yield* this.skip(compressed);
    }
    this.at--; // a byte that was just read is in the chunk
    return yield* this.skip(yield* this.length());
  }

  /** A string that is needed: the name of a key or a field. */
  public* string(): Steps<Buffer> {
    const first = yield* this.byte();
    if (first < ENCODED) {
      this.at--;
      const length = yield* this.length();
      return Buffer.from(yield* this.bytes(checkedSize(length))); // a copy: the chunk is not kept for its sake
    }
    const encoding = first & 0x3f;
    const bytes = NUMBER_BYTES[encoding];
    if (bytes !== undefined) return Buffer.from(String((yield* this.bytes(bytes)).readIntLE(0, bytes)));
    if (encoding !== COMPRESSED) throw new RdbError(`a string of encoding ${encoding}`);
    const compressed = checkedSize(yield* this.length());
    const length = checkedSize(yield* this.length());
    return decompressed(yield* this.bytes(compressed), length);
  }

  /** Where a string of less than 16 KiB ends; `undefined` if it is another, or not all here. */
  private endOfPlainString(): number | undefined {
    const { chunk, at } = this;
    const first = chunk[at];
    if (first === undefined || first >= LONG || at + 1 === chunk.length) return undefined;
    const end = first < 0x40 ? at + 1 + first : at + 2 + ((first & 0x3f) << 8 | chunk[at + 1]!);
    return end <= chunk.length ? end : undefined;
  }

  private* more(): Steps<void> {
    if (this.ended) throw new RdbError('it ends in the midst');
    if (this.kept !== null) {
      this.kept.push(this.chunk.subarray(this.keptFrom, this.at));
      this.keptBytes += this.at - this.keptFrom;
      if (this.keptBytes > LARGEST) throw new RdbError('a value of more than 512 MiB, which no server takes in one piece');
    }
    this.keptFrom = this.at; // in case there is no further chunk
    yield MORE;
    if (this.at === this.chunk.length) throw new RdbError('it ends in the midst');
  }
}

/** Keys are not larger than a server takes them. */
function checkedSize(bytes: number): number {
  if (bytes > LARGEST) throw new RdbError(`a name of ${bytes} bytes`);
  return bytes;
}

/** LZF: a byte below 32 says how many follow as they are, another one how many to repeat, and from how far back. */
function decompressed(bytes: Buffer, length: number): Buffer {
  if (length > bytes.length * MOST_EXPANDED) throw new RdbError('a compressed string that is damaged');
  const result = Buffer.alloc(length);
  let to = 0;
  for (let from = 0; from < bytes.length;) {
    const control = bytes[from++]!;
    if (control < 32) {
      const end = from + control + 1;
      if (end > bytes.length || to + control + 1 > length) throw new RdbError('a compressed string that is damaged');
      to += bytes.copy(result, to, from, end);
      from = end;
      continue;
    }
    let count = control >> 5;
    if (count === 7) count += bytes[from++] ?? 0;
    let back = to - ((control & 0x1f) << 8) - (bytes[from++] ?? 0) - 1;
    if (back < 0 || to + count + 2 > length) throw new RdbError('a compressed string that is damaged');
    for (let left = count + 2; left > 0; left--) result[to++] = result[back++]!;
  }
  if (to !== length) throw new RdbError('a compressed string that is damaged');
  return result;
}
