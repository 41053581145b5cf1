import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisConnection } from './connection';
import { replyOf } from './errors';
import { ReplicationSource } from './replication-source';
import { familyOf, keysIn } from './restore-facts';
import { addressFor, portsFor } from './restore-left';
import {
  AOF_NOT_REWRITTEN, aofUnknown, cannotFetch, cannotReachRunner, fewerKeys, holdsBackup, holdsItsDisk, holdsNothing, holdsWhatItHeld, madePrimary,
  mayHold, notKnown, notLoaded, otherData, staysReplica,
} from './restore-load-messages';
import { Info, parseInfo } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { LAST_CALLS_MS } from '../../core/deadline';
import { exitCodeOf, messageOf, RunnerError } from '../../core/errors';
import { monotonicMs } from '../../core/monotonic';
import { Reporter } from '../../core/reporter';
import { RestoreFailure } from '../../engine-api/restorer';

/** A server connects to its master within a second or so. */
const ARRIVAL_LIMIT_MS = 30_000;
/** A server that drops or loads a large data set says nothing for long. */
const REPLY_LIMIT_MS = 10 * 60_000;
const POLL_MS = 100;
/** What there is when the restore failed: a server can't be told anything before it has loaded. */
const REPAIR_LIMIT_MS = 15 * 60_000;
/** A server that has received all begins to load at once. */
const GONE_LIMIT_MS = 5000;
/** Where something restarts a server that died, this is long enough. */
const RESTART_LIMIT_MS = 15_000;

export interface Load {
  /** Of the backup. */
  readonly id: string;
  readonly description: string;
  readonly target: RedisTargetConfig;
  /** `null`: the runner's own end of its connection to the server. */
  readonly advertisedHost: string | null;
  /** Ends a sentence with where what the server held before is, and how to get it back; empty if it is nowhere. */
  readonly wayBack: string;
  readonly reporter: Reporter;
  connect(signal: AbortSignal): Promise<RedisConnection>;
  /** The snapshot; it fails at its end unless it is whole. */
  open(): Promise<Readable>;
}

export interface Loaded {
  readonly keys: number;
  readonly notes: readonly string[];
}

/**
 * Makes the server a replica of the runner until it has loaded the snapshot, and a primary again, whatever happens.
 *
 * @throws RestoreFailure that says what it holds
 */
export async function loadByReplication(load: Load, signal: AbortSignal): Promise<Loaded> {
  const { target, reporter, description } = load;
  let master: ReplicationSource | undefined;
  let before: Info | undefined;
  let dropsEarly = true;
  let told = false;
  const connection = await load.connect(signal);
  try {
    before = parseInfo(await connection.command('INFO'));
    dropsEarly = await mayDropEarly(connection, before);
    const host = addressFor(connection, load.advertisedHost);
    master = await ReplicationSource.listen(host, portsFor(target), { replicationId: before.master_replid ?? '', address: connection.addresses.remote }, load.open);
    connection.waitUpTo(REPLY_LIMIT_MS);
    await connection.command('REPLICAOF', host, String(master.port)).catch(error => {
      told = error instanceof RunnerError && error.exitCode === ExitCode.UNAVAILABLE; // it may have taken it before it went away
      throw error;
    });
    told = true;
    await loaded(connection, master, { replicationId: before.master_replid, host, description }, signal);
    await checkAssertions(connection, load);
    await makeMaster(connection, signal);
    reporter.info('redis.loaded', `${description} has loaded ${load.id} and is a primary again`);
    const loadedKeys = keysIn(parseInfo(await connection.command('INFO')));
    // It is live: whatever fails from here on is no reason to load it again over what is written meanwhile.
    const note = await persisted(connection, signal).catch(aofUnknown);
    return { keys: loadedKeys, notes: note === null ? [] : [note] };
  } catch (error) {
    if (!told) {
      signal.throwIfAborted();
      throw error;
    }
    const { holds, sound } = await recover(load, { info: before!, dropsEarly }, master!, signal);
    const code = exitCodeOf(error);
    throw new RestoreFailure(`${load.id} was not restored: ${messageOf(signal.aborted ? signal.reason : error)}`, holds, sound, signal.aborted ? ExitCode.CANCELLED : code, { cause: error });
  } finally {
    connection.close();
    master?.close();
  }
}

/**
 * Whether the server may drop what it holds before it has received all of another data set. Valkey 8.1 and later do with
 * `repl-diskless-load flush-before-load`; where the user may not ask, they are taken to. No version of Redis does.
 */
async function mayDropEarly(connection: RedisConnection, info: Info): Promise<boolean> {
  if (familyOf(info) === 'redis') return false;
  try {
    return (await connection.list('CONFIG', 'GET', 'repl-diskless-load'))[1]?.toString() === 'flush-before-load';
  } catch (error) {
    if (replyOf(error) !== undefined) return true;
    throw error;
  }
}

/** Makes the server a primary, and waits until it says that it is. One that loads its data can't be told before it has. */
export async function makeMaster(connection: RedisConnection, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await connection.command('REPLICAOF', 'NO', 'ONE');
      break;
    } catch (error) {
      if (!replyOf(error)?.startsWith('LOADING')) throw error;
      await sleep(POLL_MS, undefined, { signal });
    }
  }
  const { role } = parseInfo(await connection.command('INFO', 'replication'));
  if (role !== 'master') throw new RunnerError(staysReplica(role), ExitCode.UNAVAILABLE);
}

