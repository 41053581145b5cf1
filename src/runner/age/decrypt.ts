import { createDecipheriv } from 'node:crypto';
import { Transform, TransformCallback } from 'node:stream';
import { Backlog, ChunkNonces, CIPHER, NONCE_BYTES, payloadKey, SEALED_CHUNK_BYTES, TAG_BYTES } from './format';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/** Every recipient takes about 100 bytes; a header that is longer than this is none, and is not read into memory. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Begins the last line of a header. */
const LAST_LINE = '\n--- ';

/** Finds the file key in a header, with whatever identities there are; rejects with a `RunnerError` that says why it can't. */
export type OpenHeader = (header: Buffer) => Promise<Uint8Array>;

/**
 * Undoes `encrypt`, and decrypts what the stock `age` program has encrypted.
 *
 * Lets no byte through that is not proved to be at its place in the file that was encrypted, and fails at the end unless it was the end.
 *
 * @param what names the file and where it was read, for the message
 */
export function decrypt(openHeader: OpenHeader, what: string): Transform {
  return new DecryptStream(openHeader, what);
}

class DecryptStream extends Transform {
  private readonly backlog = new Backlog();
  private readonly nonces = new ChunkNonces();
  /** Until its end is found. */
  private head = Buffer.alloc(0);
  /** What the header has led to; `null` until then. */
  private fileKey: Uint8Array | null = null;
  private key: Buffer | null = null;

  constructor(private readonly openHeader: OpenHeader, private readonly what: string) {
    super();
  }

  public override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.consume(chunk).then(plain => callback(null, plain.length === 0 ? undefined : Buffer.concat(plain)), callback);
  }

  public override _flush(callback: TransformCallback): void {
    try {
      if (this.fileKey === null) throw this.damaged('it ends within its header');
      if (this.key === null || this.backlog.length < TAG_BYTES) throw this.damaged('it is cut off');
      const plain = this.unseal(this.backlog.take(this.backlog.length), true);
      if (plain.length === 0 && this.nonces.count > 1) throw this.damaged('it is cut off');
      callback(null, plain);
    } catch (error) {
      callback(error as Error);
    }
  }

  private async consume(chunk: Buffer): Promise<Buffer[]> {
    if (this.fileKey === null) {
      this.head = Buffer.concat([this.head, chunk]);
      const end = this.endOfHeader();
      if (end === null) return [];
      this.fileKey = await this.openHeader(this.head.subarray(0, end));
      this.backlog.add(this.head.subarray(end));
      this.head = Buffer.alloc(0);
    } else {
      this.backlog.add(chunk);
    }
    if (this.key === null) {
      if (this.backlog.length < NONCE_BYTES) return [];
      this.key = payloadKey(this.fileKey, this.backlog.take(NONCE_BYTES));
    }
    const plain: Buffer[] = [];
    // A full chunk is kept back until there is more: it may turn out to be the last one.
    while (this.backlog.length > SEALED_CHUNK_BYTES) plain.push(this.unseal(this.backlog.take(SEALED_CHUNK_BYTES), false));
    return plain;
  }

  /** Where the chunks' part begins; `null` if more has to be read for that. */
  private endOfHeader(): number | null {
    const version = 'age-encryption.org/v1\n';
    if (!version.startsWith(this.head.toString('latin1', 0, version.length))) throw this.damaged('it does not begin as a file of age does');
    const lastLine = this.head.indexOf(LAST_LINE);
    const end = lastLine < 0 ? -1 : this.head.indexOf('\n', lastLine + LAST_LINE.length);
    if ((end < 0 ? this.head.length : end) >= MAX_HEADER_BYTES) throw this.damaged(`it has a header of more than ${MAX_HEADER_BYTES} bytes`);
    return end < 0 ? null : end + 1;
  }

  private unseal(sealed: Buffer, last: boolean): Buffer {
    const decipher = createDecipheriv(CIPHER, this.key!, this.nonces.next(last), { authTagLength: TAG_BYTES });
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw this.damaged(`its part ${this.nonces.count}, of 64 kB each, is not what was encrypted there`);
    }
    return plain;
  }

  private damaged(how: string): RunnerError {
    return new RunnerError(
      `${this.what} can't be decrypted: ${how}. It is damaged, or was changed: restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT,
    );
  }
}
