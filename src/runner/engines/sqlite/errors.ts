import {
  SQLITE_PERM, SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_PROTOCOL, SQLITE_AUTH, SQLITE_NOTADB,
} from './codes';
import { SqliteFailure } from './tasks';
import { ScratchConfig, SqliteConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** SQLITE_READONLY_ROLLBACK and SQLITE_READONLY_RECOVERY: there is a journal, or a write-ahead log, that has to be played first. */
const HOT: readonly number[] = [776, 264];

export interface SqliteTarget extends SqliteConfig {
  readonly description: string;
  readonly scratch: ScratchConfig;
}

/** What a failure of the child process means, and what to do. */
export function explainSqlite(failure: SqliteFailure, target: SqliteTarget): RunnerError {
  const { description, lockTimeoutSeconds, scratch } = target;
  if ('neededBytes' in failure) {
    return new RunnerError(
      `no room for the copy of ${description}: it needs ${failure.neededBytes} bytes, ${scratch.directory} has ${failure.availableBytes}; give the scratch volume more`,
      ExitCode.NO_SPACE,
    );
  }
  const { sqliteCode, message } = failure;
  if (HOT.includes(sqliteCode)) {
    return new RunnerError(
      `${description} was left in the middle of a transaction by a program that was killed, and nobody can read it before that is rolled back, which writes to it (${message}): `
        + `let the application open it once, or run "sqlite3 ${target.path} 'PRAGMA schema_version'" as its owner. A backup only reads, and never does that itself`,
      ExitCode.DENIED,
    );
  }
  switch (sqliteCode % 256) {
    case SQLITE_BUSY: case SQLITE_LOCKED: case SQLITE_PROTOCOL:
      return new RunnerError(
        `${description} stayed locked for ${lockTimeoutSeconds} s (${message}): end the transaction that holds it, or raise the lock timeout`,
        ExitCode.UNAVAILABLE,
      );
    case SQLITE_NOTADB:
      return new RunnerError(
        `${description} is not a SQLite database, or is encrypted (${message}): check the path; an encrypted database can't be backed up`,
        ExitCode.CORRUPT,
      );
    case SQLITE_CORRUPT:
      return new RunnerError(
        `${description} is corrupt (${message}). Nothing was stored; restore the last good backup, or repair it with "sqlite3 ${target.path} .recover"`,
        ExitCode.CORRUPT,
      );
    case SQLITE_CANTOPEN: case SQLITE_READONLY: case SQLITE_PERM: case SQLITE_AUTH:
      return new RunnerError(
        `${description} can't be opened (${message}): run the backup as a user that may read the file and write to its directory, ` +
          'with the volume mounted writable; readers of a WAL database need its -shm file, and an unfinished transaction has to be rolled back first',
        ExitCode.DENIED,
      );
    case SQLITE_FULL:
      return new RunnerError(`${scratch.directory} filled up while ${description} was copied there: give the scratch volume more`, ExitCode.NO_SPACE);
    default:
      return new RunnerError(`${description} could not be copied: ${message}`, ExitCode.FAILED);
  }
}
