import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { explainSqlite } from './errors';
import { SQLITE_MAGIC } from './header';
import { runSqlite } from './program';
import { SqliteCopy } from './tasks';
import { ScratchConfig, SqliteConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { roomIn } from '../../core/disk';
import { codeOf, messageOf, RunnerError } from '../../core/errors';
import { scratchDirectory } from '../../core/scratch';
import { Inspection, OpenDump, Source } from '../../engine-api/source';
import { checked } from '../../stream/check';

/** Node's 64 kB cost a change of threads for each. */
const READ_BYTES = 1024 * 1024;

/**
 * A SQLite database file, copied as it was at one moment, page for page, while others go on writing to it.
 *
 * In rollback-journal mode writers wait while the copy is made; in WAL mode they do not. The copy is checked in the scratch
 * directory, which needs room for the whole database, and is stored only then.
 */
export class SqliteSource implements Source {
  public readonly description: string;

  constructor(private readonly config: SqliteConfig, private readonly scratch: ScratchConfig) {
    this.description = `sqlite ${config.path}`;
  }

  // What is stored is the database file: compressed as a whole, or not at all.
  public async inspect(_compression: unknown, signal: AbortSignal): Promise<Inspection> {
    const expectedBytes = await this.size();
    const { sqliteVersion } = await this.run(null, signal);
    return {
      // There is no server: this is the library that reads the file.
      source: { engine: 'sqlite', serverVersion: sqliteVersion, address: this.config.path, database: null },
      tools: { sqlite: sqliteVersion },
      dumps: [{
        role: 'data',
        part: null,
        extension: 'db',
        database: null,
        compressedInside: null,
        expectedBytes,
        scratchBytes: expectedBytes,
        open: openSignal => this.open(openSignal),
      }],
    };
  }

  private async open(signal: AbortSignal): Promise<OpenDump> {
    await this.size();
    const directory = await scratchDirectory(this.scratch, 'backup');
    try {
      const copy = join(directory.path, 'copy.db');
      const { copied } = await this.run(copy, signal);
      const { integrity, rows, warnings } = copied!;
      if (integrity.join() !== 'ok') {
        throw new RunnerError(
          `${this.description} is corrupt: ${integrity.slice(0, 3).join('; ')}. Nothing was stored; restore the last good backup, or repair it with "sqlite3 ${this.config.path} .recover"`,
          ExitCode.CORRUPT,
        );
      }
      return {
        stream: await streamOf(copy, this.description, signal),
        counts: { precision: 'exact', unit: 'rows', items: rows },
        empty: Object.values(rows).every(count => count === 0),
        warnings,
      };
    } finally {
      await directory.remove(); // an open file lives on without its name
    }
  }

  /** @param file to be made with the copy; `null` to look at the database only */
  private async run(file: string | null, signal: AbortSignal): Promise<SqliteCopy> {
    return runSqlite({
      kind: 'copy',
      source: this.config.path,
      copy: file === null ? null : { file, roomBytes: await roomIn(this.scratch) },
      lockTimeoutMs: this.config.lockTimeoutSeconds * 1000,
    }, failure => explainSqlite(failure, { ...this.config, description: this.description, scratch: this.scratch }), signal);
  }

  /** Bytes of the database with its write-ahead log. Never makes the file. */
  private async size(): Promise<number> {
    const file = await stat(this.config.path).catch(error => {
      const missing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
      throw new RunnerError(
        missing
          ? `${this.description} does not exist: check the path, and that its volume is mounted`
          : `${this.description} can't be read (${messageOf(error)}): run the backup as a user that may read it and its directory`,
        missing ? ExitCode.NOT_FOUND : ExitCode.DENIED, { cause: error },
      );
    });
    if (!file.isFile()) throw new RunnerError(`${this.description} is not a file: name the database file itself`, ExitCode.BAD_CONFIG);
    const log = await stat(`${this.config.path}-wal`).catch(() => undefined);
    return file.size + (log?.size ?? 0);
  }
}

/** Reads `file`, which may be unlinked once this has returned. */
async function streamOf(file: string, source: string, signal: AbortSignal): Promise<Readable> {
  const handle = await open(file);
  const { size } = await handle.stat();
  let seen = 0;
  const fail = (what: string) => new RunnerError(`the copy of ${source} ${what}: run the backup again`, ExitCode.CORRUPT);
  return checked(handle.createReadStream({ highWaterMark: READ_BYTES }), {
    add(chunk) {
      signal.throwIfAborted();
      if (seen === 0 && !chunk.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC)) throw fail('does not begin as a SQLite database does');
      seen += chunk.length;
    },
    end() {
      if (seen !== size || size === 0) throw fail(`has ${size} bytes, of which ${seen} could be read`);
    },
  });
}
