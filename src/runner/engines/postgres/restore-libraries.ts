/*
 * Functions in C: the archive has the name of the library and of the function in it, and the library is on the disk of the server that was
 * backed up. `pg_restore` fails where another server can't load it, after hours perhaps.
 */
import { PostgresClient } from './client';
import { ArchiveEntry } from './restore-archive';
import { Facts, restoredOf } from './restore-findings';
import { literal } from './restore-sql';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { Obstacle } from '../../core/obstacle';

const FUNCTIONS = ['FUNCTION', 'PROCEDURE'];
/** `pg_dump` writes the language and then the library; functions of extensions are not in an archive. */
const LIBRARY = /^ {4}LANGUAGE c\b[^]*?\n {4}AS '((?:[^']|'')+)', /m;
const MOST_NAMED = 3;

/** Loads each library that the archive needs in a session of its own, as making a function does. Only superusers may, who alone may make such functions. */
export async function librariesNotLoaded(client: PostgresClient, maintenance: string, facts: Facts, signal: AbortSignal): Promise<Obstacle[]> {
  if (!facts.server.superuser) return [];
  const findings: Obstacle[] = [];
  for (const [library, functions] of librariesOf(restoredOf(facts).entries)) {
    try {
      await client.run(maintenance, `load ${literal(library)};`, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError) || error.exitCode === ExitCode.UNAVAILABLE) throw error;
      const named = `${functions.slice(0, MOST_NAMED).join(', ')}${functions.length > MOST_NAMED ? ` and ${functions.length - MOST_NAMED} more` : ''}`;
      findings.push({
        message: `the server can't load the library ${library}, in which the backup has ${named}: ${messageOf(error)}`,
        exitCode: error.exitCode === ExitCode.FAILED ? ExitCode.NOT_FOUND : error.exitCode,
      });
    }
  }
  return findings;
}

/** Functions by the library that they are in. */
export function librariesOf(entries: readonly ArchiveEntry[]): ReadonlyMap<string, readonly string[]> {
  const libraries = new Map<string, string[]>();
  for (const { type, schema, tag, definition } of entries) {
    const [, quotedName] = FUNCTIONS.includes(type) ? LIBRARY.exec(definition) ?? [] : [];
    if (quotedName === undefined) continue;
    const library = quotedName.replaceAll('\'\'', '\'');
    libraries.set(library, [...libraries.get(library) ?? [], `the function ${schema}.${tag}`]);
  }
  return libraries;
}
