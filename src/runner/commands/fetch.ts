import path from 'node:path';
import { Readable } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, ENCRYPTED_SUFFIX, formatChecksums } from '../../contract/layout';
import { RecordedArtifact } from '../../contract/record';
import { readThrough, useArtifact } from '../catalog/artifact';
import { Backup, readCatalog } from '../catalog/catalog';
import { findBackup, refuseDiffering } from '../catalog/choose-backup';
import { filesOf } from '../catalog/claim';
import { warnOfDamaged, warnOfPassedOver } from '../catalog/notes';
import { decryptionOf, identitiesFor, unseal } from '../catalog/open-plain';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';
import { clearLeftScratch, scratchDirectory } from '../core/scratch';
import { Store } from '../store-api/store';
import { FolderStore } from '../stores/folder/store';
import { openStores } from '../stores/open';

export interface FetchOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  /** Directory to put the files into. */
  readonly to: string;
  /** Name of the only store to read; all in turn if not given. */
  readonly from: string | undefined;
  /** Whether the files are written as they were before they were encrypted. */
  readonly decrypt: boolean;
  /** File with age identities; that of the config if not given. */
  readonly identity: string | undefined;
}

/** Copies a backup's artifacts and checksum file into a local directory. A file appears there only if its digest is right. */
export async function fetch(context: Context<InspectionConfig>, options: FetchOptions): Promise<ExitCode> {
  const { config, reporter, signal } = context;
  const stores = openStores(context).filter(({ name }) => options.from === undefined || name === options.from);
  if (stores.length === 0) {
    throw new RunnerError(`there is no store ${options.from}; the config has ${config.stores.map(({ name }) => name).join(', ')}`, ExitCode.USAGE);
  }
  const catalog = await readCatalog(config.name, stores, signal);
  const backup = findBackup(catalog, config.name, options.wanted);
  refuseDiffering(backup);
  if (options.wanted === 'latest') warnOfPassedOver(catalog, backup, reporter);
  else warnOfDamaged(backup, reporter);
  const { id, suspect } = backup.record;
  if (suspect !== null) reporter.warn('backup.suspect', `${id} is suspect: ${suspect}`);

  const directory = path.resolve(options.to);
  const place = { type: 'folder', name: 'target', directory, folder: null } as const;
  await new FolderStore(place).check(signal);
  await clearLeftScratch({ directory }, reporter);
  const unfinished = await scratchDirectory({ directory }, 'fetch');
  try {
    const target = new FolderStore(place, unfinished.path);
    return await fetchInto({ backup, stores, target, present: await filesOf(id, target, signal) }, context, options);
  } catch (error) {
    throw error instanceof TargetFailure ? error.cause : error;
  } finally {
    await unfinished.remove();
  }
}

async function fetchInto(fetching: Fetching, context: Context<InspectionConfig>, options: FetchOptions): Promise<ExitCode> {
  const { backup, stores, target, present } = fetching;
  const { reporter, signal, stdout } = context;
  const { id, artifacts } = backup.record;
  if (options.decrypt) {
    if (!artifacts.some(isSealed)) throw new RunnerError(`${id} is not encrypted: fetch it without --decrypt`, ExitCode.USAGE);
    return fetchDecrypted(fetching, context, options);
  }
  for (const artifact of artifacts) {
    if (present.includes(artifact.file)) await refuseOther(artifact, target, context);
    else await useArtifact(backup, artifact, stores, body => putInto(target, artifact.file, body, artifact.bytes, signal), reporter, signal);
    stdout.write(`${path.join(options.to, artifact.file)}  ${formatBytes(artifact.bytes)}  sha256 ${artifact.sha256}\n`);
  }
  const checksums = id + CHECKSUM_SUFFIX;
  if (!present.includes(checksums)) await target.put(checksums, Readable.from([Buffer.from(formatChecksums(artifacts))]), null, signal);
  stdout.write(`Fetched and verified. Check again at any time: cd ${options.to} && sha256sum -c ${checksums}\n`);
  if (artifacts.some(isSealed)) stdout.write('Encrypted: open it with --decrypt --identity FILE, or with "age --decrypt --identity FILE".\n');
  return ExitCode.OK;
}

interface Fetching {
  readonly backup: Backup;
  readonly stores: readonly Store[];
  readonly target: FolderStore;
  readonly present: readonly string[];
}

/** Of the directory that is written to: the next copy would meet it too, and it says nothing about this one. */
class TargetFailure extends Error {
  constructor(public override readonly cause: RunnerError) {
    super(cause.message);
  }
}

async function putInto(target: FolderStore, file: string, content: Readable, bytes: number, signal: AbortSignal): Promise<number> {
  let ofCopy: unknown;
  content.once('error', error => {
    ofCopy = error;
  });
  try {
    return await target.put(file, content, bytes, signal);
  } catch (error) {
    throw error instanceof RunnerError && error !== ofCopy ? new TargetFailure(error) : error;
  }
}

/** Writes the artifacts as they were before they were encrypted. A file appears only if its digest is right and all of it was opened. */
async function fetchDecrypted(fetching: Fetching, context: Context<InspectionConfig>, options: FetchOptions): Promise<ExitCode> {
  const { backup, stores, target, present } = fetching;
  const { config, reporter, signal, stdout } = context;
  const { artifacts } = backup.record;
  const identities = await identitiesFor(artifacts, decryptionOf(config, options.identity));
  for (const artifact of artifacts) {
    const file = isSealed(artifact) ? artifact.file.slice(0, -ENCRYPTED_SUFFIX.length) : artifact.file;
    if (present.includes(file)) {
      throw new RunnerError(`${path.join(options.to, file)} exists and is not overwritten: move it away and fetch again`, ExitCode.USAGE);
    }
    const bytes = await useArtifact(
      backup, artifact, stores, body => putInto(target, file, unseal(artifact, body, identities), artifact.bytes, signal), reporter, signal,
    );
    stdout.write(`${path.join(options.to, file)}  ${formatBytes(bytes)}\n`);
  }
  stdout.write('Fetched, verified and decrypted: anybody who reads these files reads your data.\n');
  return ExitCode.OK;
}

function isSealed({ recipients, file }: RecordedArtifact): boolean {
  return recipients !== undefined && file.endsWith(ENCRYPTED_SUFFIX);
}

/** Fails unless the file that is there already is the artifact. */
async function refuseOther(artifact: RecordedArtifact, target: FolderStore, { reporter, signal }: Context<InspectionConfig>): Promise<void> {
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
