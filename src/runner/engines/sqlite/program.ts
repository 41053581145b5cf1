import { SQLITE_CHILD, SqliteFailure, SqliteTask } from './child';
import { RunnerError } from '../../core/errors';
import { Program } from '../../core/process';
import { withoutValues } from '../../core/said';

/** A process that does one thing with a SQLite file. */
export function sqliteProgram(task: SqliteTask, explain: (failure: SqliteFailure) => RunnerError): Program {
  return {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', '--eval', SQLITE_CHILD, JSON.stringify(task)],
    decode: stderr => {
      const failure = parseFailure(stderr);
      return failure && explain('message' in failure ? { ...failure, message: withoutValues(failure.message) } : failure);
    },
  };
}

function parseFailure(stderr: string): SqliteFailure | undefined {
  try {
    return JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as SqliteFailure;
  } catch {
    return undefined; // it crashed
  }
}
