import { Readable } from 'node:stream';
import { FORMAT_BYTES, formatIn, RdbFormat } from './format';

/** More than the fields that stand before the keys take. */
const HEAD_BYTES = 4096;
const AUX_OPCODE = 0xfa;
/* eslint-disable no-bitwise */

/** What a snapshot says of itself before the keys. */
export interface RdbHead {
  /** A server loads those up to its own. */
  readonly format: RdbFormat;
  /** Version of the server that wrote it; `null` if it does not tell. */
  readonly serverVersion: string | null;
  /** When it was begun; `null` if it does not tell. */
  readonly begunAt: Date | null;
  /** Memory that the data took there; `null` if it does not tell. */
  readonly usedMemory: number | null;
}

/** Reads the head of a snapshot, and destroys the stream; `undefined` if it is no snapshot. */
export async function readRdbHead(snapshot: Readable): Promise<RdbHead | undefined> {
  let head = Buffer.alloc(0);
  for await (const chunk of snapshot as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= HEAD_BYTES) break; // which destroys the stream
  }
  return parseRdbHead(head);
}

/** As {@link readRdbHead}; fields beyond the end of `head` are taken for missing. */
export function parseRdbHead(head: Buffer): RdbHead | undefined {
  const format = formatIn(head);
  if (!format) return undefined;
  const fields = new Map<string, string>();
  const reader = new StringReader(head, FORMAT_BYTES);
  while (reader.take(AUX_OPCODE)) {
    const [name, value] = [reader.text(), reader.text()];
    if (name === undefined || value === undefined) break;
    fields.set(name, value);
  }
  const [usedMemory, created] = [Number(fields.get('used-mem')), Number(fields.get('ctime'))];
  return {
    format,
    serverVersion: fields.get('valkey-ver') ?? fields.get('redis-ver') ?? null,
    begunAt: Number.isSafeInteger(created) && created > 0 ? new Date(created * 1000) : null,
    usedMemory: Number.isSafeInteger(usedMemory) && usedMemory > 0 ? usedMemory : null,
  };
}

/** Strings as a snapshot encodes them: short ones, and numbers. */
class StringReader {
  constructor(private readonly bytes: Buffer, private at: number) {}

  public take(opcode: number): boolean {
    if (this.bytes[this.at] !== opcode) return false;
    this.at++;
    return true;
  }

  public text(): string | undefined {
    const first = this.bytes[this.at];
    if (first === undefined) return undefined;
    switch (first) {
      case 0xc0: return this.number(1);
      case 0xc1: return this.number(2);
      case 0xc2: return this.number(4);
    }
    const length = first < 0x40 ? first : first < 0x80 ? ((first & 0x3f) << 8) | (this.bytes[this.at + 1] ?? 0) : undefined;
    if (length === undefined) return undefined; // longer, or compressed: no field that is of interest here
    const start = this.at + (first < 0x40 ? 1 : 2);
    this.at = start + length;
    return this.at <= this.bytes.length ? this.bytes.toString('utf8', start, this.at) : undefined;
  }

  private number(size: number): string | undefined {
    const start = this.at + 1;
    this.at = start + size;
    return this.at <= this.bytes.length ? String(this.bytes.readIntLE(start, size)) : undefined;
  }
}
