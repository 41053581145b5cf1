import { Context, openStores } from './context';
import { reportFaults } from './list';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { CHECKSUM_SUFFIX, formatChecksums } from '../../contract/layout';
import { Identities } from '../age-keys';
import { readThrough } from '../artifact';
import { Backup, findBackup, readCatalog, readSmall } from '../catalog';
import { codeOf, messageOf, RunnerError } from '../errors';
import { decryptionOf } from '../open-plain';
import { Store } from '../stores/store';
import { renderTable } from '../table';

export interface VerifyOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  /** Every backup there is; `wanted` is not looked at. */
  readonly all: boolean;
  readonly json: boolean;
  /** File with age identities; that of the config if not given. */
  readonly identity: string | undefined;
}

interface Finding {
  readonly id: string;
  readonly store: string;
  readonly result: string;
}

/** The worst comes first: what a person has to look at before the rest. */
const SEVERITY: readonly ExitCode[] = [ExitCode.CORRUPT, ExitCode.NOT_FOUND, ExitCode.DENIED, ExitCode.UNAVAILABLE, ExitCode.FAILED];

/** Reads artifacts back from every store and compares them with their records. Goes on after a fault, and fails at the end. */
export async function verify(context: Context<NamedConfig>, options: VerifyOptions): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const stores = openStores(context);
  const catalog = await readCatalog(config.name, stores, signal);
  const backups = options.all ? catalog.backups : [findBackup(catalog, config.name, options.wanted)];
  const findings: Finding[] = [];
  const codes = new Set<ExitCode>();
  const sealed = backups.flatMap(({ record }) => record.artifacts).filter(({ recipients }) => recipients !== undefined);
  const identities = sealed.length === 0 ? null : await identitiesOf(context, options);
  for (const backup of backups) {
    for (const store of stores) {
      const fault = catalog.unreachable.get(store.name) ?? await faultOf(backup, store, identities, context);
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

/** What opens encrypted backups; without it their digests can be verified all the same, and what was not looked at is said. */
async function identitiesOf({ config, reporter }: Context<NamedConfig>, { identity }: VerifyOptions): Promise<Identities | null> {
  const decryption = decryptionOf(config, identity);
  try {
    if (decryption !== null) return await Identities.load(decryption.identityFile);
  } catch (error) {
    // That of the config is where the pod has it, and not on this machine.
    if (identity !== undefined || codeOf((error as Error).cause) !== 'ENOENT') throw error;
  }
  reporter.warn('verify.sealed', 'Sizes and digests of encrypted backups are verified, what is in them is not: '
    + 'for that, name the file with an identity of theirs with --identity FILE');
  return null;
}

/** What is wrong with the copy of a backup in one store, after reading all of it; `undefined` if nothing is. */
async function faultOf(
  backup: Backup, store: Store, identities: Identities | null, { reporter, signal }: Context<NamedConfig>,
): Promise<RunnerError | undefined> {
  const { id, artifacts } = backup.record;
  const listed = backup.copies.get(store.name);
  if (listed) return new RunnerError(listed, listed.endsWith('missing') ? ExitCode.NOT_FOUND : ExitCode.CORRUPT);
  try {
    for (const artifact of artifacts) await readThrough(artifact, store, reporter, signal, identities);
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