interface Waited {
  /** Of the data that the server had when it was looked at; `undefined` before Redis 4.0. */
  readonly replicationId: string | undefined;
  /** Where it was told to fetch the snapshot. */
  readonly host: string;
  readonly description: string;
}

/** Waits until the server holds the whole snapshot. */
async function loaded(
  connection: RedisConnection, master: ReplicationSource, { replicationId, host, description }: Waited, signal: AbortSignal,
): Promise<void> {
  const start = monotonicMs();
  let downSince: number | null = null;
  for (;;) {
    if (master.state === 'failed') throw master.failure;
    if (master.state === 'waiting' && monotonicMs() - start > ARRIVAL_LIMIT_MS) throw didNotCome(master, host, description);
    const info = parseInfo(await connection.command('INFO'));
    if (info.role !== 'slave') throw new RunnerError(madePrimary(description), ExitCode.FAILED);
    if (master.state === 'waiting' && info.master_replid !== replicationId) throw new RunnerError(otherData(description), ExitCode.FAILED);
    if (info.master_link_status === 'up' && info.master_replid === master.id && info.loading !== '1') return;
    // Until it has loaded all, the link is down; what can be seen is that it neither receives nor loads.
    const idle = master.state === 'sent' && info.master_sync_in_progress !== '1' && info.loading !== '1' && info.async_loading !== '1';
    downSince = idle ? downSince ?? monotonicMs() : null;
    if (downSince !== null && monotonicMs() - downSince > GONE_LIMIT_MS) {
      throw new RunnerError(notLoaded(description), ExitCode.FAILED);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

function didNotCome({ oddity, port }: ReplicationSource, host: string, description: string): RunnerError {
  return oddity === null
    ? new RunnerError(cannotReachRunner(description, `${host}:${port}`, ARRIVAL_LIMIT_MS / 1000), ExitCode.UNAVAILABLE)
    : new RunnerError(cannotFetch(description, oddity), ExitCode.BAD_CONFIG);
}

/** Looks for the keys that the config asks for. */
export async function checkAssertions(connection: RedisConnection, { target, description }: Pick<Load, 'target' | 'description'>): Promise<void> {
  for (const { pattern, atLeast: leastKeys } of target.assertions) {
    const found = await countKeys(connection, pattern, leastKeys);
    if (found < leastKeys) {
      throw new RunnerError(fewerKeys(description, pattern, found, leastKeys), ExitCode.CORRUPT);
    }
  }
}

/** Counts keys in all databases, up to a number that is enough. */
export async function countKeys(connection: RedisConnection, pattern: string, enough: number): Promise<number> {
  const databases = Object.keys(parseInfo(await connection.command('INFO', 'keyspace'))).filter(field => /^db\d+$/.test(field));
  let found = 0;
  for (const database of databases) {
    await connection.command('SELECT', database.slice(2));
    let cursor = '0';
    do {
      const page = await connection.scan(cursor, pattern);
      found += page.keys.length;
      cursor = page.cursor;
    } while (cursor !== '0' && found < enough);
  }
  return found;
}

/** With an AOF, what is loaded is on disk only when that is rewritten: a server that dies before starts with the old one. */
async function persisted(connection: RedisConnection, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    const info = parseInfo(await connection.command('INFO'));
    if (info.aof_enabled !== '1' || (info.aof_rewrite_in_progress !== '1' && info.aof_rewrite_scheduled !== '1')) {
      const failed = info.aof_enabled === '1' && info.aof_last_bgrewrite_status !== 'ok';
      return failed ? AOF_NOT_REWRITTEN : null;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Connects to a server that may be starting anew. */
async function connectAgain(load: Load, signal: AbortSignal): Promise<RedisConnection> {
  const end = monotonicMs() + RESTART_LIMIT_MS;
  for (;;) {
    try {
      return await load.connect(signal);
    } catch (error) {
      if (monotonicMs() > end || !(error instanceof RunnerError) || error.exitCode !== ExitCode.UNAVAILABLE) throw error;
      await sleep(1000, undefined, { signal });
    }
  }
}

/** Makes the server a primary again, and finds out what it holds. */
async function recover(
  load: Load, before: { readonly info: Info; readonly dropsEarly: boolean }, master: ReplicationSource, signal: AbortSignal,
): Promise<{ holds: string; sound: boolean }> {
  master.close(); // from here on nothing is sent any more
  const { state } = master;
  const limit = AbortSignal.timeout(signal.aborted ? LAST_CALLS_MS : REPAIR_LIMIT_MS);
  try {
    const connection = await connectAgain(load, limit);
    try {
      connection.waitUpTo(REPLY_LIMIT_MS);
      await makeMaster(connection, limit);
      const info = parseInfo(await connection.command('INFO'));
      const keys = keysIn(info);
      if ([info.master_replid, info.master_replid2].includes(master.id)) {
        return { holds: holdsBackup(load, keys), sound: false };
      }
      if (info.run_id !== before.info.run_id) {
        return { holds: holdsItsDisk(load, keys), sound: false };
      }
      // What it holds it drops when it has received all, and not before: of what it was not sent to the end it has changed nothing.
      if (state === 'waiting' || (state !== 'sent' && !before.dropsEarly)) {
        return { holds: holdsWhatItHeld(load, keys), sound: true };
      }
      const heldBefore = keysIn(before.info);
      return { holds: keys === 0 && heldBefore > 0 ? holdsNothing(load) : mayHold(load, keys, heldBefore), sound: false };
    } finally {
      connection.close();
    }
  } catch (error) {
    return { holds: notKnown(load, messageOf(error)), sound: false };
  }
}
