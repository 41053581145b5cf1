import { RedisConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RecordedCounts } from '../../contract/record';
import { RunnerError } from '../errors';
import { secretFrom } from '../secrets';
import { RdbCheck } from './rdb-check';
import { RedisConnection } from './redis-connection';
import { Inspection, OpenDump, Source } from './source';
import { checked } from '../stream/check';

/** A snapshot is written without the pointers and the spare room of the memory it is taken from, so this is on the safe side. */
const SNAPSHOT_PER_MEMORY = 1.5;

/**
 * A Redis server, asked for a snapshot as a replica would ask: no shared volume, no restart, and whether the server keeps an AOF
 * does not matter.
 *
 * A server starts its snapshot some seconds (`repl-diskless-sync-delay`) after it was asked for. All its databases are in it.
 */
export class RedisSource implements Source {
  public readonly description: string;
  private readonly address: string;
  private readonly password: string | null;

  constructor(private readonly config: RedisConfig, env: NodeJS.ProcessEnv) {
    this.address = `${config.host}:${config.port}`;
    this.description = `redis ${this.address}`;
    this.password = config.passwordEnv === null ? null : secretFrom(env, config.passwordEnv, `password of ${this.description}`);
  }

  // What is stored is the server's own format: compressed as a whole, or not at all.
  public async inspect(_compression: unknown, signal: AbortSignal): Promise<Inspection> {
    const connection = await this.connect(signal);
    try {
      return inspectionOf(this.address, await this.readInfo(connection), openSignal => this.open(openSignal));
    } finally {
      connection.close();
    }
  }

  private async open(signal: AbortSignal): Promise<OpenDump> {
    const connection = await this.connect(signal);
    try {
      const counts = countsOf(await this.readInfo(connection));
      await this.announce(connection);
      const snapshot = await connection.snapshot();
      return {
        stream: checked(snapshot, RdbCheck.of(this.description)),
        counts,
        empty: Object.values(counts.items).every(keys => keys === 0),
      };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private connect(signal: AbortSignal): Promise<RedisConnection> {
    return RedisConnection.open(this.config, this.password, signal);
  }

  private async readInfo(connection: RedisConnection): Promise<Info> {
    const info = parseInfo(await connection.command('INFO'));
    const refusal = refusalOf(info);
    if (refusal) throw new RunnerError(`${this.description} ${refusal.why}`, refusal.exitCode);
    return info;
  }

  private async announce(connection: RedisConnection): Promise<void> {
    await connection.command('REPLCONF', 'capa', 'eof'); // the server may send without writing a file of its own first
    // Spares the server the memory for what is written meanwhile. Servers before 7.0 do not know it and can do without.
    await connection.command('REPLCONF', 'rdb-only', '1').catch(error => {
      if (error instanceof RunnerError && error.exitCode !== ExitCode.FAILED) throw error;
    });
  }
}

/** What INFO says, by field. */
export type Info = { readonly [field: string]: string };

/** What a server says of itself, and the one artifact that is to be taken of it. */
export function inspectionOf(address: string, info: Info, open: (signal: AbortSignal) => Promise<OpenDump>): Inspection {
  return {
    source: { engine: 'redis', serverVersion: versionIn(info), address, database: null },
    tools: {},
    dumps: [{
      role: 'data',
      part: null,
      extension: 'rdb',
      database: null,
      compressedInside: null,
      expectedBytes: Math.ceil(Number(info.used_memory ?? 0) * SNAPSHOT_PER_MEMORY),
      open,
    }],
  };
}

export function versionIn(info: Info): string {
  return info.valkey_version ?? info.redis_version ?? 'unknown';
}

/** Takes the answer to INFO apart. */
export function parseInfo(text: string): Info {
  const pairs = text.split('\r\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const);
  return Object.fromEntries(pairs);
}

/** Keys by number of the database. The snapshot is taken later than this, and keys that have expired are still counted. */
export function countsOf(info: Info): RecordedCounts {
  const items: { [database: string]: number } = {};
  for (const [field, value] of Object.entries(info)) {
    const database = /^db(\d+)$/.exec(field)?.[1];
    const keys = /(?:^|,)keys=(\d+)/.exec(value)?.[1];
    if (database !== undefined && keys !== undefined) items[database] = Number(keys);
  }
  return { precision: 'estimate', unit: 'keys', items };
}

export function refusalOf(info: Info): { why: string; exitCode: ExitCode } | undefined {
  if (info.redis_mode === 'sentinel') {
    return { why: 'is a Sentinel, which holds no data: name the Redis server itself', exitCode: ExitCode.BAD_CONFIG };
  }
  if (info.cluster_enabled === '1') {
    return { why: 'is one shard of a cluster, and would be backed up without the others: cluster mode is not supported', exitCode: ExitCode.BAD_CONFIG };
  }
  if (info.loading === '1') {
    return { why: 'is still loading its data: try again when it has started', exitCode: ExitCode.UNAVAILABLE };
  }
  if (info.role === 'slave' && info.master_link_status !== 'up') {
    return { why: 'is a replica that has lost its master, so its data may be old: back up the master, or try again when they are connected', exitCode: ExitCode.UNAVAILABLE };
  }
  return undefined;
}
