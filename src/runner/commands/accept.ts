import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { ACCEPTED_SUFFIX } from '../../contract/layout';
import { readCatalog } from '../catalog/catalog';
import { findBackup } from '../catalog/choose-backup';
import { Context } from '../core/context';
import { openStores } from '../stores/open';

/** Accepts a suspect backup: from now on it can be the latest, and the next one is compared with it. Its record does not change. */
export async function accept(context: Context<NamedConfig>, wanted: string): Promise<ExitCode> {
  const { config, signal, stdout } = context;
  const stores = openStores(context);
  const { record } = findBackup(await readCatalog(config.name, stores, signal), config.name, wanted);
  if (record.suspect === null) {
    stdout.write(`${record.id} is not suspect: there is nothing to accept.\n`);
    return ExitCode.OK;
  }
  const content = `${JSON.stringify({ id: record.id, suspect: record.suspect, acceptedAt: new Date().toISOString() })}\n`;
  for (const store of stores) await store.create(record.id + ACCEPTED_SUFFIX, content, signal);
  stdout.write(`${record.id} is accepted, although ${record.suspect}.\n`);
  return ExitCode.OK;
}
