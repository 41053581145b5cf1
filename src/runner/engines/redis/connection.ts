import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connect as connectTls, getCACertificates } from 'node:tls';
import { explainLostConnection, explainNoConnection, explainNoSnapshot, explainServerError, RedisUse, waitedInVain } from './errors';
import { CommandArgument, commandPieces, renderCommand, RespReader, ServerError } from './resp';
import { RedisConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { stoppable } from '../../core/stoppable';

const CONNECT_LIMIT_MS = 15_000;
const REPLY_LIMIT_MS = 30_000;
const LARGE_PIECE_BYTES = 64 * 1024;
/**
 * The server is silent while it forks, and while it waits for another save to end it sends a newline every ten seconds or so. A
 * server that is silent for longer than this has gone away without a word.
 */
const SNAPSHOT_IDLE_LIMIT_MS = 5 * 60_000;

/** How to reach a server, and as whom. */
export type RedisServerConfig = Pick<RedisConfig, 'host' | 'port' | 'user' | 'tls'>;

export type RedisReply = Buffer | ServerError | null;

/** One connection to a Redis server. Every method rejects with a `RunnerError`, or with the reason of the signal. */
export class RedisConnection {
  /**
   * Connects, authenticates, and makes sure that a Redis answers.
   *
   * @param use what the connection is for, which is what messages about missing rights speak of
   */
  public static async open(config: RedisServerConfig, password: string | null, signal: AbortSignal, use: RedisUse = 'backup'): Promise<RedisConnection> {
    signal.throwIfAborted();
    const address = `${config.host}:${config.port}`;
    const connection = new RedisConnection(address, config.user, use, config.tls !== null, connectSocket(config, address), signal);
    try {
      await connection.translated('a connection', () => connection.limited(CONNECT_LIMIT_MS, 'to connect', () => once(connection.socket, config.tls ? 'secureConnect' : 'connect')));
      if (config.user !== null) await connection.command('AUTH', config.user, password ?? '');
      else if (password !== null) await connection.command('AUTH', password);
      await connection.command('PING');
      connection.stage = 'open';
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private readonly reader: RespReader;
  private limitMs = REPLY_LIMIT_MS;
  /** What a connection that ends means: `promised` is a snapshot that the server has agreed to, and of which nothing has come yet. */
  private stage: 'opening' | 'open' | 'promised' = 'opening';

  private constructor(
    private readonly address: string,
    private readonly user: string | null,
    private readonly use: RedisUse,
    private readonly tls: boolean,
    private readonly socket: Socket,
    private readonly signal: AbortSignal,
  ) {
    const abort = () => this.close(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', abort));
    socket.on('error', () => {}); // whoever waits for the socket gets it as well
    const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.reader = new RespReader(async () => {
      const { value, done } = await this.limited(this.limitMs, 'for an answer', () => chunks.next());
      return done ? undefined : value;
    });
  }

  /** Both ends of the connection, as this one sees them. */
  public get addresses(): { readonly local: string; readonly remote: string } {
    return { local: this.socket.localAddress ?? '', remote: this.socket.remoteAddress ?? '' };
  }

  /** Sends a command and returns the server's answer. */
  public async command(...args: readonly (string | Buffer)[]): Promise<string> {
    return this.ask(args, () => this.reader.reply());
  }

  /** Sends a command whose answer is no text. */
  public async bytes(...args: readonly (string | Buffer)[]): Promise<Buffer> {
    return this.ask(args, () => this.reader.bytes());
  }

  /** Sends a command whose answer is a list. */
  public async list(...args: readonly (string | Buffer)[]): Promise<Buffer[]> {
    return this.ask(args, () => this.reader.list());
  }

  /** One page of the keys of the database that is selected, of one type or all. */
  public async scan(cursor: string, pattern: string, type?: string): Promise<{ readonly cursor: string; readonly keys: Buffer[] }> {
    return this.ask(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000', ...type === undefined ? [] : ['TYPE', type]], () => this.reader.page());
  }

  /** Sends commands in one go, and returns the answer to each: `null` is nothing, and an error is one of the answers. */
  public async all(commands: readonly (readonly CommandArgument[])[]): Promise<RedisReply[]> {
    const answers: RedisReply[] = [];
    for await (const answer of this.each(commands)) answers.push(answer);
    return answers;
  }

  /** As {@link all}, one answer at a time. All of them have to be read. */
  public async* each(commands: readonly (readonly CommandArgument[])[]): AsyncGenerator<RedisReply> {
    const what = String(commands[0]?.[0]);
    await this.translated(what, () => {
      this.socket.cork();
      for (const piece of joined(commands.flatMap(commandPieces))) this.socket.write(piece);
      this.socket.uncork();
      return Promise.resolve();
    });
    for (let left = commands.length; left > 0; left--) yield await this.translated(what, () => this.reader.answer());
  }

  /** What an error among the answers to {@link all} means. */
  public explain(error: ServerError, what: string): RunnerError {
    return explainServerError(error, what, this.address, this.user, this.use);
  }

  /** From now on waits this long for each answer: of a server that loads, or empties, its data meanwhile. */
  public waitUpTo(limitMs: number): void {
    this.limitMs = limitMs;
  }

  /** Asks for a snapshot and streams it, from its first byte to its last. Nothing else can be asked for afterwards. */
  public async snapshot(): Promise<Readable> {
    this.limitMs = SNAPSHOT_IDLE_LIMIT_MS;
    await this.translated('PSYNC', async () => {
      this.socket.write(renderCommand(['PSYNC', '?', '-1']));
      await this.reader.skipNewlines();
      await this.reader.reply(); // the id and offset of a stream that nobody is going to follow
      this.stage = 'promised';
    });
    return stoppable(this.snapshotChunks(), () => this.close());
  }

  public close(reason?: Error): void {
    this.socket.destroy(reason);
  }

  private ask<T>(args: readonly (string | Buffer)[], answer: () => Promise<T>): Promise<T> {
    return this.translated(String(args[0]), async () => {
      this.socket.write(renderCommand(args));
      return answer();
    });
  }

  private async* snapshotChunks(): AsyncGenerator<Buffer> {
    const chunks = this.reader.snapshot();
    try {
      for (;;) {
        const { value, done } = await this.translated('PSYNC', () => chunks.next());
        if (done) return;
        this.stage = 'open';
        yield value;
      }
    } finally {
      this.close();
    }
  }

  /** Only time spent on waiting for the server counts, not the time that the reader of a snapshot takes. */
  private async limited<T>(limitMs: number, what: string, wait: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.close(waitedInVain(limitMs, what, this.address, this.tls)), limitMs);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }

  private async translated<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.signal.throwIfAborted();
      if (error instanceof RunnerError) throw error;
      if (error instanceof ServerError) throw this.explain(error, what);
      if (this.stage === 'opening') throw explainNoConnection(error, this.address);
      throw this.stage === 'promised' ? explainNoSnapshot(error, this.address) : explainLostConnection(error, what, this.address);
    }
  }
}

/** Small pieces in one each: a write of its own costs more than the copy. Large ones are not copied. */
function joined(pieces: readonly Buffer[]): Buffer[] {
  const result: Buffer[] = [];
  let small: Buffer[] = [];
  for (const piece of pieces) {
    if (piece.length < LARGE_PIECE_BYTES) {
      small.push(piece);
      continue;
    }
    result.push(Buffer.concat(small), piece);
    small = [];
  }
  return [...result, Buffer.concat(small)];
}

function connectSocket({ host, port, tls }: RedisServerConfig, address: string): Socket {
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000, noDelay: true };
  if (tls === null) return connectTcp({ host, port, ...keepAlive });
  const socket = connectTls({ host, port, ca: authorities(tls.caFile, address), servername: isIP(host) ? undefined : host });
  socket.setKeepAlive(true, keepAlive.keepAliveInitialDelay);
  return socket;
}

function authorities(caFile: string | null, address: string): string | string[] {
  // Without a file: the system's, and those that come with Node for an image that has none.
  if (caFile === null) return [...getCACertificates('default'), ...getCACertificates('system')];
  try {
    return readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new RunnerError(`redis ${address}: the CA file can't be read (${messageOf(error)}): mount it, or correct 'tls.caFile'`, ExitCode.BAD_CONFIG, { cause: error });
  }
}
