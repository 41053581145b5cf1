import { ExitCode } from '../../contract/exit-code';
import { Identities } from '../age/keys';
import { Backup, Catalog, readCatalog } from '../catalog/catalog';
import { findBackup, latest, passedOver } from '../catalog/choose-backup';
import { describeFault, isMissing, isWhole } from '../catalog/copy-state';
import { reportFaults } from '../catalog/notes';
import { decryptionOf } from '../catalog/open-plain';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { withDeadline } from '../core/deadline';
import { codeOf, messageOf, RunnerError } from '../core/errors';
import { resultLine } from '../core/result-line';
import { clearLeftScratch } from '../core/scratch';
import { renderTable } from '../core/table';
import { pushState } from '../monitor/push-state';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';
import { chooseScheduled } from '../verification/choose';
import { checkCopy, CopyFinding, isFaultOfCopy, isRecorded, ReadContext } from '../verification/copy';
import { repairCopy, RepairContext, WorkedOnElsewhere } from '../verification/repair';
import { withRoom } from '../verification/with-room';
import { Reading, writeVerification } from '../verification/write';

export interface VerifyOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  /** Every backup there is; `wanted` is not looked at. */
  readonly all: boolean;
  /** What the config asks for: the newest backup and a share of the older ones. */
  readonly scheduled: boolean;
  /** Whether a copy that is missing or damaged is replaced by a good one; with `scheduled` the config may ask for it as well. */
  readonly repair: boolean;
  /** Whether to tell only what would be repaired, and change nothing. */
  readonly dryRun: boolean;
  /** Whether the result is noted in the stores. */
  readonly record: boolean;
  readonly json: boolean;
  /** File with age identities; that of the config if not given. */
  readonly identity: string | undefined;
}

type VerifyContext = Context<InspectionConfig & RepairContext['config']> & ReadContext;

interface CopyResult {
  readonly id: string;
  readonly store: string;
  readonly result: string;
  /** Why the format was not read; absent if it was. */
  readonly digestOnly?: string;
  /** Name of the store whose copy has replaced this one. */
  readonly repairedFrom?: string;
  /** Name of the store whose copy would have replaced this one. */
  readonly wouldRepairFrom?: string;
}

/** What is known of one copy. */
interface Copy extends Reading {
  readonly store: Store;
  /** Name of the store whose copy would replace this one; `null`: none would. */
  readonly wouldRepairFrom: string | null;
  /** Why there is nothing to read, and nothing wrong with that. */
  readonly absent: string | null;
}

/** The worst comes first: what a person has to look at before the rest. */
const SEVERITY: readonly ExitCode[] = [ExitCode.CORRUPT, ExitCode.NOT_FOUND, ExitCode.DENIED, ExitCode.UNAVAILABLE, ExitCode.FAILED];

/**
 * Reads artifacts back from every store, to the last byte of their format, compares them with their records and the stores with each
 * other, and notes the result next to the record. Goes on after a fault, and fails at the end.
 */
export async function verify(context: Context<InspectionConfig>, options: VerifyOptions): Promise<ExitCode> {
  if (options.dryRun && !options.repair && !options.scheduled) throw new RunnerError('--dry-run goes with --repair: without it nothing is changed anyway', ExitCode.USAGE);
  if (!options.scheduled) return verifyChosen(context, options);
  const { config } = context;
  if (!('kind' in config) || config.kind !== 'backup') {
    throw new RunnerError(`--scheduled does what the config of a backup says, and this is that of ${'kind' in config ? `a ${config.kind}` : 'the exporter'}: name the job of the backup`, ExitCode.USAGE);
  }
  const repair = options.repair || config.verify.repair;
  return withDeadline(config.activeDeadlineSeconds, context.signal, 'everything read until then is noted, and the next run goes on with the rest. Raise the deadline if that repeats',
    signal => verifyChosen({ ...context, signal }, { ...options, repair }));
}

async function verifyChosen(context: Context<InspectionConfig>, options: VerifyOptions): Promise<ExitCode> {
  const { config, reporter, signal, stdout, asText: forPeople } = context;
  const stores = openStores(context);
  const catalog = await readCatalog(config.name, stores, signal);
  const findings: CopyResult[] = [];
  const codes = new Set<ExitCode>();
  const backups = chosen(catalog, context, options);
  const sealed = backups.flatMap(({ record }) => record.artifacts).some(({ recipients }) => recipients !== undefined);
  await clearLeftScratch(withRoom(config).scratch, reporter);
  const reading: VerifyContext = { ...context, config: withRoom(config), identities: sealed ? await identitiesOf(context, options) : null };
  for (const backup of backups) {
    for (const { store, fault, digestOnly, repairedFrom, wouldRepairFrom, absent } of await verifyBackup(backup, stores, catalog, options, reading)) {
      if (fault) codes.add(fault.exitCode);
      if (digestOnly !== null) reporter.warn('verification.partial', `${backup.record.id} in ${store.name}: only the digest was read: ${digestOnly}`);
      const id = backup.record.id;
      findings.push({
        id,
        store: store.name,
        result: fault ? messageOf(fault) : absent ?? 'ok',
        ...digestOnly !== null && { digestOnly },
        ...repairedFrom !== null && { repairedFrom },
        ...wouldRepairFrom !== null && { wouldRepairFrom },
      });
      if (fault && options.scheduled) reporter.error('copy.bad', `The copy of ${id} in ${store.name} can't be used: ${messageOf(fault)}`, { id, store: store.name });
    }
  }
  if ('pushgatewayUrl' in config && !options.dryRun) await pushState(config.pushgatewayUrl, config, stores, reporter);
  codes.add(reportFaults(catalog, reporter));
  if (options.json) stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else if (options.scheduled && !forPeople) stdout.write(resultLine('verification.finished', { name: config.name, findings }));
  else stdout.write(asText(config.name, findings));
  return SEVERITY.find(code => codes.has(code)) ?? ExitCode.OK;
}

