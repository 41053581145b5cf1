import path from 'node:path';
import { SqliteOutputs, SqliteFailure, SqliteTask } from './tasks';
import { RunnerError } from '../../core/errors';
import { outputOf, Program } from '../../core/process';
import { withoutValues } from '../../core/said';

/** Beside the bundle of the runner. */
export const SQLITE_CHILD = 'sqlite-child.js';

/** From sources, Node.js itself takes the types out, and warns of both. */
const UNWARNED = ['ExperimentalWarning', 'MODULE_TYPELESS_PACKAGE_JSON'].map(warning => `--disable-warning=${warning}`);

/** A process that does one thing with a SQLite file. */
export function sqliteProgram(task: SqliteTask, explain: (failure: SqliteFailure) => RunnerError): Program {
  return {
    file: process.execPath,
    args: [...UNWARNED, path.join(__dirname, path.extname(__filename) === '.ts' ? 'child.ts' : SQLITE_CHILD), JSON.stringify(task)],
    decode: stderr => {
      const failure = parseFailure(stderr);
      return failure && explain('message' in failure ? { ...failure, message: withoutValues(failure.message) } : failure);
    },
  };
}

/** Does it, and returns what came out. */
export async function runSqlite<K extends keyof SqliteOutputs>(
  task: SqliteTask & { readonly kind: K }, explain: (failure: SqliteFailure) => RunnerError, signal: AbortSignal,
): Promise<SqliteOutputs[K]> {
  return JSON.parse(await outputOf(sqliteProgram(task, explain), signal)) as SqliteOutputs[K];
}

function parseFailure(stderr: string): SqliteFailure | undefined {
  try {
    return JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as SqliteFailure;
  } catch {
    return undefined; // it crashed
  }
}
