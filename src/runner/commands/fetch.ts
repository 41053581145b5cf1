import path from 'node:path';
import { Readable } from 'node:stream';
import { Context, openStores } from './context';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, formatChecksums } from '../../contract/layout';
import { RecordedArtifact } from '../../contract/record';
import { readThrough, useArtifact } from '../artifact';
import { findBackup, readCatalog } from '../catalog';
import { filesOf } from '../claim';
import { RunnerError } from '../errors';
import { LookConfig } from '../load-config';
import { formatBytes } from '../reporter';
import { FolderStore } from '../stores/folder';

export interface FetchOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  /** Directory to put the files into. */
  readonly to: string;
  /** Name of the only store to read; all in turn if not given. */
  readonly from: string | undefined;
}

/** Copies a backup's artifacts and checksum file into a local directory. A file appears there only if its digest is right. */
export async function fetch(context: Context<LookConfig>, options: FetchOptions): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const stores = openStores(context).filter(({ name }) => options.from === undefined || name === options.from);
  if (stores.length === 0) {
    throw new RunnerError(`there is no store ${options.from}; the config has ${config.stores.map(({ name }) => name).join(', ')}`, ExitCode.USAGE);
  }
  const backup = findBackup(await readCatalog(config.name, stores, signal), config.name, options.wanted);
  const { id, artifacts, suspect } = backup.record;
  if (suspect !== null) reporter.warn('backup.suspect', `${id} is suspect: ${suspect}`);

  const target = new FolderStore({ type: 'folder', name: 'target', directory: path.resolve(options.to) });
  await target.check(signal);
  const present = await filesOf(id, target, signal);
  for (const artifact of artifacts) {
    if (present.includes(artifact.file)) await refuseOther(artifact, target, context);
    else await useArtifact(backup, artifact, stores, body => target.put(artifact.file, body, artifact.bytes, signal), reporter, signal);
    stdout.write(`${path.join(options.to, artifact.file)}  ${formatBytes(artifact.bytes)}  sha256 ${artifact.sha256}\n`);
  }
  const checksums = id + CHECKSUM_SUFFIX;
  if (!present.includes(checksums)) await target.put(checksums, Readable.from([Buffer.from(formatChecksums(artifacts))]), null, signal);
  stdout.write(`Fetched and verified. Check again at any time: cd ${options.to} && sha256sum -c ${checksums}\n`);
  return ExitCode.OK;
}

/** Fails unless the file that is there already is the artifact. */
async function refuseOther(artifact: RecordedArtifact, target: FolderStore, { reporter, signal }: Context<LookConfig>): Promise<void> {
  try {
    await readThrough(artifact, target, reporter, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new RunnerError(
      `${path.join(target.location, artifact.file)} exists and is not overwritten, but it is not what was backed up: move it away and fetch again`,
      ExitCode.USAGE, { cause: error },
    );
  }
}
