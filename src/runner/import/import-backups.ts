import { ENDINGS_OF_OTHERS, KNOWN_FORMS, parseFileName } from './file-names';
import { timeOf } from './file-time';
import { readFile, SeenFile } from './look';
import { FileSource, FoundFile, placeOf } from './source';
import { damaged, undecompressible, unwrap, WRAPPED, wrappingOf } from './wrapping';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { backupId, CHECKSUM_SUFFIX } from '../../contract/layout';
import { takeBackup } from '../backup/take';
import { readCatalog } from '../catalog/catalog';
import { Context } from '../core/context';
import { withDeadline } from '../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { ForeignFormat } from '../engine-api/foreign';
import { engineOf } from '../engines/table';
import { Store, StoredObject } from '../store-api/store';

export interface ImportOptions {
  /** Where the files are. Nothing is ever written there. */
  readonly from: Store;
  /** Of the times in names. */
  readonly timeZone: string;
  readonly dryRun: boolean;
}

export type ImportOutcome = 'imported' | 'would-be-imported' | 'already-there' | 'not-taken' | 'failed';

/** What became of one file. */
export interface ImportedFile {
  readonly file: string;
  readonly outcome: ImportOutcome;
  /** Why not, or what is to be known of it; `null`: there is nothing to say. */
  readonly reason: string | null;
  /** The backup that it is, or would be; `null`: none. */
  readonly id: string | null;
  /** How its time was read. */
  readonly timeFrom: string | null;
  readonly checksumFile: string | null;
  /** `0` unless it failed. */
  readonly exitCode: ExitCode;
}

/** Copies the backups that other programs have left in a place into the stores, with a record for each, as if they were taken now. */
export async function importBackups(context: Context<BackupConfig>, stores: readonly Store[], options: ImportOptions): Promise<ImportedFile[]> {
  const { config, signal } = context;
  const { from } = options;
  const { foreign } = engineOf(config.source);
  if (foreign === null) throw new RunnerError(`nothing can be imported of ${engineOf(config.source).title}: import is for archives of pg_dump, snapshots of Redis and files of SQLite`, ExitCode.USAGE);
  await from.check(signal, '', 'reading');
  if (stores.some(({ location }) => location === from.location)) {
    throw new RunnerError(`${from.location} is a store of the backup itself, where copies would lie beside their originals: give the store another directory, prefix or layout`, ExitCode.USAGE);
  }
  const objects: StoredObject[] = [];
  for await (const object of from.list('', signal)) objects.push(object);
  const there = (await readCatalog(config.name, stores, signal)).backups.map(({ record }) => record);
  const results: ImportedFile[] = [];
  const run = new ImportRun(context, stores, options, foreign, new Map(objects.map(({ key, bytes }) => [key, bytes])), {
    ids: new Set(there.map(({ id }) => id)),
    originals: new Map(there.flatMap(({ id, imported }) => (imported?.sha256 === undefined ? [] : [[imported.sha256, id]]))),
  });
  for (const object of objects.filter(({ key }) => !key.endsWith(CHECKSUM_SUFFIX))) results.push(await run.take(object));
  return results;
}

/** The backups that are there already. */
interface Taken {
  readonly ids: Set<string>;
  /** Id by the SHA-256 of the file that was imported as it. */
  readonly originals: Map<string, string>;
}

class ImportRun {
  /** @param sizes of all files, by key */
  constructor(
    private readonly context: Context<BackupConfig>, private readonly stores: readonly Store[], private readonly options: ImportOptions,
    private readonly format: ForeignFormat<BackupConfig['source']['engine']>, private readonly sizes: ReadonlyMap<string, number>, private readonly taken: Taken,
  ) {}

