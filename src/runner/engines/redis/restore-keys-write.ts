import { RedisConnection } from './connection';
import { KeySet } from './rdb/key-set';
import { isMark } from './rdb/mark';
import { payloadOf } from './rdb/payload';
import { RdbKey } from './rdb/read';
import { nameOfType } from './rdb/value';
import { CommandArgument, ServerError } from './resp';
import { isExpired, openRdb } from './restore-keys-read';
import { pagesOf } from './restore-keys-source';
import { countsOf, parseInfo } from './source';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { RunnerError } from '../../core/errors';
import { sum } from '../../core/sum';
import { RestoreArtifacts } from '../../engine-api/artifacts';

/** Commands that are on their way at a time: as many, or with so many bytes. A value that is larger goes alone. */
const MOST_COMMANDS = 500;
const MOST_BYTES = 1024 * 1024;

/** What was written so far, for those who have to tell. */
export interface Written {
  keys: number;
  /** Of them those that never expire. */
  lasting: number;
  removed: number;
}

/** Writes all keys of a snapshot over what is there, a batch at a time. Tells `all` which, for {@link removeOthers}. */
export async function writeKeys(
  connection: RedisConnection, entries: AsyncIterable<RdbKey>, version: number, all: KeySet | null, written: Written, signal: AbortSignal,
): Promise<void> {
  const batch = new Batch(connection);
  let selected = -1;
  for await (const entry of entries) {
    const { database, key, type, expiresAt, eviction, value } = entry;
    if (database !== selected) {
      await batch.add(['SELECT', String(database)], 'SELECT');
      selected = database;
    }
    all?.add(database, key);
    const payload = payloadOf(value, version);
    await batch.add(['RESTORE', key, String(expiresAt ?? 0), payload, 'REPLACE', 'ABSTTL', ...eviction], `RESTORE of a ${nameOfType(type)}`);
    written.keys++;
    if (expiresAt === null) written.lasting++;
    signal.throwIfAborted();
  }
  await batch.send();
}

/** The keys of a snapshot that belong into the server now, and its functions into `functions`. */
export async function* keysToWrite(
  open: () => ReturnType<RestoreArtifacts['open']>, { file }: RecordedArtifact, functions: Buffer[], now: number,
): AsyncGenerator<RdbKey> {
  for await (const entry of (await openRdb(await open(), file, true)).entries) {
    if (entry.kind === 'function') functions.push(...entry.value);
    else if (entry.kind === 'key' && !isExpired(entry, now) && !isMark(entry.database, entry.key)) yield entry;
  }
}

/** Removes what is in the server and not in `all`. */
export async function removeOthers(connection: RedisConnection, all: KeySet, written: Written, signal: AbortSignal): Promise<void> {
  const info = parseInfo(await connection.command('INFO', 'keyspace'));
  for (const database of Object.keys(countsOf(info).items).map(Number)) {
    await connection.command('SELECT', String(database));
    for await (const keys of pagesOf(connection)) {
      const others = keys.filter(key => !all.has(database, key) && !isMark(database, key));
      const batch = new Batch(connection);
      for (const key of others) await batch.add(['UNLINK', key], 'UNLINK');
      await batch.send();
      written.removed += others.length;
      signal.throwIfAborted();
    }
  }
}

/** Puts the functions of the backup into the server, which may have to lose others. Returns what could not be done, a sentence each. */
export async function writeFunctions(
  connection: RedisConnection, functions: readonly Buffer[], version: number, mayLoseOthers: boolean,
): Promise<string[]> {
  const [answer] = await connection.all([['FUNCTION', 'RESTORE', payloadOf(functions, version), mayLoseOthers ? 'FLUSH' : 'REPLACE']]);
  if (!(answer instanceof ServerError) || functions.length === 0) return [];
  return [`the functions of the backup were not restored: the server answered FUNCTION RESTORE with "${answer.message}"`];
}

/** Fails if there are fewer keys than were written and never expire. Returns how many there are, but for the mark. */
export async function refuseFewer(connection: RedisConnection, description: string, { lasting }: Written): Promise<number> {
  const info = parseInfo(await connection.command('INFO'));
  const keys = sum(Object.values(countsOf(info).items)) - 1;
  if (keys < lasting) {
    const found = `${description} has ${keys} keys, ${lasting} were written that do not expire`;
    if (info.maxmemory_policy === 'noeviction') throw new RunnerError(`${found}: somebody deletes keys, or another restore runs: stop what writes`, ExitCode.FAILED);
    throw new RunnerError(`${found}: it has evicted some (${info.maxmemory_policy}), or somebody deletes them; raise maxmemory, and stop what writes`, ExitCode.NO_SPACE);
  }
  return keys;
}

/** Commands that are sent together. */
class Batch {
  private commands: (readonly CommandArgument[])[] = [];
  private names: string[] = [];
  private bytes = 0;

  constructor(private readonly connection: RedisConnection) {}

  /** @param name tells the command in messages: no key, and no value */
  public async add(command: readonly CommandArgument[], name: string): Promise<void> {
    const bytes = sum(command.map(argument => (typeof argument === 'string' || Buffer.isBuffer(argument) ? argument.length : sum(argument.map(({ length }) => length)))));
    if (this.commands.length > 0 && this.bytes + bytes > MOST_BYTES) await this.send();
    this.commands.push(command);
    this.names.push(name);
    this.bytes += bytes;
    if (this.commands.length >= MOST_COMMANDS) await this.send();
  }

  public async send(): Promise<void> {
    const [commands, names] = [this.commands, this.names];
    this.commands = [];
    this.names = [];
    this.bytes = 0;
    const answers = await this.connection.all(commands);
    answers.forEach((answer, i) => {
      if (answer instanceof ServerError) throw this.connection.explain(answer, names[i]!);
    });
  }
}
