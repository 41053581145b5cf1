import { RedisConnection } from './connection';
import { REDIS_RIGHTS, RedisUse, replyOf } from './errors';
import { isForeign, nameOfFormat, RdbFormat } from './rdb/format';
import { RdbHead } from './rdb/head';
import { versionOf } from './rdb/payload';
import { countsOf, Info, parseInfo } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { sum } from '../../core/sum';

/** Formats that servers load whose commands do not tell: they are not developed any more, so this list is complete. */
const OLD_FORMATS: readonly (readonly [release: string, version: number])[] = [['3.2', 7], ['4.', 8], ['5.', 9], ['6.', 9], ['7.0', 10], ['7.2', 11]];

/** What a server says of itself. */
export interface RedisFacts {
  readonly info: Info;
  /** Keys in all databases. */
  readonly keys: number;
  /** Newest format of a snapshot that it loads; `null` if it can't be found out. */
  readonly loads: number | null;
  /** How many Sentinels watch it; `null` if it does not say. */
  readonly sentinels: number | null;
  /** Whether it speaks TLS to a master; `null` if it does not say. */
  readonly tlsToMaster: boolean | null;
  /** Commands that the user may not call; `null` if the server does not say. */
  readonly forbidden: readonly string[] | null;
}

/**
 * Asks a server. Changes nothing.
 *
 * @param commands that the restore needs
 */
export async function readFacts(
  connection: RedisConnection, target: RedisTargetConfig, commands: readonly (readonly string[])[],
): Promise<RedisFacts> {
  const info = parseInfo(await connection.command('INFO'));
  return {
    info,
    keys: keysIn(info),
    loads: await formatOf(connection, info),
    sentinels: await perhaps(async () => Number((await connection.list('PUBSUB', 'NUMSUB', '__sentinel__:hello'))[1])),
    tlsToMaster: await perhaps(async () => String((await connection.list('CONFIG', 'GET', 'tls-replication'))[1] ?? 'no') === 'yes'),
    forbidden: await perhaps(() => forbiddenTo(target, commands, connection)),
  };
}

export function keysIn(info: Info): number {
  return sum(Object.values(countsOf(info).items));
}

/** What of the server, whatever the mode, stands in the way. */
export function findingsOfServer(facts: RedisFacts, leftByRestore: boolean): Obstacle[] {
  const { info } = facts;
  if (info.redis_mode === 'sentinel') return [bad('it is a Sentinel, which holds no data: name the Redis server itself')];
  if (info.cluster_enabled === '1') {
    return [bad('it is one shard of a cluster, and would get keys that belong to others: cluster mode is not supported')];
  }
  const findings: Obstacle[] = [];
  if (info.loading === '1') findings.push({ message: 'it is still loading its data: try again when it has started', exitCode: ExitCode.UNAVAILABLE });
  if (info.role === 'slave' && !leftByRestore) {
    findings.push(bad(`it is a replica of ${info.master_host}:${info.master_port}, and would be overwritten again: restore into that one, and its replicas follow; `
      + 'if a restore that was killed has left it so, run "REPLICAOF NO ONE" on it and start again'));
  }
  if ((facts.sentinels ?? 0) > 0) {
    findings.push(bad(`${facts.sentinels} Sentinels watch it, and would make one of its replicas the master while it loads: `
      + 'run "SENTINEL REMOVE name" on each for the time of the restore, and "SENTINEL MONITOR" afterwards'));
  }
  return findings;
}

/** What stands in the way of loading this snapshot by replication. */
export function findingsOfReplication(facts: RedisFacts, head: RdbHead): Obstacle[] {
  const findings: Obstacle[] = [];
  if (facts.tlsToMaster === true) {
    findings.push(bad('it speaks TLS to its masters, and the runner has no certificate for that: run "CONFIG SET tls-replication no" for the time of the restore '
      + 'if the network between may be trusted, or restore with RestoreMode.redisRdbFile'));
  }
  return [...findings, ...findingsOfRights(facts, 'restore'), ...findingsOfFormat(facts, head)];
}

/** What the user may not call. */
export function findingsOfRights({ forbidden }: RedisFacts, use: RedisUse): Obstacle[] {
  return (forbidden ?? []).map(command => ({ message: `the user may not call ${command}: ACL SETUSER name ${REDIS_RIGHTS[use]}`, exitCode: ExitCode.DENIED }));
}

