import { KNOWN_FORMS, parseFileName } from './file-names';
import { timeOf } from './file-time';
import { readFile } from './look';
import { FileSource, FoundFile, placeOf } from './source';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { backupId, CHECKSUM_SUFFIX } from '../../contract/layout';
import { takeBackup } from '../backup/take';
import { readCatalog } from '../catalog/catalog';
import { Context } from '../core/context';
import { withDeadline } from '../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../core/errors';
import { ForeignFile, ForeignFormat } from '../engine-api/foreign';
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
  if (foreign === null) throw new RunnerError(`nothing can be imported of ${engineOf(config.source).title}: import is for archives of pg_dump and snapshots of Redis`, ExitCode.USAGE);
  await from.check(signal, '', 'reading');
  if (stores.some(({ location }) => location === from.location)) {
    throw new RunnerError(`${from.location} is a store of the backup itself, where copies would lie beside their originals: give the store another directory, prefix or layout`, ExitCode.USAGE);
  }
  const objects: StoredObject[] = [];
  for await (const object of from.list('', signal)) objects.push(object);
  const keys = new Set(objects.map(({ key }) => key));
  const taken = new Set((await readCatalog(config.name, stores, signal)).backups.map(({ record: { id } }) => id));
  const results: ImportedFile[] = [];
  const run = new ImportRun(context, stores, options, foreign, keys, taken);
  for (const object of objects.filter(({ key }) => !key.endsWith(CHECKSUM_SUFFIX))) results.push(await run.take(object));
  return results;
}

class ImportRun {
  constructor(
    private readonly context: Context<BackupConfig>, private readonly stores: readonly Store[], private readonly options: ImportOptions,
    private readonly format: ForeignFormat<BackupConfig['source']['engine']>, private readonly keys: ReadonlySet<string>, private readonly taken: Set<string>,
  ) {}

  public async take(object: StoredObject): Promise<ImportedFile> {
    const { key } = object;
    const { config: { name, source }, signal } = this.context;
    const { from, timeZone, dryRun } = this.options;
    const ending = `.${this.format.extension}`;
    if (!key.endsWith(ending)) return notTaken(key, this.format.others.find(([other]) => other.test(key))?.[1] ?? `its name does not end in ${ending}`);
    const stem = key.slice(0, -ending.length);
    const named = parseFileName(stem);
    const { commonNames } = this.format;
    if (named === undefined && commonNames === null) return notTaken(key, `its name has no time in one of these forms: ${KNOWN_FORMS.join('; ')}`);

    let head: ForeignFile;
    let found: FoundFile;
    try {
      head = await this.format.look(await from.get(key, signal), placeOf(key, from));
    } catch (error) {
      return failed(key, error, signal);
    }
    const database = this.format.databaseIn(source);
    if (database !== null && head.database !== database) return notTaken(key, `it is of the database ${head.database}, and ${name} is the backup of ${database}`);
    const names = [name, ...commonNames ?? [], ...head.database === null ? [] : [head.database]];
    if (database === null && !names.includes(named?.name ?? stem)) return notTaken(key, `its name begins with none of ${names.join(', ')}`);
    const time = timeOf(named, head.begunAt, timeZone);
    if (typeof time === 'string') return notTaken(key, time);
    const id = backupId(name, time.at);
    const known = { file: key, id, timeFrom: time.from, exitCode: ExitCode.OK };
    if (this.taken.has(id)) return { ...known, outcome: 'already-there', reason: 'there is a backup of that time', checksumFile: null };

    try {
      found = await readFile(object, this.format.extension, head, source.engine, this.keys, from, this.context);
    } catch (error) {
      return failed(key, error, signal);
    }
    this.taken.add(id);
    const { checksumFile } = found;
    const reason = head.suspect === null ? null : `${head.suspect}: it is suspect, and never the latest until somebody accepts it`;
    if (dryRun) return { ...known, outcome: 'would-be-imported', reason, checksumFile };
    await this.store(found, time.at, time.from);
    return { ...known, outcome: 'imported', reason, checksumFile };
  }

  private async store(found: FoundFile, at: Date, timeFrom: string): Promise<void> {
    const { context, stores, options: { from } } = this;
    const { config } = context;
    const source = new FileSource(found, config.source.engine, from);
    const imported = { from: source.description, at: new Date().toISOString(), timeFrom, checksumFile: found.checksumFile };
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
function failed(file: string, error: unknown, signal: AbortSignal): ImportedFile {
  signal.throwIfAborted();
  if (!(error instanceof RunnerError) || error.exitCode === ExitCode.UNAVAILABLE) throw error;
  return { file, outcome: 'failed', reason: messageOf(error), id: null, timeFrom: null, checksumFile: null, exitCode: error.exitCode };
}
