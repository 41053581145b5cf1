import { RedisConnection } from './connection';
import { RdbCheck } from './rdb/check';
import { RdbLook } from './rdb/look';
import { MARK_KEY } from './rdb/mark';
import { RedisConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedCounts } from '../../../contract/record';
import { RunnerError } from '../../core/errors';
import { secretFrom } from '../../core/secrets';
import { Inspection, OpenDump, Source } from '../../engine-api/source';
import { checked } from '../../stream/check';

export const MIXTURE = `a restore key by key has not ended, as its key ${MARK_KEY} says. Run that restore again, or "cdk8s-backup rollback". `
  + 'If the data is as you want it, remove the key';
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
      const inspection = inspectionOf(this.address, await this.readInfo(connection), openSignal => this.open(openSignal));
      return await this.seesMark(connection) ? { ...inspection, warnings: [`${this.description}: ${MIXTURE}`] } : inspection;
    } finally {
      connection.close();
    }
  }

  private async open(signal: AbortSignal): Promise<OpenDump> {
    const connection = await this.connect(signal);
    try {
      const info = await this.readInfo(connection);
      const counts = countsOf(info);
      const marked = await this.seesMark(connection);
      await this.announce(connection, info);
      const snapshot = await connection.snapshot();
      const look = new RdbLook();
      return {
        stream: checked(checked(snapshot, RdbCheck.of(this.description)), look),
        counts,
        empty: Object.values(counts.items).every(keys => keys === 0),
        suspect: () => marked || look.isMixture ? `it holds a mixture: ${MIXTURE}` : null,
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

  /**
   * Whether a restore key by key has not ended. A user of its own needs no right to read keys, and asking would be noted in its server's
   * log of denied commands, so it is not asked for: the snapshot tells as well.
   */
  private async seesMark(connection: RedisConnection): Promise<boolean> {
    if (this.config.user !== null) return false;
    const [answer] = await connection.all([['GET', MARK_KEY]]);
    return Buffer.isBuffer(answer);
  }

  private async announce(connection: RedisConnection, info: Info): Promise<void> {
    await connection.command('REPLCONF', 'capa', 'eof'); // the server may send without writing a file of its own first
    // Spares the server the memory for what is written meanwhile. Servers before 7.0 do not know it and can do without.
    await perhaps(connection.command('REPLCONF', 'rdb-only', '1'));
    // A Valkey writes in a format that a replica of this version loads, and takes one that does not say for an old one, which can't have all
    // that it holds. Versions that do not know it write in their own format.
    if (info.valkey_version !== undefined) await perhaps(connection.command('REPLCONF', 'version', info.valkey_version));
  }
}

/** A server that does not know what it is told goes on. */
async function perhaps(command: Promise<string>): Promise<void> {
  await command.catch(error => {
    if (error instanceof RunnerError && error.exitCode !== ExitCode.FAILED) throw error;
  });
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
