import { CompressionConfig } from '../../contract/config';
import { checkWholeNumber } from '../core/check';
import { at } from '../core/located';

/**
 * How a backup is compressed.
 *
 * PostgreSQL archives are compressed inside, by `pg_dump` itself, so that stock `pg_restore` opens them. Redis and SQLite
 * artifacts are compressed as a whole and carry `.zst` or `.gz` at the end of their name.
 */
export class Compression {
  /**
   * No compression: for data that is compressed already, or where CPU is dearer than space.
   */
  public static readonly NONE = new Compression('none', 0);

  /**
   * What is used when nothing is said: zstd at level 1.
   *
   * Chosen by `npx projen bench`: of a PostgreSQL database of 243 MB it made 0.27 of the size for 1.8 times the CPU time of no
   * compression; level 3 took 3.1 times and was no smaller, gzip 6 took 8.3 times for 0.29, gzip 9 took 15 times for 0.29.
   */
  public static readonly DEFAULT = Compression.zstd(1);

  /**
   * Zstandard. Fast at the low levels, and packs better than gzip.
   *
   * A PostgreSQL server of version 15 is dumped by its own `pg_dump`, which knows no zstd: there it is gzip at the same level, 9 at most.
   *
   * @param level 1 (fastest) to 19 (smallest).
   */
  public static zstd(level: number): Compression {
    return new Compression('zstd', at('Compression.zstd', () => checkWholeNumber('level', level, 1, 19, 'zstd has these levels; 1 is a good one')));
  }

  /**
   * Gzip, which every tool everywhere opens.
   *
   * @param level 1 (fastest) to 9 (smallest); 9 takes much longer than 6 for next to nothing.
   */
  public static gzip(level: number): Compression {
    return new Compression('gzip', at('Compression.gzip', () => checkWholeNumber('level', level, 1, 9, 'gzip has these levels; for smaller files use Compression.zstd')));
  }

  private constructor(
    private readonly algorithm: CompressionConfig['algorithm'],
    private readonly level: number,
  ) {}

  /**
   * @internal
   */
  public _toConfig(): CompressionConfig {
    return { algorithm: this.algorithm, level: this.level };
  }
}
