import { Crc64 } from './crc64';
import { FORMAT_BYTES, formatIn } from './format';
import { ExitCode } from '../../../../contract/exit-code';
import { RunnerError } from '../../../core/errors';
import { Check } from '../../../stream/check';

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
    if (this.header.length < FORMAT_BYTES) {
      this.header = Buffer.concat([this.header, chunk.subarray(0, FORMAT_BYTES - this.header.length)]);
      if (this.header.length === FORMAT_BYTES) this.checkHeader();
    }
    this.crc.update(chunk);
    this.trailer = Buffer.from(chunk.length >= TRAILER_BYTES
      ? chunk.subarray(-TRAILER_BYTES)
      : Buffer.concat([this.trailer, chunk]).subarray(-TRAILER_BYTES));
  }

  public end(): void {
    if (this.header.length < FORMAT_BYTES) throw this.corrupt(`ends after ${this.header.length} bytes`);
    if (this.trailer.length < TRAILER_BYTES || this.trailer[0] !== END_OPCODE) throw this.corrupt('has no end marker: it is cut short');
    const unchecked = this.trailer.subarray(1).every(byte => byte === 0);
    if (!unchecked && !this.crc.endsWithItself()) throw this.corrupt('does not match its own checksum: it was damaged on the way');
  }

  private checkHeader(): void {
    const format = formatIn(this.header);
    if (!format) throw this.corrupt('does not begin as a snapshot does');
    if (format.version < OLDEST_VERSION) throw this.corrupt(`has the version ${format.version}, which is too old`);
  }

  private corrupt(what: string): RunnerError {
    return new RunnerError(`${this.snapshot} ${what}; ${this.wayOut}`, ExitCode.CORRUPT);
  }
}
