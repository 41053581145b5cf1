import { PassThrough, pipeline, Readable } from 'node:stream';
import { memoryLimit, memoryOutlook } from './memory';
import { settleOrphans } from './orphans';
import { refuseUnreadable } from './record-size';
import { suspicion } from './suspicion';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { artifactFile, CHECKSUM_SUFFIX, formatChecksums, keyPrefix, parseKey, RECORD_SUFFIX, STARTED_SUFFIX } from '../../contract/layout';
import { BackupRecord, RECORD_VERSION, RecordedArtifact, RecordedImport, RecordedSafety } from '../../contract/record';
import { encrypt } from '../age/encrypt';
import { sealHeader } from '../age/keys';
import { Catalog, readCatalog } from '../catalog/catalog';
import { latest } from '../catalog/choose-backup';
import { Claim, claimId, filesOf, Holder, holderOf, releaseClaim } from '../catalog/claim';
import { boundCounts } from '../catalog/counts';
import { isOwnFile } from '../catalog/own-files';
import { renderRecord } from '../catalog/record';
import { Context } from '../core/context';
import { exitCodeOf, isDenied, messageOf, RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { VERSION } from '../core/version';
import { Dump, Inspection, Source } from '../engine-api/source';
import { Store } from '../store-api/store';
import { compress } from '../stream/compress';
import { DigestStream } from '../stream/digest';
import { fanOut } from '../stream/fan-out';

/** Time to clean up after a failure; together with stopping, less than the 5 s within which a stopped run has to be gone. */
const CLEANUP_MS = 3000;
const MOST_WARNINGS = 20;
const WARNING_CHARS = 1000;

export interface BackupOptions {
  /** Whether an empty or much smaller dump is accepted this time. */
  readonly acceptSmaller: boolean;
}

export interface TakeOptions extends BackupOptions {
  /** Why this backup must not be the latest, whatever is in it; `null`: what is in it decides. */
  readonly suspect: string | null;
  /** Of a safety backup. */
  readonly safety?: RecordedSafety;
  /** Of a backup that was taken before, and is imported now: its time, to the second, and where it comes from. */
  readonly earlier?: { readonly at: Date; readonly imported: RecordedImport };
}

/** What taking a backup needs of the process. */
export type TakeContext = Pick<Context, 'config' | 'reporter' | 'signal'>;

/** A failure after which a store has the backup with its record all the same, and does not let it go. */
export class HalfTaken extends RunnerError {}

/**
 * Takes one backup and returns its record, which is in all stores then. On any failure nothing of it is left, where it may be deleted;
 * what is left has no record, or the error says in which stores it has one.
 */
export async function takeBackup(source: Source, stores: readonly Store[], options: TakeOptions, context: TakeContext): Promise<BackupRecord> {
  const { config, reporter, signal } = context;
  const inspecting = source.inspect(config.compression, signal);
  const { encryption } = config;
  await allOf([inspecting, ...stores.map(to => to.check(signal, keyPrefix(config.name))), ...encryption ? [sealHeader(encryption.recipients)] : []]);
  const inspection = await inspecting;
  refuseUnreadable(inspection, config);
  const before = await readCatalog(config.name, stores, signal);
  for (const fault of before.unreachable.values()) throw fault;
  for (const fault of before.unreadable) reporter.warn('record.unreadable', fault.message);
  for (const sentence of before.elsewhere) reporter.warn('backups.elsewhere', sentence);
  await settleOrphans(config.name, stores, reporter, signal);

  const claim = await claimId(config, stores, signal, options.earlier?.at);
  reporter.info('backup.started', `Backing up ${source.description} as ${claim.id} to ${stores.map(to => to.location).join(' and ')}`,
    { id: claim.id, source: inspection.source, stores: stores.map(to => to.location) });
  for (const warning of inspection.warnings ?? []) reporter.warn('source.odd', warning, { id: claim.id });
  let left: readonly Left[] = [];
  try {
    await warnOfMemory(inspection.dumps, claim, context);
    return await dumpAndCommit(inspection, claim, before, stores, options, context);
  } catch (error) {
    left = await undo(claim, stores, reporter);
    const recorded = left.filter(rest => rest.recorded).map(({ at }) => at.name);
    if (recorded.length === 0 || signal.aborted) throw error;
    throw new HalfTaken(`${messageOf(error)}. ${claim.id} is whole in ${recorded.join(' and ')}, from where it can't be removed: it is listed, and can be restored`,
      exitCodeOf(error), { cause: error });
  } finally {
    // Where something is left, the claim stays: it proves to a later run that what is there is ours to remove.
    await releaseClaim(claim.id, stores.filter(store => !left.some(({ at }) => at === store)));
  }
}

/** What is killed for its memory can't say why, so it is said before. */
async function warnOfMemory(dumps: readonly Dump[], { id }: Claim, { reporter, signal }: TakeContext): Promise<void> {
  const limit = memoryLimit();
  const outlook = limit === null ? null : await memoryOutlook(dumps, limit, signal);
  if (outlook && !outlook.enough) reporter.warn('memory.short', `${outlook.message}: ${outlook.advice}`, { id });
}

async function dumpAndCommit(
  inspection: Inspection, claim: Claim, before: Catalog, stores: readonly Store[], options: TakeOptions, context: TakeContext,
): Promise<BackupRecord> {
  const { config, reporter, signal } = context;
  const { id } = claim;
  const taken: TakenArtifact[] = [];
  for (const dump of inspection.dumps) taken.push(await storeDump(id, dump, config, stores, reporter, signal));
  const artifacts = boundCounts(taken.map(({ artifact }) => artifact));
  const warnings = [...inspection.warnings ?? [], ...taken.flatMap(({ warnings: each }) => each)];

  const checksums = formatChecksums(artifacts);
  for (const to of stores) await to.put(id + CHECKSUM_SUFFIX, Readable.from([Buffer.from(checksums)]), null, signal);
  for (const at of stores) await confirm(id, artifacts, checksums, at, signal);

  const record: BackupRecord = {
    version: RECORD_VERSION,
    id,
    name: config.name,
    source: inspection.source,
    ...inspection.members && { members: inspection.members },
    startedAt: claim.startedAt.toISOString(),
    finishedAt: (options.earlier?.at ?? new Date()).toISOString(),
    tools: { 'cdk8s-backup': VERSION, ...inspection.tools },
    artifacts,
    stores: stores.map(({ name }) => name),
    suspect: options.suspect ?? taken.find(({ suspect }) => suspect !== null)?.suspect
      ?? (options.acceptSmaller ? null : suspicion(taken, config.suspectBelowPercent, latest(before)?.record)),
    ...warnings.length > 0 && { warnings: bounded(warnings) },
    ...options.safety && { safety: options.safety },
    ...options.earlier && { imported: options.earlier.imported },
  };
  // Another run under this id would have replaced what was confirmed above.
  for (const at of stores) await refuseOthers(claim, at, [Holder.OTHERS, Holder.NOBODY], signal);
  for (const to of stores) await commit(record, to, signal);
  // Once the record is there, a run that takes this one for dead removes its claim and nothing else.
  for (const at of stores) await refuseOthers(claim, at, [Holder.OTHERS], signal);
  return record;
}

/** An artifact that is in all stores, and whether there was anything in its source. */
export interface TakenArtifact {
  readonly artifact: RecordedArtifact;
  readonly empty: boolean;
  /** What the source has against it. */
  readonly suspect: string | null;
  /** See `OpenDump`. */
  readonly warnings: readonly string[];
}

async function storeDump(
  id: string, dump: Dump, config: BackupConfig, stores: readonly Store[], reporter: Reporter, signal: AbortSignal,
): Promise<TakenArtifact> {
  const { compressedInside: inside, expectedBytes } = dump;
  const recipients = config.encryption?.recipients;
  const file = artifactFile(id, dump.part, dump.extension, inside ? 'none' : config.compression.algorithm, recipients !== undefined);
  const sealing = recipients ? encrypt(await sealHeader(recipients)) : new PassThrough();
  const { stream, counts, empty, warnings = [], warned, suspect } = await dump.open(signal);
  for (const warning of warnings) reporter.warn('source.odd', warning, { file });
  const plain = new DigestStream();
  const progress = reporter.progress(file, expectedBytes);
  const stored = new DigestStream(bytes => progress.add(bytes));
  try {
    // An error at any place destroys the whole chain, and with it the program at its head.
    pipeline(stream, plain, compress(inside ? { algorithm: 'none', level: 0 } : config.compression), sealing, stored, () => {});
    const confirmed = await fanOut(stored, stores.map(to => (branch, either) => to.put(file, branch, expectedBytes, either)), signal);
    for (const [i, bytes] of confirmed.entries()) {
      if (bytes !== stored.bytes) throw new RunnerError(`${stores[i]!.location} says that ${file} has ${bytes} bytes, ${stored.bytes} were sent`, ExitCode.UNAVAILABLE);
    }
  } finally {
    stream.destroy();
    progress.done();
  }
  const afterwards = warned?.() ?? [];
  for (const warning of afterwards) reporter.warn('dump.warned', warning, { file });
  return {
    artifact: {
      file,
      ...dump.member !== undefined && { member: dump.member },
      role: dump.role,
      database: dump.database,
      bytes: stored.bytes,
      sha256: stored.sha256(),
      compression: inside ? { ...inside, where: 'inside' } : { ...config.compression, where: 'outside' },
      plainBytes: inside && inside.algorithm !== 'none' ? null : plain.bytes,
      counts,
      ...recipients && { recipients },
    },
    empty,
    suspect: suspect?.() ?? null,
    warnings: [...warnings, ...afterwards],
  };
}

/** As many warnings, and as much of each, as a record holds. The log has all of them. */
function bounded(warnings: readonly string[]): readonly string[] {
  const shown = warnings.slice(0, MOST_WARNINGS).map(warning => warning.length > WARNING_CHARS ? `${warning.slice(0, WARNING_CHARS)}…` : warning);
  return warnings.length > MOST_WARNINGS ? [...shown, `and ${warnings.length - MOST_WARNINGS} more, which are in the log of the run`] : shown;
}

/** Fails unless the store itself lists every file in its full size. */
async function confirm(id: string, artifacts: readonly RecordedArtifact[], checksums: string, at: Store, signal: AbortSignal): Promise<void> {
  const expected = new Map(artifacts.map(({ file, bytes }) => [file, bytes]));
  expected.set(id + CHECKSUM_SUFFIX, Buffer.byteLength(checksums));
  for await (const { key, bytes } of at.list(id, signal)) {
    if (expected.get(key) === bytes) expected.delete(key);
  }
  if (expected.size > 0) {
    throw new RunnerError(`${at.location} does not list what was just stored there in full: ${[...expected.keys()].join(', ')}`, ExitCode.UNAVAILABLE);
  }
}

/** Fails where somebody else has the id now. */
async function refuseOthers(claim: Claim, at: Store, holders: readonly Holder[], signal: AbortSignal): Promise<void> {
  const holder = await holderOf(claim, at, signal);
  if (!holders.includes(holder)) return;
  throw new RunnerError(
    `${at.location}: ${holder === Holder.OTHERS ? `another run has claimed ${claim.id} as well` : `the claim of ${claim.id} is gone: another run has taken this one for dead`}. `
      + 'This run leaves the files under that id alone, and ends without a backup: let only one job write under this name, and set all clocks by NTP',
    ExitCode.FAILED,
  );
}

async function commit(record: BackupRecord, to: Store, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!await to.create(record.id + RECORD_SUFFIX, renderRecord(record), signal)) {
    throw new RunnerError(`${to.location} has a record ${record.id} already, of another run: two programs write there under one name`, ExitCode.FAILED);
  }
}

