import { PostgresClient } from './client';
import { ArchiveHead } from './restore-archive';
import { relationsQuery, rowsQuery } from './restore-server';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { messageOf, RunnerError } from '../../core/errors';
import { shownAnswer } from '../../core/said';

/** Kinds of objects that are looked for by name afterwards; the rest is known to be there because `pg_restore` ended well. */
const RELATIONS = ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'FOREIGN TABLE', 'INDEX'];
const MOST_NAMED = 5;
/** Estimates of small tables say little. */
const LEAST_ROWS = 100;

/**
 * Looks whether a restored database is what the backup says, before it goes live.
 *
 * @returns what is odd and may be right all the same, a sentence each
 * @throws RunnerError if something is missing, a count that was exact is another one, or an assertion is not true
 */
export async function checkRestored(
  client: PostgresClient, database: string, head: ArchiveHead, artifact: RecordedArtifact, assertions: readonly string[], signal: AbortSignal,
): Promise<string[]> {
  await refuseMissing(client, database, head, signal);
  const notes = await compareRows(client, database, artifact, signal);
  for (const assertion of assertions) await assertTrue(client, database, assertion, signal);
  return notes;
}

/** Codes of a check that came to no end, as where the server went away or `psql` was killed. */
const NO_ANSWER: readonly ExitCode[] = [ExitCode.UNAVAILABLE, ExitCode.FAILED];

/**
 * Analyzes and checks what was restored in place: its transaction has ended, and nothing brings back what was there but a rollback. So a fault
 * of the data is a failure, and everything else is told: a server that went away, a run that is stopped.
 */
export async function checkCommitted(
  client: PostgresClient, database: string, head: ArchiveHead, artifact: RecordedArtifact, assertions: readonly string[], signal: AbortSignal,
): Promise<string[]> {
  const notes: string[] = [];
  try {
    await client.run(database, 'analyze;', signal);
  } catch (error) {
    notes.push(`the database was restored and could not be analyzed (${reasonOf(error, signal)}): its queries may be slow until somebody runs ANALYZE in it`);
  }
  try {
    return [...notes, ...await checkRestored(client, database, head, artifact, assertions, signal)];
  } catch (error) {
    if (!signal.aborted && !(error instanceof RunnerError && NO_ANSWER.includes(error.exitCode))) throw error;
    return [...notes, `the database was restored in one transaction and could not be checked after it (${reasonOf(error, signal)}): look at it yourself`];
  }
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  return messageOf(signal.aborted ? signal.reason : error);
}

async function refuseMissing(client: PostgresClient, database: string, { entries }: ArchiveHead, signal: AbortSignal): Promise<void> {
  const there = new Set(await client.query<string[]>(database, relationsQuery(), signal));
  const missing = entries.filter(({ type, schema, tag }) => RELATIONS.includes(type) && !there.has(`${schema}.${tag}`));
  if (missing.length === 0) return;
  throw new RunnerError(
    `${missing.length} objects of the backup are not in what was restored, among them ${missing.slice(0, MOST_NAMED).map(({ schema, tag }) => `${schema}.${tag}`).join(', ')}`,
    ExitCode.CORRUPT,
  );
}

async function compareRows(client: PostgresClient, database: string, { counts }: RecordedArtifact, signal: AbortSignal): Promise<string[]> {
  const recorded = Object.entries(counts?.items ?? {});
  if (!counts || recorded.length === 0) return [];
  const exact = counts.precision === 'exact';
  const rows = await client.query<{ [table: string]: number }>(database, rowsQuery(recorded.map(([table]) => table), exact), signal);
  const other = recorded.filter(([table, expected]) => exact ? rows[table] !== expected : isOdd(rows[table], expected));
  if (other.length === 0) return [];
  const list = other.slice(0, MOST_NAMED).map(([table, expected]) => `${table} has ${rows[table] ?? 'no'} rows, ${exact ? '' : 'about '}${expected} were recorded`).join('; ');
  if (exact) throw new RunnerError(`the restored data have other rows than the backup: ${list}`, ExitCode.CORRUPT);
  // Statistics may have been old when the backup was taken: a restore that is right must not fail on them.
  return [`the numbers of rows differ much from the server's estimates when the backup was taken: ${list}`];
}

function isOdd(rows: number | undefined, expected: number): boolean {
  return rows === undefined || Math.abs(rows - expected) > Math.max(LEAST_ROWS, expected / 2);
}

/** Fails unless the SQL of an assertion returns true. It can change nothing. */
export async function assertTrue(client: PostgresClient, database: string, assertion: string, signal: AbortSignal): Promise<void> {
  if (hasCommand(assertion)) {
    throw new RunnerError(`the assertion ${JSON.stringify(assertion)} can't be checked: it has a backslash in it, which is a command of psql`, ExitCode.BAD_CONFIG);
  }
  let answer: string;
  try {
    answer = (await client.run(database, `set default_transaction_read_only = on;\n${assertion.trim().replace(/;*$/, ';')}`, signal)).trim();
  } catch (error) {
    if (error instanceof RunnerError && error.exitCode !== ExitCode.FAILED && error.exitCode !== ExitCode.NOT_FOUND) throw error;
    signal.throwIfAborted();
    throw new RunnerError(`the assertion ${JSON.stringify(assertion)} can't be checked: ${messageOf(error)}`, ExitCode.BAD_CONFIG, { cause: error });
  }
  if (answer !== 't') throw new RunnerError(`the assertion ${JSON.stringify(assertion)} is not true, it answers ${shownAnswer(answer)}`, ExitCode.CORRUPT);
}

/** Whether there is a backslash outside of texts and names, where SQL has none. */
export function hasCommand(sql: string): boolean {
  return sql.replace(/(\$\w*\$).*?\1|'(?:[^']|'')*'|"(?:[^"]|"")*"/gs, '').includes('\\');
}
