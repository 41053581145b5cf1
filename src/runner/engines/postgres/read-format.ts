import { Readable } from 'node:stream';
import { ClusterDumpCheck } from './format';
import { installed } from './programs';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { RunnerError } from '../../core/errors';
import { outputOf } from '../../core/process';
import { FormatContext } from '../../engine-api/engine';
import { through, wrongFormat } from '../../engine-api/format';

/** What this `pg_restore` can't do with an archive that is all right. */
const PG_RESTORE_TOO_OLD = /unsupported version \(|does not support compression/;

/** Reads an archive, or the script of roles and tablespaces, to its end. */
export async function readPostgresFormat(artifact: RecordedArtifact, content: Readable, { signal }: FormatContext): Promise<null> {
  if (artifact.role === 'globals') await readScript(artifact, content);
  else await restoreToNowhere(artifact, content, signal);
  return null;
}

async function readScript(artifact: RecordedArtifact, script: Readable): Promise<void> {
  try {
    await through(script, new ClusterDumpCheck(artifact.file));
  } catch (error) {
    throw error instanceof RunnerError ? wrongFormat(artifact, 'is cut short: the script has no end') : error;
  }
}

/** Makes the script of the whole archive and throws it away: every block of every table is read and decompressed for that. */
async function restoreToNowhere(artifact: RecordedArtifact, archive: Readable, signal: AbortSignal): Promise<void> {
  const newest = (await installed('pg_restore', signal)).at(-1)!; // it reads what all others have made
  await outputOf({
    file: newest.file,
    args: ['--format=custom', '--file=/dev/null'],
    input: archive,
    explain: (lines, exitCode) => {
      if (exitCode === null) return undefined; // killed: that says nothing about the archive
      const said = lines.split('\n')[0]!;
      return PG_RESTORE_TOO_OLD.test(said)
        ? new RunnerError(`pg_restore ${newest.text} is too old for it (${said}): install PostgreSQL's client of the version that made it, or a later one, or use a runner image that has it`, ExitCode.VERSION_MISMATCH)
        : wrongFormat(artifact, `can't be read to its end by pg_restore (${said})`);
    },
  }, signal);
}
