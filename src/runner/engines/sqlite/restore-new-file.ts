import { createWriteStream } from 'node:fs';
import { access, link, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SqliteSource } from './source';
import { RestoreConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { useArtifact } from '../../catalog/artifact';
import { Backup } from '../../catalog/catalog';
import { differenceOf } from '../../catalog/counts';
import { identitiesFor, openPlain } from '../../catalog/open-plain';
import { Context } from '../../core/context';
import { codeOf, messageOf, RunnerError } from '../../core/errors';
import { clearLeftScratch, scratchDirectory } from '../../core/scratch';
import { Store } from '../../store-api/store';

/**
 * Restores a SQLite backup into a new file, which appears only after its digest, its integrity and its rows were found right.
 * Never touches an existing file.
 */
export async function restoreIntoNewFile(context: Context<RestoreConfig>, backup: Backup, stores: readonly Store[], to: string): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const target = path.resolve(to);
  await refuseExisting(target);

  const artifact = backup.record.artifacts[0]!;
  const identities = await identitiesFor([artifact], config.decryption);
  await clearLeftScratch({ directory: path.dirname(target) }, reporter);
  const directory = await scratchDirectory({ directory: path.dirname(target) }, 'restore');
  const beside = path.join(directory.path, 'restored.db');
  try {
    await useArtifact(backup, artifact, stores, async body => {
      await rm(beside, { force: true });
      await pipeline(openPlain(artifact, body, identities), createWriteStream(beside, { flags: 'wx' }), { signal });
    }, reporter, signal);
    await check(beside, artifact, context);
    await sync(beside);
    await link(beside, target); // unlike a rename, a link fails where a file has appeared meanwhile
  } catch (error) {
    if (codeOf(error) === 'EEXIST') await refuseExisting(target);
    if (codeOf(error) === 'ENOSPC') throw new RunnerError(`the disk of ${target} is full: make room for ${artifact.plainBytes} bytes`, ExitCode.NO_SPACE, { cause: error });
    throw error;
  } finally {
    await directory.remove();
  }
  stdout.write(`Restored ${backup.record.id} into ${to}: digest, integrity and the rows of all tables are as recorded.\n`);
  return ExitCode.OK;
}

async function refuseExisting(target: string): Promise<void> {
  const exists = await access(target).then(() => true, () => false);
  if (exists) throw new RunnerError(`${target} exists and is not overwritten: restore into another file, compare, and swap them yourself`, ExitCode.USAGE);
}

/** Fails unless the file is a sound database with the recorded number of rows. */
async function check(file: string, artifact: RecordedArtifact, { config, signal }: Context<RestoreConfig>): Promise<void> {
  const restored = new SqliteSource({ engine: 'sqlite', path: file, lockTimeoutSeconds: 10 }, config.scratch);
  const { dumps } = await restored.inspect({ algorithm: 'none', level: 0 }, signal);
  const { stream, counts } = await dumps[0]!.open(signal);
  stream.destroy();
  const difference = differenceOf(counts?.items ?? {}, artifact.counts);
  if (difference !== null) throw new RunnerError(`${artifact.file} was restored with other rows than its record says: ${difference}`, ExitCode.CORRUPT);
}

async function sync(file: string): Promise<void> {
  const handle = await open(file);
  try {
    await handle.sync();
  } catch (error) {
    throw new RunnerError(`${file} can't be written to disk: ${messageOf(error)}`, ExitCode.FAILED, { cause: error });
  } finally {
    await handle.close();
  }
}
