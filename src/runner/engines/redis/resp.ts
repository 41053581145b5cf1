/*
 * RESP, the protocol of Redis: as much of it as a backup and a restore need, which is plain replies and the odd framing of a snapshot.
 */

import { withoutValues } from '../../core/said';
import { sum } from '../../core/sum';

const CR_LF = Buffer.from('\r\n');
const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** Of a value: servers take no larger ones. */
const MAX_VALUE_BYTES = 600 * 1024 * 1024;
/** Of a list: servers are asked for a thousand keys at a time. */
const MAX_ELEMENTS = 1024 * 1024;
const MARK_BYTES = 40;

/** The peer broke the protocol, or went away in the middle of something. */
export class RespError extends Error {
  public override readonly name = 'RespError';
}

/** An error that the server sent as its reply, such as `WRONGPASS …`, without what it quotes of keys, values and passwords. */
export class ServerError extends Error {
  public override readonly name = 'ServerError';

  constructor(reply: string) {
    super(withoutValues(reply.replace(/, with args beginning with:.*|\b(?:key|near|argument) ['`].*/s, '')));
  }
}

/** Reads one after the other what a connection delivers in chunks. */
export class RespReader {
  private rest: Buffer = Buffer.alloc(0);

  /** @param next delivers the next chunk, which is not empty; `undefined` at the end of the connection */
  constructor(private readonly next: () => Promise<Buffer | undefined>) {}

  /** Reads a reply that is a text, a number, or a bulk of text; throws {@link ServerError} where the reply is an error. */
  public async reply(): Promise<string> {
    return (await this.bytes()).toString('utf8');
  }

  /** Like {@link reply}, for a bulk that is no text. */
  public async bytes(): Promise<Buffer> {
    const line = await this.line();
    switch (line[0]) {
      case '+': case ':': return Buffer.from(line.slice(1));
      case '-': throw new ServerError(line.slice(1));
      case '$': return this.bulk(lengthOf(line));
      default: throw notUnderstood(line);
    }
  }

  /** Reads one reply of any kind but a list: `null` is nothing, and an error is returned rather than thrown. */
  public async answer(): Promise<Buffer | ServerError | null> {
    const line = await this.line();
    switch (line[0]) {
      case '+': case ':': return Buffer.from(line.slice(1));
      case '-': return new ServerError(line.slice(1));
      case '$': return line === '$-1' ? null : this.bulk(lengthOf(line), MAX_VALUE_BYTES);
      default: throw notUnderstood(line);
    }
  }

  /** Reads a list of replies, none of which is a list; a command that a peer sends is one too. */
  public async list(): Promise<Buffer[]> {
    const line = await this.line();
    if (line.startsWith('-')) throw new ServerError(line.slice(1));
    if (!line.startsWith('*')) throw notUnderstood(line);
    const elements: Buffer[] = [];
    const count = countOf(line, '*');
    if (count > MAX_ELEMENTS) throw new RespError(`a list of ${count} elements`);
    let bytes = 0;
    for (let left = count; left > 0; left--) {
      const element = await this.bytes();
      bytes += element.length;
      if (bytes > MAX_VALUE_BYTES) throw new RespError(`a list of more than ${MAX_VALUE_BYTES} bytes`);
      elements.push(element);
    }
    return elements;
  }

  /** Reads the answer to SCAN: where to go on, and the keys so far. */
  public async page(): Promise<{ readonly cursor: string; readonly keys: Buffer[] }> {
    const line = await this.line();
    if (line.startsWith('-')) throw new ServerError(line.slice(1));
    if (line !== '*2') throw notUnderstood(line);
    return { cursor: await this.reply(), keys: await this.list() };
  }

  /**
   * Yields the bytes of the snapshot that follows the answer to PSYNC, and nothing else: neither the newlines that keep the
   * connection alive before it nor the mark after it.
   */
  public async* snapshot(): AsyncGenerator<Buffer> {
    await this.skipNewlines();
    const line = await this.line();
    if (line.startsWith('-')) throw new ServerError(line.slice(1));
    if (!line.startsWith('$')) throw new RespError(`no snapshot but ${JSON.stringify(line.slice(0, 40))}`);
    if (line.startsWith('$EOF:')) yield* this.untilMark(Buffer.from(line.slice('$EOF:'.length), 'latin1'));
    else yield* this.exactly(lengthOf(line));
  }

  /** Skips the newlines that a server sends while its answer takes long. */
  public async skipNewlines(): Promise<void> {
    for (;;) {
      let at = 0;
      while (at < this.rest.length && this.rest[at] === NEWLINE) at++;
      this.rest = this.rest.subarray(at);
      if (this.rest.length > 0) return;
      await this.more();
    }
  }

  private async line(): Promise<string> {
    let end: number;
    while ((end = this.rest.indexOf(CR_LF)) < 0) {
      if (this.rest.length > MAX_LINE_BYTES) throw new RespError('a line without an end: this is no Redis');
      await this.more();
    }
    const line = this.rest.toString('utf8', 0, end);
    this.rest = this.rest.subarray(end + CR_LF.length);
    return line;
  }

  private async bulk(length: number, limit = MAX_TEXT_BYTES): Promise<Buffer> {
    if (length > limit) throw new RespError(`an answer of ${length} bytes`);
    if (this.rest.length >= length + CR_LF.length) {
      const found = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length + CR_LF.length);
      return found;
    }
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for await (const chunk of this.exactly(length)) at += chunk.copy(bytes, at);
    while (this.rest.length < CR_LF.length) await this.more();
    this.rest = this.rest.subarray(CR_LF.length);
    return bytes;
  }

  private async* exactly(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.rest.length === 0) await this.more();
      const chunk = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  /** The server does not know the length in advance: 40 random bytes, announced before, end what it sends. */
  private async* untilMark(mark: Buffer): AsyncGenerator<Buffer> {
    if (mark.length !== MARK_BYTES) throw new RespError(`an end mark of ${mark.length} bytes instead of ${MARK_BYTES}`);
    for (;;) {
      const at = this.rest.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield this.rest.subarray(0, at);
        this.rest = this.rest.subarray(at + mark.length);
        return;
      }
      // The last bytes may be the beginning of the mark.
      const sure = this.rest.length - (mark.length - 1);
      if (sure > 0) {
        yield this.rest.subarray(0, sure);
        this.rest = this.rest.subarray(sure);
      }
      await this.more();
    }
  }

  private async more(): Promise<void> {
    const chunk = await this.next();
    if (chunk === undefined) throw new RespError('the connection was closed');
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
  }
}

/** Renders a command as an array of bulk strings. */
export function renderCommand(args: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(commandPieces(args));
}

/** As {@link renderCommand}, in pieces; an argument may be in pieces too. */
export function commandPieces(args: readonly CommandArgument[]): Buffer[] {
  return [Buffer.from(`*${args.length}\r\n`), ...args.flatMap(arg => {
    const pieces = typeof arg === 'string' ? [Buffer.from(arg)] : Buffer.isBuffer(arg) ? [arg] : arg;
    return [Buffer.from(`$${sum(pieces.map(({ length }) => length))}\r\n`), ...pieces, CR_LF];
  })];
}

export type CommandArgument = string | Buffer | readonly Buffer[];

function lengthOf(line: string): number {
  return countOf(line, '$');
}

function countOf(line: string, mark: string): number {
  const count = Number(line.slice(1));
  if (!line.startsWith(mark) || !/^\d+$/.test(line.slice(1)) || !Number.isSafeInteger(count)) {
    throw new RespError(`a length that is none: ${JSON.stringify(line.slice(0, 40))}`);
  }
  return count;
}

function notUnderstood(line: string): RespError {
  return new RespError(`an answer that is not understood: ${JSON.stringify(line.slice(0, 40))}`);
}