/** A store in which something of a failed run may be left. */
interface Left {
  readonly at: Store;
  /** Whether the record is, as far as the store still answers. */
  readonly recorded: boolean;
}

/** Removes what a failed run has stored: its record first, so that a crash half way leaves orphans and not a lie. */
async function undo(claim: Claim, stores: readonly Store[], reporter: Reporter): Promise<Left[]> {
  const { id } = claim;
  const signal = AbortSignal.timeout(CLEANUP_MS);
  const left: Left[] = [];
  await Promise.all(stores.map(async at => {
    try {
      if (await holderOf(claim, at, signal) === Holder.OTHERS) {
        left.push({ at, recorded: false });
        return;
      }
      await at.remove([id + RECORD_SUFFIX], signal);
      // Beside them may stand what is not of this run, such as a drill of the same second.
      const rest = (await filesOf(id, at, signal)).filter(key => isOwnFile(key) && parseKey(key)?.suffix !== STARTED_SUFFIX);
      await at.remove(rest, signal);
    } catch (error) {
      const files: readonly string[] = await filesOf(id, at, signal).catch(() => []);
      left.push({ at, recorded: files.includes(id + RECORD_SUFFIX) });
      const who = isDenied(error) ? '"cdk8s-backup prune" does it with credentials that may delete' : 'a later run will do it';
      reporter.warn('remains.left', `Files of the failed run ${id} can't be removed from ${at.name} now, ${who}: ${messageOf(error)}`,
        { id, store: at.name });
    }
  }));
  return left;
}

/** Waits for all, and reports every failure, not only the first: nobody wants to find them one run at a time. */
async function allOf(promises: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(promises);
  const failures = settled.filter(result => result.status === 'rejected').map(result => result.reason as unknown);
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  const codes = failures.map(exitCodeOf);
  const permanent = codes.find(code => code !== ExitCode.UNAVAILABLE && code !== ExitCode.FAILED);
  throw new RunnerError(failures.map(messageOf).join('; and '), permanent ?? codes[0]!, { cause: failures[0] });
}
