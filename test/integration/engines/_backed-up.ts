import { BackupConfig, RestoreConfig, ScratchConfig, SourceConfig, TargetConfig } from '../../../src/contract/config';
import { BackupRecord } from '../../../src/contract/record';
import { takeBackup } from '../../../src/runner/backup/take';
import { readCatalog } from '../../../src/runner/catalog/catalog';
import { findBackup } from '../../../src/runner/catalog/choose-backup';
import { createReporter } from '../../../src/runner/core/reporter';
import { VerifiedArtifacts } from '../../../src/runner/engine-api/artifacts';
import { Restorer } from '../../../src/runner/engine-api/restorer';
import { openRestorer, openSource } from '../../../src/runner/engines/open';
import { Store } from '../../../src/runner/store-api/store';
import { openStore } from '../../../src/runner/stores/open';
import { capture } from '../../runner/_fixtures';
import { NO_ABORT } from '../../runner/engines/_dump';
import { configOf, folder } from '../_configs';
import { RunOptions } from '../_runner';
import { restoreOf } from '../restore/_restore';
import { tempDir } from '../servers/_process';

/** What is said meanwhile is of no interest: the tests look at what is there. */
export const QUIET = createReporter(capture());

/** A backup in a folder, taken in the process of the tests. */
export interface BackedUp {
  readonly config: BackupConfig;
  readonly record: BackupRecord;
  /** The folder. */
  readonly directory: string;
  readonly stores: readonly Store[];
  readonly scratch: ScratchConfig;
  /** Opens a restorer, as each run does. */
  restorer(target: TargetConfig): Restorer;
  artifactsFor(restorer: Restorer): Promise<VerifiedArtifacts>;
  /** For a process that restores. */
  options(target: TargetConfig): RunOptions & { readonly config: RestoreConfig };
}

export async function backUp(
  source: SourceConfig, env: NodeJS.ProcessEnv = {}, changes: Partial<BackupConfig> = {}, restoring: Partial<RestoreConfig> = {},
): Promise<BackedUp> {
  const directory = tempDir('volume');
  const scratch: ScratchConfig = { directory: tempDir('scratch'), limitBytes: null };
  const config = configOf({ source, stores: [folder(directory)], scratch, ...changes });
  const stores = config.stores.map(store => openStore(store, env));
  const taking = { config, reporter: QUIET, signal: NO_ABORT };
  const record = await takeBackup(openSource(source, env, scratch), stores, { acceptSmaller: true, suspect: null }, taking);
  const options = (target: TargetConfig) => ({ config: { ...restoreOf(config, target), ...restoring }, env });
  return {
    config,
    record,
    directory,
    stores,
    scratch,
    options,
    restorer: target => openRestorer({ config: options(target).config, env, reporter: QUIET, stores }),
    artifactsFor: async restorer => {
      const backup = findBackup(await readCatalog(config.name, stores, NO_ABORT), config.name, record.id);
      return VerifiedArtifacts.plan(backup, restorer.select(record), stores, { scratch, decryption: restoring.decryption ?? null }, QUIET);
    },
  };
}
