import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { resultLine } from '../core/result-line';
import { renderTable } from '../core/table';
import { isTimeZone } from '../core/wall-time';
import { ImportedFile, importBackups, ImportOutcome } from '../import/import-backups';
import { openPlace } from '../import/place';
import { openStores } from '../stores/open';

export interface ImportCommandOptions {
  /** A directory, or `s3://BUCKET/PREFIX`. */
  readonly from: string;
  /** Time zone of the times in names. */
  readonly zone: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const SAID: { readonly [outcome in ImportOutcome]: string } = {
  'imported': 'imported',
  'would-be-imported': 'would be imported',
  'already-there': 'already there',
  'not-taken': 'not taken',
  'failed': 'NOT IMPORTED',
};

/** Takes over the backups that other programs have made: copied, checked, and with a record. The originals stay as they are. */
export async function importCommand(context: Context<BackupConfig>, { from, zone, dryRun, json }: ImportCommandOptions): Promise<ExitCode> {
  const { config: { name }, stdout, asText } = context;
  if (!isTimeZone(zone)) throw new RunnerError(`--zone takes a time zone such as Etc/UTC or Europe/Berlin, got ${JSON.stringify(zone)}`, ExitCode.USAGE);
  const place = openPlace(from, context);
  const files = await importBackups(context, openStores(context), { from: place, timeZone: zone, dryRun });
  const result = { name, from: place.location, timeZone: zone, dryRun, files };
  if (json) stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else stdout.write(asText ? `${text(files)}${summary(files)}\n` : resultLine('import.finished', result));
  return exitCodeOf(files, name, place.location);
}

function text(files: readonly ImportedFile[]): string {
  if (files.length === 0) return '';
  return renderTable(['FILE', 'BACKUP', 'TIME FROM', 'CHECKSUM', 'RESULT'], files.map(({ file, id, timeFrom, checksumFile, outcome, reason }) =>
    [file, id ?? '-', timeFrom ?? '-', checksumFile ?? '-', `${SAID[outcome]}${reason === null ? '' : `: ${reason}`}`]));
}

function summary(files: readonly ImportedFile[]): string {
  const counted = (Object.keys(SAID) as ImportOutcome[]).flatMap(outcome => {
    const count = files.filter(file => file.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${SAID[outcome]}`];
  });
  return counted.join(', ') || 'There is no file.';
}

/** The worst comes first: a damaged file. */
function exitCodeOf(files: readonly ImportedFile[], name: string, location: string): ExitCode {
  const codes = files.filter(({ outcome }) => outcome === 'failed').map(({ exitCode }) => exitCode);
  if (codes.includes(ExitCode.CORRUPT)) return ExitCode.CORRUPT;
  if (codes[0] !== undefined) return codes[0];
  if (files.some(({ outcome }) => outcome !== 'not-taken')) return ExitCode.OK;
  throw new RunnerError(`there is no backup of ${name} in ${location} that can be imported: see the reason for each file above`, ExitCode.NOT_FOUND);
}
