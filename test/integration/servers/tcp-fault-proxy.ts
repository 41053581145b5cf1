import { once } from 'node:events';
import { AddressInfo, connect, createServer, Socket } from 'node:net';
import { throttle } from './fault-proxy';

/** What goes wrong with a connection, once this many bytes have passed in both directions. */
export interface TcpFault {
  readonly kind:
    /** Both ends get a reset. */
    | 'reset'
    /** Nothing comes through any more, and nobody is told. */
    | 'half-open'
    /** The server's end of it is closed in good order, as if it had said all. */
    | 'truncate'
    /** What the server says passes at 1 kB/s. */
    | 'slow';
  readonly afterBytes: number;
  /** Whether later connections suffer the same from their first byte. */
  readonly lasting: boolean;
}

export interface TcpFaultProxy {
  readonly port: number;
  /** Bytes that have passed in both directions since it was started or healed. */
  readonly bytes: () => number;
  /** From here on connections go to this port. */
  retarget(port: number): void;
  /** The next connection that gets so far goes wrong; says so when it does. */
  inject(fault: TcpFault, onStruck?: () => void): void;
  /** Calls back when this many bytes have passed. */
  onBytes(bytes: number, callback: () => void): void;
  /** Connections that are broken end; later ones are well. */
  heal(): void;
  stop(): Promise<void>;
}

const SLOW_BYTES_PER_SECOND = 1000;

/** Stands between a client and a real server that speaks any protocol over TCP. */
export async function startTcpFaultProxy(target: number): Promise<TcpFaultProxy> {
  const sockets = new Set<Socket>();
  let port = target;
  let bytes = 0;
  let fault: TcpFault | null = null;
  let struck = false;
  let told = () => {};
  let waiting: { readonly bytes: number; readonly callback: () => void } | null = null;

  const server = createServer(client => {
    const upstream = connect({ host: '127.0.0.1', port });
    const both = [client, upstream];
    let silent = false;
    let answers: Socket | ReturnType<typeof throttle> = upstream;
    for (const socket of both) {
      sockets.add(socket.setNoDelay());
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        // Of a half-open connection the other end hears nothing.
        if (!silent) for (const other of both) other.destroy();
      });
    }

    /** Whether what has just come may pass. */
    const strike = (): boolean => {
      if (silent) return false;
      if (fault === null || (struck && !fault.lasting) || bytes < fault.afterBytes) return true;
      struck = true;
      told();
      switch (fault.kind) {
        case 'reset':
          for (const socket of both) socket.resetAndDestroy();
          return false;
        case 'half-open':
          silent = true;
          return false;
        case 'truncate':
          silent = true;
          client.end();
          upstream.destroy();
          return false;
        case 'slow':
          if (answers === upstream) {
            upstream.off('data', answer);
            answers = throttle(SLOW_BYTES_PER_SECOND).on('data', chunk => client.write(chunk));
            upstream.on('data', chunk => answers.write(chunk));
          }
          return true;
      }
    };
    const pass = (chunk: Buffer, to: Socket, from: Socket) => {
      bytes += chunk.length;
      if (waiting !== null && bytes >= waiting.bytes) {
        const { callback } = waiting;
        waiting = null;
        callback();
      }
      if (!strike()) return;
      if (to.destroyed || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    };
    const answer = (chunk: Buffer) => pass(chunk, client, upstream);
    client.on('data', chunk => pass(chunk, upstream, client));
    upstream.on('data', answer);
    client.on('end', () => upstream.end());
    upstream.on('end', () => {
      if (!silent && answers === upstream) client.end();
    });
  });
  server.on('connection', socket => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    retarget: to => {
      port = to;
    },
    inject: (injected, onStruck = () => {}) => {
      fault = injected;
      told = onStruck;
      struck = false;
    },
    onBytes: (after, callback) => {
      waiting = { bytes: after, callback };
    },
    heal: () => {
      fault = null;
      waiting = null;
      bytes = 0;
      destroyAll();
    },
    stop: async () => {
      server.close();
      destroyAll();
      await once(server, 'close');
    },
  };
}