function asText(name: string, findings: readonly CopyResult[]): string {
  if (findings.length === 0) return `No backup of ${name}.\n`;
  return renderTable(['BACKUP', 'STORE', 'RESULT'], findings.map(({ id, store, result, repairedFrom, wouldRepairFrom, digestOnly }) =>
    [id, store, result + (repairedFrom === undefined ? '' : `, repaired from ${repairedFrom}`) + (wouldRepairFrom === undefined ? '' : `; would be repaired from ${wouldRepairFrom}`) + (digestOnly === undefined ? '' : ' (digest only)')]));
}

function chosen(catalog: Catalog, { config }: Context<InspectionConfig>, { wanted, all, scheduled }: VerifyOptions): Catalog['backups'] {
  if (scheduled && 'kind' in config && config.kind === 'backup') return chooseScheduled(catalog, config.verify.olderPercent);
  if (all) return catalog.backups;
  // Damaged ones that are newer are read as well: only a verification shows that they were mended.
  if (wanted === 'latest') return [...passedOver(catalog, latest(catalog)), ...latestOrNone(catalog, config.name)].reverse();
  return [findBackup(catalog, config.name, wanted)];
}

/** Fails where there is none, unless damage is the only reason for that. */
function latestOrNone(catalog: Catalog, name: string): Backup[] {
  return latest(catalog) === undefined && passedOver(catalog, undefined).length > 0 ? [] : [findBackup(catalog, name, 'latest')];
}

/** What opens encrypted backups; without it their digests are verified all the same. */
async function identitiesOf({ config }: Context<InspectionConfig>, { identity }: VerifyOptions): Promise<Identities | null> {
  const decryption = decryptionOf(config, identity);
  try {
    if (decryption !== null) return await Identities.load(decryption.identityFile);
  } catch (error) {
    // That of the config is where the pod has it, and not on this machine.
    if (identity !== undefined || codeOf((error as Error).cause) !== 'ENOENT') throw error;
  }
  return null;
}

async function verifyBackup(
  backup: Backup, stores: readonly Store[], catalog: Catalog, options: VerifyOptions, context: VerifyContext,
): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const store of stores) copies.push(await readCopy(backup, store, catalog.unreachable.get(store.name), context));
  const result: Copy[] = [];
  const good = copies.find(({ fault, absent }) => fault === null && absent === null);
  for (const copy of copies) {
    // Records that differ are no fault of one copy: none is repaired from another, and no note beside any says that it is damaged.
    const repairable = options.repair && !backup.differing && good && copy.fault && isFaultOfCopy(copy.fault);
    const verified = !repairable ? copy
      : options.dryRun ? { ...copy, wouldRepairFrom: good.store.name } : await repaired(backup, copy, copy.fault, good, context);
    result.push(verified);
    // Where there is no record, nothing stands next to it.
    const isThere = verified.repairedFrom !== null || (verified.absent === null && backup.copies.get(verified.store.name)?.kind !== 'record-missing');
    const isAboutCopy = verified.fault === null || isFaultOfCopy(verified.fault);
    const isNoted = options.record && !options.dryRun && !backup.differing && isThere && isAboutCopy;
    if (isNoted) await writeVerification(backup.record, verified.store, verified, context);
  }
  return result;
}

/** Reads the copy of a backup in one store. */
async function readCopy(
  { record, copies }: Backup, store: Store, unreachable: RunnerError | undefined, context: VerifyContext,
): Promise<Copy> {
  const none = { digestOnly: null, repairedFrom: null, wouldRepairFrom: null, absent: null };
  const copy = { ...none, store, startedAt: new Date(), fault: unreachable ?? null };
  if (unreachable) return copy;
  const listed = copies.get(store.name)!;
  if (listed.kind === 'record-missing' && !record.stores.includes(store.name)) return { ...copy, absent: 'never stored here' };
  const seen = describeFault(listed);
  const found: CopyFinding = seen === null
    ? await checkCopy(record, store, context)
    : { fault: new RunnerError(seen, isMissing(listed) ? ExitCode.NOT_FOUND : ExitCode.CORRUPT), digestOnly: null };
  const pruned = found.fault?.exitCode === ExitCode.NOT_FOUND && isWhole(listed) && !await isRecorded(record.id, store, context.signal);
  return pruned ? { ...copy, absent: 'removed meanwhile' } : { ...copy, ...found };
}

/** The copy after its repair, or with what stood in the way. */
async function repaired({ record }: Backup, copy: Copy, fault: RunnerError, good: Copy, context: VerifyContext): Promise<Copy> {
  const { reporter, signal } = context;
  const { store } = copy;
  try {
    const finding = await repairCopy(record, good.store, store, context);
    reporter.warn('copy.repaired', `The copy of ${record.id} in ${store.name} was replaced by the one of ${good.store.name}, and is good now. Its fault was: ${messageOf(fault)}`,
      { id: record.id, store: store.name, from: good.store.name });
    return { ...copy, ...finding, repairedFrom: good.store.name };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunnerError)) throw error;
    const { exitCode } = error instanceof WorkedOnElsewhere ? error : fault;
    return { ...copy, fault: new RunnerError(`${messageOf(fault)}; ${messageOf(error)}. ${good.store.name} has a good copy`, exitCode, { cause: error }) };
  }
}
