import { Readable } from 'node:stream';
import { RedisConnection } from './connection';
import { RdbCheck } from './rdb/check';
import { formatOfVersion } from './rdb/format';
import { KeySet } from './rdb/key-set';
import { valueOf, versionOf } from './rdb/payload';
import { isKnownFormat } from './rdb/read';
import { RdbWriter } from './rdb/write';
import { ServerError } from './resp';
import { formatOf } from './restore-facts';
import { countsOf, Info, inspectionOf, parseInfo, versionIn } from './source';
import { RedisConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { Inspection, OpenDump, Source } from '../../engine-api/source';
import { checked } from '../../stream/check';

/** Values of so many keys are asked for at a time; only one of them is held at a time. */
const KEYS_AT_A_TIME = 100;
/** Servers from this version on tell when a key expires. */
const TELLS_EXPIRY_MAJOR = 7;

/**
 * A Redis server that does not let itself be replicated, read key by key into a snapshot like any other.
 *
 * It is not of one moment: what is written meanwhile is in it or not, each key for itself.
 */
export class RedisKeysSource implements Source {
  public readonly description: string;

  constructor(private readonly config: RedisConfig, private readonly connect: (signal: AbortSignal) => Promise<RedisConnection>) {
    this.description = `redis ${config.host}:${config.port}`;
  }

  public async inspect(_compression: unknown, signal: AbortSignal): Promise<Inspection> {
    const connection = await this.connect(signal);
    try {
      const info = parseInfo(await connection.command('INFO'));
      return inspectionOf(`${this.config.host}:${this.config.port}`, info, openSignal => this.open(openSignal));
    } finally {
      connection.close();
    }
  }

  private async open(signal: AbortSignal): Promise<OpenDump> {
    const connection = await this.connect(signal);
    try {
      const info = parseInfo(await connection.command('INFO'));
      const counts = countsOf(info);
      const format = await formatOf(connection, info);
      if (format === null) throw new RunnerError(`${this.description} does not tell the format of its snapshots: allow the user "+function|dump", which tells`, ExitCode.DENIED);
      if (!isKnownFormat(formatOfVersion(format))) {
        throw new RunnerError(`${this.description} dumps keys in format ${format}, which this runner does not know: use a later runner image`, ExitCode.VERSION_MISMATCH);
      }
      return {
        stream: checked(Readable.from(this.pieces(connection, info, format), { objectMode: false }), RdbCheck.of(this.description)),
        counts,
        empty: Object.values(counts.items).every(keys => keys === 0),
        warnings: [`${this.description} is read key by key, so this backup is not of one moment: a key that is written meanwhile may be in it or not`],
      };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private async* pieces(connection: RedisConnection, info: Info, format: number): AsyncGenerator<Buffer> {
    try {
      const writer = new RdbWriter();
      yield writer.header(format, { 'redis-ver': versionIn(info), 'used-mem': info.used_memory ?? '0' });
      const [functions] = await connection.all([['FUNCTION', 'DUMP']]);
      if (Buffer.isBuffer(functions) && versionOf(functions) === format) yield writer.raw(valueOf(functions));
      const expiry = Number.parseInt(info.redis_version ?? '', 10) >= TELLS_EXPIRY_MAJOR ? 'PEXPIRETIME' : 'PTTL';
      for (const database of Object.keys(countsOf(info).items).map(Number)) {
        await connection.command('SELECT', String(database));
        yield writer.database(database);
        const seen = new KeySet(); // a key may come twice while the server's table grows, and no server loads a snapshot that has it twice
        for await (const keys of pagesOf(connection)) {
          const fresh = keys.filter(key => seen.add(database, key));
          for (let from = 0; from < fresh.length; from += KEYS_AT_A_TIME) {
            yield* this.dumped(connection, fresh.slice(from, from + KEYS_AT_A_TIME), expiry, format, writer);
          }
        }
      }
      yield writer.end();
    } finally {
      connection.close();
    }
  }

  private async* dumped(
    connection: RedisConnection, keys: readonly Buffer[], expiry: string, format: number, writer: RdbWriter,
  ): AsyncGenerator<Buffer> {
    const answers = connection.each(keys.flatMap(key => [[expiry, key], ['DUMP', key]]));
    for (const key of keys) {
      const [time, payload] = [(await answers.next()).value, (await answers.next()).value];
      for (const [command, answer] of [[expiry, time], ['DUMP', payload]] as const) if (answer instanceof ServerError) throw connection.explain(answer, command);
      if (!payload || !Buffer.isBuffer(payload)) continue; // gone meanwhile
      if (versionOf(payload) !== format) throw new RunnerError(`${this.description} dumps a key in another format than ${format}: it is another server meanwhile`, ExitCode.FAILED);
      yield writer.key(key, valueOf(payload), expiresAt(Number(String(time)), expiry));
    }
  }
}

/** All keys of the database that is selected, page by page; some may come twice. */
export async function* pagesOf(connection: RedisConnection): AsyncGenerator<Buffer[]> {
  let cursor = '0';
  do {
    const page = await connection.scan(cursor, '*');
    yield page.keys;
    cursor = page.cursor;
  } while (cursor !== '0');
}

function expiresAt(answer: number, expiry: string): number | null {
  if (answer < 0) return null;
  return expiry === 'PTTL' ? Date.now() + answer : answer;
}