/** Whether the server understands the snapshot: one that does not has emptied itself before it notices. */
export function findingsOfFormat({ info, loads }: RedisFacts, head: RdbHead): Obstacle[] {
  const { format } = head;
  const written = `the snapshot has format ${nameOfFormat(format)}${head.serverVersion === null ? '' : `, written by version ${head.serverVersion}`}`;
  const server = `the server is ${nameOf(info)}`;
  const mismatch = (message: string): Obstacle[] => [{ message, exitCode: ExitCode.VERSION_MISMATCH }];
  if (loads === null) {
    return mismatch(`${written}; ${server}, and does not tell which formats it loads: allow the user "+function|dump", which tells`);
  }
  if (isForeign(format, familyOf(info))) return mismatch(`${written}; ${server}, which does not load that: restore into a ${format.family === 'valkey' ? 'Valkey' : 'Redis'} at least as new as the one that was backed up`);
  if (format.version > loads) return mismatch(`${written}; ${server}, and loads formats up to ${loads}: restore into a server at least as new as the one that was backed up`);
  return [];
}

export function familyOf(info: Info): RdbFormat['family'] {
  return info.valkey_version === undefined ? 'redis' : 'valkey';
}

/** What server it is: `Valkey 9.1.2`. */
export function nameOf(info: Info): string {
  return info.valkey_version === undefined ? `Redis ${info.redis_version}` : `Valkey ${info.valkey_version}`;
}

/** Whether the data fits: what does not is evicted, or makes the server refuse writes, once it is a master again. */
export function findingsOfMemory({ info }: RedisFacts, { usedMemory }: RdbHead): Obstacle[] {
  const [limit, total] = [Number(info.maxmemory ?? 0), Number(info.total_system_memory ?? 0)];
  if (usedMemory === null) return [];
  const needs = `the data took ${formatBytes(usedMemory)} of memory where it was backed up`;
  if (limit > 0 && usedMemory > limit) {
    return [{ message: `${needs}, and the server's maxmemory is ${formatBytes(limit)} (${info.maxmemory_policy}): raise it`, exitCode: ExitCode.NO_SPACE }];
  }
  if (total > 0 && usedMemory > total) return [{ message: `${needs}, and the server's machine has ${formatBytes(total)}`, exitCode: ExitCode.NO_SPACE }];
  return [];
}

/** Newest format of a snapshot that the server loads, and the one it writes; `null` if it can't be found out. */
export async function formatOf(connection: RedisConnection, info: Info): Promise<number | null> {
  // Every payload ends with the version of the format, also that of no functions at all, or of any key.
  const [functions] = await connection.all([['FUNCTION', 'DUMP']]);
  if (Buffer.isBuffer(functions)) return versionOf(functions) ?? null;
  const release = info.redis_version ?? '';
  const known = OLD_FORMATS.find(([prefix]) => release.startsWith(prefix))?.[1];
  if (known !== undefined) return known;
  const [key] = await connection.all([['RANDOMKEY']]);
  if (!Buffer.isBuffer(key)) return null;
  const [payload] = await connection.all([['DUMP', key]]);
  return Buffer.isBuffer(payload) ? versionOf(payload) ?? null : null;
}

/** Asks the server's ACL, which knows renamed and unknown commands too. Needs a right of its own. */
async function forbiddenTo({ user }: RedisTargetConfig, commands: readonly (readonly string[])[], connection: RedisConnection): Promise<string[]> {
  const forbidden: string[] = [];
  for (const command of commands) {
    const answer = await connection.command('ACL', 'DRYRUN', user ?? 'default', ...command).catch(error => {
      if (/Command .* not found/.test(replyOf(error) ?? '')) return 'no such command';
      throw error;
    });
    if (answer !== 'OK') forbidden.push(command[0]!);
  }
  return forbidden;
}

/** What the server answers; `null` where it does not know the command, or the user may not ask. */
async function perhaps<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RunnerError && error.exitCode !== ExitCode.UNAVAILABLE) return null;
    throw error;
  }
}

function bad(message: string): Obstacle {
  return { message, exitCode: ExitCode.BAD_CONFIG };
}
