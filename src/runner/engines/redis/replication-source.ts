import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { AddressInfo, createServer, Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RespReader, renderCommand } from './resp';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';

/** Begins the id of every data set that a runner hands out, so that a later run knows a server that loaded one. */
export const REPLICATION_ID_PREFIX = 'cdb0bac0';

/** Replicas give a master up that is silent for a minute. */
const PING_INTERVAL_MS = 10_000;
const TLS_HANDSHAKE = 0x16;
const MARK_BYTES = 20;

/** Who may have the snapshot. */
export interface ReplicaIdentity {
  /**
   * The id of the data set that the server has: 160 random bits that it tells when it asks for another, and that nobody knows who may not
   * ask the server itself. Empty for a server before 4.0, which has none.
   */
  readonly replicationId: string;
  /** Its address, for a server without an id. */
  readonly address: string;
}

/** How far the one replica has come. */
export type ReplicationState = 'waiting' | 'sending' | 'sent' | 'failed';

/**
 * A master that has one snapshot to offer, to one replica, once: the side of Redis replication that a restore needs.
 *
 * The snapshot ends with a mark that was announced before it. The mark is sent only after the stream has ended well, and a replica
 * that keeps its snapshots in a file before it loads them (`repl-diskless-load disabled`, which is the default) drops its own data
 * only then.
 */
export class ReplicationSource {
  /**
   * Listens at the first of the ports that is free.
   *
   * @param host the address that the server is told; if it is none of this machine, as where addresses are translated, it listens on all
   */
  public static async listen(
    host: string, [port, ...others]: readonly number[], replica: ReplicaIdentity, open: () => Promise<Readable>,
  ): Promise<ReplicationSource> {
    const server = createServer({ keepAlive: true, keepAliveInitialDelay: 30_000, noDelay: true }).listen(port, isOwn(host) ? host : undefined);
    try {
      await once(server, 'listening');
    } catch (error) {
      if (others.length > 0 && codeOf(error) === 'EADDRINUSE') return ReplicationSource.listen(host, others, replica, open);
      throw new RunnerError(`the runner can't listen on port ${port} (${messageOf(error)}): choose another 'listenPort'`, ExitCode.BAD_CONFIG, { cause: error });
    }
    return new ReplicationSource(server, replica, open);
  }

  /** Id of the data set that is offered: a server that has it as its own has loaded all of it. */
  public readonly id = REPLICATION_ID_PREFIX + randomBytes(20 - REPLICATION_ID_PREFIX.length / 2).toString('hex');
  public readonly port: number;
  private readonly sockets = new Set<Socket>();
  private current: ReplicationState = 'waiting';
  private reason: unknown = undefined;
  private odd: string | null = null;

  private constructor(private readonly server: Server, private readonly replica: ReplicaIdentity, private readonly open: () => Promise<Readable>) {
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', socket => void this.serve(socket));
  }

  public get state(): ReplicationState {
    return this.current;
  }

  /** Why the state is `failed`. */
  public get failure(): unknown {
    return this.reason;
  }

  /** What somebody who connected did that a replica does not do; `null` if nobody did. */
  public get oddity(): string | null {
    return this.odd;
  }

  public close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private async serve(socket: Socket): Promise<void> {
    this.sockets.add(socket);
    socket.on('error', () => {}); // whoever waits for the socket gets it as well
    socket.once('close', () => this.sockets.delete(socket));
    const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const reader = new RespReader(async () => {
      const { value, done } = await chunks.next();
      if (!done && value[0] === TLS_HANDSHAKE) this.odd = 'it speaks TLS to its masters (tls-replication yes), and the runner has no certificate';
      return done ? undefined : value;
    });
    try {
      for (;;) {
        await reader.skipNewlines(); // it sends them while it loads
        await this.answer((await reader.list()).map(argument => argument.toString('latin1')), socket);
      }
    } catch {
      socket.destroy(); // it went away, or is no Redis: what that means is seen by whoever asked the server to come
    }
  }

  private async answer([name, ...args]: readonly string[], socket: Socket): Promise<void> {
    switch (name?.toUpperCase()) {
      case 'PING': socket.write('+PONG\r\n'); return;
      case 'AUTH': socket.write('+OK\r\n'); return; // a `masterauth` of its own: who it is shows the id that it tells
      case 'REPLCONF':
        if (args[0]?.toUpperCase() !== 'ACK') socket.write('+OK\r\n');
        return;
      case 'PSYNC':
        if (!this.knows(args[0] ?? '', socket)) {
          this.odd = `${socket.remoteAddress} asked for the snapshot, and is not the server that was told to: something is between, or another program asks`;
          socket.write('-ERR this snapshot is for another server\r\n');
        } else if (this.current === 'waiting') {
          void this.send(socket); // it goes on talking meanwhile
        } else {
          socket.write('-ERR this snapshot is sent once\r\n');
        }
        return;
      default: socket.write('-ERR unknown command\r\n');
    }
  }

  private knows(replicationId: string, socket: Socket): boolean {
    return this.replica.replicationId === '' ? plain(socket.remoteAddress) === plain(this.replica.address) : replicationId === this.replica.replicationId;
  }

  private async send(socket: Socket): Promise<void> {
    this.current = 'sending';
    try {
      const body = await this.open();
      const mark = randomBytes(MARK_BYTES).toString('hex');
      socket.write(`+FULLRESYNC ${this.id} 0\r\n$EOF:${mark}\r\n`);
      await pipeline(body, socket, { end: false });
      socket.write(mark);
      this.current = 'sent';
      const timer = setInterval(() => socket.write(renderCommand(['PING'])), PING_INTERVAL_MS);
      socket.once('close', () => clearInterval(timer));
    } catch (error) {
      this.current = 'failed';
      this.reason = error;
      socket.destroy();
    }
  }
}

/** Whether it is an address of this machine. Names are not: the server resolves them, perhaps to another one. */
function isOwn(host: string): boolean {
  return Object.values(networkInterfaces()).some(addresses => addresses?.some(({ address }) => address === host));
}

/** An IPv4 address as a socket for both families tells it has a prefix. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
