import { Context, openStores } from './context';
import { reportFaults } from './list';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, formatChecksums } from '../../contract/layout';
import { readThrough } from '../artifact';
import { Backup, findBackup, readCatalog, readSmall } from '../catalog';
import { messageOf, RunnerError } from '../errors';
import { LookConfig } from '../load-config';
import { Store } from '../stores/store';
import { renderTable } from '../table';

export interface VerifyOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  /** Every backup there is; `wanted` is not looked at. */
  readonly all: boolean;
  readonly json: boolean;
}

interface Finding {
  readonly id: string;
  readonly store: string;
  readonly result: string;
}

/** The worst comes first: what a person has to look at before the rest. */
const SEVERITY: readonly ExitCode[] = [ExitCode.CORRUPT, ExitCode.NOT_FOUND, ExitCode.DENIED, ExitCode.UNAVAILABLE, ExitCode.FAILED];

/** Reads artifacts back from every store and compares them with their records. Goes on after a fault, and fails at the end. */
export async function verify(context: Context<LookConfig>, options: VerifyOptions): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const stores = openStores(context);
  const catalog = await readCatalog(config.name, stores, signal);
  const backups = options.all ? catalog.backups : [findBackup(catalog, config.name, options.wanted)];
  const findings: Finding[] = [];
  const codes = new Set<ExitCode>();
  for (const backup of backups) {
    for (const store of stores) {
      const fault = catalog.unreachable.get(store.name) ?? await faultOf(backup, store, context);
      if (fault) codes.add(fault.exitCode);
      findings.push({ id: backup.record.id, store: store.name, result: fault ? messageOf(fault) : 'ok' });
    }
  }
  codes.add(reportFaults(catalog, reporter));
  stdout.write(options.json
    ? `${JSON.stringify(findings, null, 2)}\n`
    : findings.length === 0
      ? `No backup of ${config.name}.\n`
      : renderTable(['BACKUP', 'STORE', 'RESULT'], findings.map(({ id, store, result }) => [id, store, result])));
  return SEVERITY.find(code => codes.has(code)) ?? ExitCode.OK;
}

/** What is wrong with the copy of a backup in one store, after reading all of it; `undefined` if nothing is. */
async function faultOf(backup: Backup, store: Store, { reporter, signal }: Context<LookConfig>): Promise<RunnerError | undefined> {
  const { id, artifacts } = backup.record;
  const listed = backup.copies.get(store.name);
  if (listed) return new RunnerError(listed, listed.endsWith('missing') ? ExitCode.NOT_FOUND : ExitCode.CORRUPT);
  try {
    for (const artifact of artifacts) await readThrough(artifact, store, reporter, signal);
    if (await readSmall(store, id + CHECKSUM_SUFFIX, signal) !== formatChecksums(artifacts)) {
      return new RunnerError(`${id + CHECKSUM_SUFFIX} differs from the record`, ExitCode.CORRUPT);
    }
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError) return error;
    throw error;
  }
}
