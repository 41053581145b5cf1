import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { outputOf } from '../../core/process';

/** What a query has returned. */
export interface Answer {
  /** First column of the first row; `null` if there is none. */
  readonly value?: string | number | null;
  /** Why it could not be run; SQLite quotes no rows in that, but the query. */
  readonly error?: string;
}

/*
 * A process of its own, because SQLite's work blocks: the runner has to go on answering signals meanwhile. It is a text, so that the
 * runner stays one file.
 */
const CHILD = String.raw`
const { DatabaseSync } = require('node:sqlite');
const { pathToFileURL } = require('node:url');
const { file, queries } = JSON.parse(process.argv[1]);
// Nobody else has it: no locks, and no files beside it.
const database = new DatabaseSync(new URL(pathToFileURL(file).href + '?immutable=1'), { readOnly: true });
const answers = queries.map(sql => {
  try {
    const value = Object.values(database.prepare(sql).get() ?? {})[0] ?? null;
    return { value: value instanceof Uint8Array ? 'a blob' : value };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
`;

/** Asks a database file that nobody else has open. */
export async function askSqlite(file: string, queries: readonly string[], signal: AbortSignal): Promise<Answer[]> {
  const output = await outputOf({
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', '--eval', CHILD, JSON.stringify({ file, queries })],
    explain: said => new RunnerError(`${file} can't be read as a database: ${said.split('\n').at(-1)}`, ExitCode.CORRUPT),
  }, signal);
  return JSON.parse(output) as Answer[];
}
