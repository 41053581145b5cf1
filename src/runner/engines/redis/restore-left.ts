import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { RedisConnection } from './connection';
import { REPLICATION_ID_PREFIX } from './replication-source';
import { Info } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { codeOf } from '../../core/errors';

/*
 * How a run knows a server that a killed run has left as its replica, which it makes a primary again. A replica of somebody else's
 * must never become one.
 *
 * A server that has received all has the id of a data set that only runners give out. One whose runner was killed before has nothing but
 * an address, so that has to tell: the port in the config; or, where the runner may choose, one of a few that follow from the address of
 * the server, on this very machine, where nobody listens any more.
 */

/** Linux gives these to nobody who does not ask for them. */
const PORTS = { first: 61_000, last: 65_535 };
/** One may be in use. */
const CANDIDATES = 4;
const ANSWER_LIMIT_MS = 2000;

type Address = Pick<RedisTargetConfig, 'host' | 'port' | 'listenPort'>;

/** Ports to listen on for this server, in that order; 0 is any. */
export function portsFor(target: Address): readonly number[] {
  return target.listenPort === 0 ? [...ownPorts(target), 0] : [target.listenPort];
}

/** The address under which the server is told to find the runner. */
export function addressFor(connection: Pick<RedisConnection, 'addresses'>, advertisedHost: string | null): string {
  return advertisedHost ?? connection.addresses.local.replace(/^::ffff:/, '');
}

/**
 * Whether the server is a replica because a restore was killed: of a runner that is gone, and of nobody else.
 *
 * @param ownAddress from {@link addressFor}
 */
export async function wasLeftByRestore(info: Info, target: Address, ownAddress: string): Promise<boolean> {
  if (info.role !== 'slave' || info.master_link_status === 'up') return false;
  if (loadedFromRunner(info)) return true;
  const port = Number(info.master_port);
  return target.listenPort === 0 ? followsRunner(info, target, ownAddress) && nobodyListens(ownAddress, port) : port === target.listenPort;
}

/** Whether the server certainly follows a runner: one that was killed, or one that goes on. A port in the config is that of real primaries too. */
export function followsRunner(info: Info, target: Address, ownAddress: string): boolean {
  if (info.role !== 'slave') return false;
  if (loadedFromRunner(info)) return true;
  return target.listenPort === 0 && info.master_host === ownAddress && ownPorts(target).includes(Number(info.master_port));
}

function loadedFromRunner({ master_replid: id = '' }: Info): boolean {
  return id.startsWith(REPLICATION_ID_PREFIX);
}

function ownPorts({ host, port }: Address): number[] {
  const from = createHash('sha256').update(`${host}:${port}`).digest().readUInt32BE(0);
  return Array.from({ length: CANDIDATES }, (_, i) => PORTS.first + (from + i) % (PORTS.last - PORTS.first + 1));
}

/** A runner that is still going on listens there. Whatever is not a plain no may be one. */
async function nobodyListens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: ANSWER_LIMIT_MS });
  try {
    return await new Promise(resolve => {
      socket.once('connect', () => resolve(false)).once('timeout', () => resolve(false)).once('error', error => resolve(codeOf(error) === 'ECONNREFUSED'));
    });
  } finally {
    socket.destroy();
  }
}
