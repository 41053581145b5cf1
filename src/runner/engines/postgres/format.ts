import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { Check } from '../../stream/check';

const CUSTOM_FORMAT_MAGIC = 'PGDMP';
const CLUSTER_DUMP_END = '-- PostgreSQL database cluster dump complete';
/** A line or two may follow the end. */
const TAIL_BYTES = 1024;

/** An archive of `pg_dump -Fc`. It has no end marker: that all of it is there is known by the exit code of the program. */
export class CustomFormatCheck implements Check {
  private head = Buffer.alloc(0);

  constructor(private readonly program: string) {}

  public add(chunk: Buffer): void {
    if (this.head.length >= CUSTOM_FORMAT_MAGIC.length) return;
    this.head = Buffer.concat([this.head, chunk.subarray(0, CUSTOM_FORMAT_MAGIC.length - this.head.length)]);
    if (this.head.length === CUSTOM_FORMAT_MAGIC.length) this.checkHead();
  }

  public end(): void {
    this.checkHead();
  }

  private checkHead(): void {
    if (this.head.toString('latin1') === CUSTOM_FORMAT_MAGIC) return;
    throw notWhole(this.program, this.head.length === 0 ? 'wrote nothing' : 'wrote something that is no archive');
  }
}

/** The script of `pg_dumpall`, which says where it ends. */
export class ClusterDumpCheck implements Check {
  private tail = Buffer.alloc(0);

  constructor(private readonly program: string) {}

  public add(chunk: Buffer): void {
    this.tail = Buffer.concat([this.tail, chunk]).subarray(-TAIL_BYTES);
  }

  public end(): void {
    if (!this.tail.includes(CLUSTER_DUMP_END)) throw notWhole(this.program, this.tail.length === 0 ? 'wrote nothing' : 'wrote a script without its end');
  }
}

function notWhole(program: string, what: string): RunnerError {
  return new RunnerError(`${program} ended without an error but ${what}: check that it is PostgreSQL's own, and run the backup again`, ExitCode.FAILED);
}
