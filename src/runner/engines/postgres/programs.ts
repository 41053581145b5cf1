/*
 * PostgreSQL's client programs of several versions, side by side. A dump is made by those of the server's own version, so that the stock
 * tools of that server restore it.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { outputOf } from '../../core/process';

/** A version such as `17.11`, and the number that decides what fits together. */
export interface PostgresVersion {
  readonly text: string;
  readonly major: number;
}

export type PostgresProgramName = 'psql' | 'pg_dump' | 'pg_dumpall' | 'pg_restore';

/** One program of one version. */
export interface PostgresProgram extends PostgresVersion {
  readonly name: PostgresProgramName;
  /** Its path. */
  readonly file: string;
}

/** Where packages put the programs of one version: Debian and Ubuntu, and so the image; Red Hat; Alpine; Homebrew; Postgres.app. `*` has a number in it. */
const PLACES = [
  '/usr/lib/postgresql/*/bin', '/usr/*/bin', '/usr/libexec/*', '/opt/homebrew/opt/*/bin', '/usr/local/opt/*/bin', '/Applications/Postgres.app/Contents/Versions/*/bin',
];
const VERSIONED = /^(\d+|pgsql-\d+|postgresql\d+|postgresql@\d+|libpq)$/;
/** Of Debian: it looks which version to start, and might choose another one for the next argument. */
const WRAPPER = 'pg_wrapper';

/** The versions of a program that are on this machine, oldest first: on PATH, whose first one of a version counts, or where packages put them. */
export async function installed(name: PostgresProgramName, signal: AbortSignal): Promise<readonly PostgresProgram[]> {
  const files = [...new Set(directories().map(directory => path.join(directory, name)).filter(existsSync).map(file => realpathSync(file)))]
    .filter(file => path.basename(file) !== WRAPPER);
  const asked = await Promise.allSettled(files.map(file => versionOf(name, file, signal)));
  signal.throwIfAborted();
  const found = new Map<number, PostgresProgram>();
  for (const answer of asked) {
    if (answer.status === 'fulfilled' && !found.has(answer.value.major)) found.set(answer.value.major, answer.value);
  }
  const broken = asked.find(answer => answer.status === 'rejected');
  if (found.size === 0 && broken) throw broken.reason;
  if (found.size === 0) throw new RunnerError(`${name} is not installed, or not on PATH: install it, or use the runner image, which has it`, ExitCode.BAD_CONFIG);
  return [...found.values()].sort((a, b) => a.major - b.major);
}

/** The one that dumps a server, of its own version or the next newer one; `undefined` if all are older. */
export function dumperOf<P extends PostgresVersion>(programs: readonly P[], serverMajor: number): P | undefined {
  return programs.find(({ major }) => major >= serverMajor);
}

/**
 * The one that restores an archive: the oldest that reads it, and so says nothing that an old server does not know.
 *
 * @returns `undefined` if all are older than the program that has made the archive
 */
export function restorerOf<P extends PostgresVersion>(programs: readonly P[], dumpMajor: number): P | undefined {
  return programs.find(({ major }) => major >= dumpMajor);
}

/** What to install so that programs of a version are there. */
export function howToGet(major: number): string {
  return `install PostgreSQL's client ${major} (the package is postgresql-client-${major} in Debian and Ubuntu, postgresql@${major} in Homebrew), or use a runner image that has it`;
}

/** Of the machine, those first that whoever runs this has chosen. */
function directories(): string[] {
  const chosen = (process.env.PATH ?? '').split(path.delimiter).filter(directory => path.isAbsolute(directory));
  return [...chosen, ...PLACES.flatMap(place => {
    const [parent, rest] = place.split('/*') as [string, string];
    return namesIn(parent).filter(name => VERSIONED.test(name)).map(name => path.join(parent, name, rest));
  })];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // not on a machine of this kind
  }
}

async function versionOf(name: PostgresProgramName, file: string, signal: AbortSignal): Promise<PostgresProgram> {
  const output = await outputOf({ file, args: ['--version'] }, signal);
  const [, text, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(output) ?? [];
  if (!text) throw new RunnerError(`${file} does not tell its version but "${output.trim()}": install PostgreSQL's own`, ExitCode.BAD_CONFIG);
  return { name, file, text, major: Number(major) };
}