  public async take(object: StoredObject): Promise<ImportedFile> {
    const { key } = object;
    const { config: { name, source }, signal } = this.context;
    const { from, timeZone, dryRun } = this.options;
    const { endings, tellsTime } = this.format;
    const unwrapped = key.replace(WRAPPED, '');
    const ending = endings.find(each => unwrapped.endsWith(each));
    if (ending === undefined) return notTaken(key, [...this.format.others, ...ENDINGS_OF_OTHERS].find(([other]) => other.test(key))?.[1] ?? `its name ends in none of ${endings.join(', ')}`);
    const stem = unwrapped.slice(0, -ending.length);
    const named = parseFileName(stem);
    if (named === undefined && !tellsTime) return notTaken(key, `its name has no time in one of these forms: ${KNOWN_FORMS.join('; ')}`);

    let seen: SeenFile | string;
    let found: FoundFile;
    try {
      this.refusePart(unwrapped);
      seen = await this.look(object);
    } catch (error) {
      return failed(key, error, signal);
    }
    if (typeof seen === 'string') return notTaken(key, seen);
    const { head } = seen;
    const database = this.format.databaseIn(source);
    if (database !== null && head.database !== database) return notTaken(key, `it is of the database ${head.database}, and ${name} is the backup of ${database}`);
    const names = [...new Set([name, ...this.format.names(source), ...head.database === null ? [] : [head.database]])];
    if (database === null && !names.includes(named?.name ?? stem)) return notTaken(key, `its name begins with none of ${names.join(', ')}`);
    const time = timeOf(named, head.begunAt, timeZone);
    if (typeof time === 'string') return notTaken(key, time);
    const id = backupId(name, time.at);
    const known = { file: key, id, timeFrom: time.from, exitCode: ExitCode.OK };
    if (this.taken.ids.has(id)) return { ...known, outcome: 'already-there', reason: 'there is a backup of that time', checksumFile: null };

    try {
      found = await readFile(seen, source.engine, new Set(this.sizes.keys()), from, this.context);
    } catch (error) {
      return failed(key, error, signal);
    }
    const { checksumFile, originalSha256 } = found;
    // A file that does not tell its time is the same for as many nights as nothing is written: each is a backup.
    const twin = head.begunAt === null ? undefined : this.taken.originals.get(originalSha256);
    if (twin !== undefined) return { ...known, id: twin, outcome: 'already-there', reason: 'the same file is there, under another name', checksumFile };
    this.taken.ids.add(id);
    this.taken.originals.set(originalSha256, id);
    const reason = head.suspect === null ? null : `${head.suspect}: it is suspect, and never the latest until somebody accepts it`;
    if (dryRun) return { ...known, outcome: 'would-be-imported', reason, checksumFile };
    await this.store(found, time.at, time.from);
    return { ...known, outcome: 'imported', reason, checksumFile };
  }

  /** Refuses a file whose content is in two files. */
  private refusePart(file: string): void {
    for (const [suffix, advice] of this.format.parts) {
      const part = ['', '.gz', '.zst'].map(wrapped => file + suffix + wrapped).find(key => (this.sizes.get(key) ?? 0) > 0);
      if (part !== undefined) throw damaged(`${part} beside it ${advice}`);
    }
  }

  /** @returns in words why it is not taken over, where it is a whole file of another kind */
  private async look(object: StoredObject): Promise<SeenFile | string> {
    const { context: { signal }, options: { from }, format } = this;
    const wrapping = await wrappingOf(await from.get(object.key, signal));
    const head = await format.look(unwrap(await from.get(object.key, signal), wrapping), placeOf(object.key, from));
    return typeof head === 'string' ? head : { object, wrapping, head, extension: format.extension };
  }

  private async store(found: FoundFile, at: Date, timeFrom: string): Promise<void> {
    const { context, stores, options: { from } } = this;
    const { config } = context;
    const source = new FileSource(found, config.source.engine, from);
    const { checksumFile, originalSha256: sha256 } = found;
    const imported = { from: source.description, at: new Date().toISOString(), timeFrom, checksumFile, sha256 };
    const options = { acceptSmaller: true, suspect: null, earlier: { at, imported } };
    try {
      await withDeadline(config.activeDeadlineSeconds, context.signal, 'raise the deadline, or look for what slows down the network or the store',
        signal => takeBackup(source, stores, options, { ...context, signal }));
    } catch (error) {
      throw new RunnerError(`${source.description} can't be stored: ${messageOf(error)}. Files before it are imported, and a repeat goes on with it`, exitCodeOf(error), { cause: error });
    }
  }
}

function notTaken(file: string, reason: string): ImportedFile {
  return { file, outcome: 'not-taken', reason, id: null, timeFrom: null, checksumFile: null, exitCode: ExitCode.OK };
}

/** A file that is damaged keeps nobody from the others. */
function failed(file: string, thrown: unknown, signal: AbortSignal): ImportedFile {
  signal.throwIfAborted();
  const error = undecompressible(thrown) ?? thrown;
  if (!(error instanceof RunnerError) || error.exitCode === ExitCode.UNAVAILABLE) throw error;
  return { file, outcome: 'failed', reason: messageOf(error), id: null, timeFrom: null, checksumFile: null, exitCode: error.exitCode };
}
