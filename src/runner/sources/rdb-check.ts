import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../errors';
import { Check } from '../stream/check';
import { Crc64 } from '../stream/crc64';

const MAGIC = 'REDIS';
const HEADER_BYTES = MAGIC.length + 4;
/** Older snapshots have no checksum, and no server in use writes them. */
const OLDEST_VERSION = 5;
const END_OPCODE = 0xff;
const CHECKSUM_BYTES = 8;
const TRAILER_BYTES = 1 + CHECKSUM_BYTES;

/**
 * Checks a Redis snapshot (RDB) from its header to its end marker and checksum as it passes, without looking at the keys.
 *
 * A checksum of zero is accepted: the server then has `rdbchecksum no`, and the end marker is all there is to see.
 */
export class RdbCheck implements Check {
  /** A check of what a server sends. */
  public static of(source: string): RdbCheck {
    return new RdbCheck(`the snapshot that ${source} sent`);
  }

  private readonly crc = new Crc64();
  private header = Buffer.alloc(0);
  private trailer = Buffer.alloc(0);

  /**
   * @param snapshot names it in messages
   * @param wayOut what to do where it is damaged
   */
  constructor(
    private readonly snapshot: string,
    private readonly wayOut = 'run the backup again, and check the server\'s log if this repeats',
  ) {}

  public add(chunk: Buffer): void {
    if (this.header.length < HEADER_BYTES) {
      this.header = Buffer.concat([this.header, chunk.subarray(0, HEADER_BYTES - this.header.length)]);
      if (this.header.length === HEADER_BYTES) this.checkHeader();
    }
    this.crc.update(chunk);
    this.trailer = Buffer.from(chunk.length >= TRAILER_BYTES
      ? chunk.subarray(-TRAILER_BYTES)
      : Buffer.concat([this.trailer, chunk]).subarray(-TRAILER_BYTES));
  }

  public end(): void {
    if (this.header.length < HEADER_BYTES) throw this.corrupt(`ends after ${this.header.length} bytes`);
    if (this.trailer.length < TRAILER_BYTES || this.trailer[0] !== END_OPCODE) throw this.corrupt('has no end marker: it is cut short');
    const unchecked = this.trailer.subarray(1).every(byte => byte === 0);
    if (!unchecked && !this.crc.endsWithItself()) throw this.corrupt('does not match its own checksum: it was damaged on the way');
  }

  private checkHeader(): void {
    const text = this.header.toString('latin1');
    if (!text.startsWith(MAGIC) || !/^\d{4}$/.test(text.slice(MAGIC.length))) throw this.corrupt('does not begin as a snapshot does');
    if (Number(text.slice(MAGIC.length)) < OLDEST_VERSION) throw this.corrupt(`has the version ${text.slice(MAGIC.length)}, which is too old`);
  }

  private corrupt(what: string): RunnerError {
    return new RunnerError(`${this.snapshot} ${what}; ${this.wayOut}`, ExitCode.CORRUPT);
  }
}
