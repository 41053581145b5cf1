import { runSqlite } from './program';
import { SqliteAnswer } from './tasks';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** Asks a database file that nobody else has open. */
export function askSqlite(file: string, queries: readonly string[], signal: AbortSignal): Promise<readonly SqliteAnswer[]> {
  return runSqlite({ kind: 'query', file, queries }, failure =>
    new RunnerError(`${file} can't be read as a database: ${'message' in failure ? failure.message : ''}`, ExitCode.CORRUPT), signal);
}
