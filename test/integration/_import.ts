import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, RunOptions } from './_runner';
import { clientBin, PostgresServer } from './servers/postgres';
import { backupId } from '../../src/contract/layout';

/** The command of the guide. */
export function dumpWith(pg: PostgresServer, file: string, database: string, ...more: readonly string[]): void {
  execFileSync(path.join(clientBin(17), 'pg_dump'), [
    '--host=localhost', `--port=${pg.port}`, `--username=${pg.superuser}`, `--dbname=${database}`, '--format=custom', '--compress=9', `--file=${file}`, ...more,
  ], { env: { PGPASSWORD: pg.password, TZ: 'Etc/UTC' } });
}

export function sha256sum(directory: string, file: string, as: string): void {
  writeFileSync(path.join(directory, as), execFileSync('sha256sum', [path.join(directory, file)], { encoding: 'utf8' }));
}

/** Changes a bit of a file. */
export function flip(file: string, at: (length: number) => number): void {
  const bytes = readFileSync(file);
  bytes[at(bytes.length)]! ^= 1; // eslint-disable-line no-bitwise
  writeFileSync(file, bytes);
}

/** A time of some hours ago, to the second; as it stands in names. */
export function hoursAgo(hours: number, name = 'whispercache'): { readonly id: string; readonly stamp: string; readonly date: Date } {
  const date = new Date(Math.floor(Date.now() / 1000) * 1000 - hours * 3_600_000);
  const id = backupId(name, date);
  return { id, stamp: id.slice(name.length + 1), date };
}

/** Imports a folder: of each file what became of it, and why, or as what. */
export async function importFrom(
  from: string, options: RunOptions, ...more: readonly string[]
): Promise<{ readonly code: number; readonly files: { [file: string]: readonly [outcome: string, reasonOrId: string | null] } }> {
  const { code, stdout } = await run(['import', '--from', from, '--json', ...more], options);
  const { files } = JSON.parse(stdout) as { readonly files: readonly { file: string; outcome: string; reason: string | null; id: string | null }[] };
  return { code, files: Object.fromEntries(files.map(({ file, outcome, reason, id }) => [file, [outcome, reason ?? id]])) };
}
