import { once } from 'node:events';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { apiDocument } from './api';
import { detail } from './detail';
import { overview, View } from './overview';
import { Frame } from './page';
import { CONTENT_SECURITY_POLICY } from './style';
import { assessAll } from './summary';
import { ExitCode } from '../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../core/errors';
import { renderSamples, samplesOf } from '../monitor/metrics';
import { Monitor } from '../monitor/monitor';

/** A client that says nothing, or takes nothing, for so long is cut off. */
const IDLE_MS = 15_000;
/** A request has to be there as a whole within this time, however steadily it trickles. */
const REQUEST_MS = 10_000;
/** One more, and somebody is cut off: connections that are held keep nobody out, above all not who asks whether this program is alive. */
const MAX_CONNECTIONS = 256;
/** What many ask for at once is made once. */
const RENDERED_FOR_MS = 1000;

const TEXT = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';

/** The overview as its reader wants it; `undefined`: as suits the number of backups. */
const VIEWS: Readonly<Record<string, View | undefined>> = { '/': undefined, '/cards': 'cards', '/compact': 'compact' };

interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Serves what a {@link Monitor} has seen. Answers from memory: no request makes anybody look at a store. */
export class StatusServer {
  private readonly server: Server;
  /** Oldest first. */
  private readonly sockets = new Set<Socket>();
  private readonly rendered = new Map<string, { readonly at: number; readonly answer: Promise<HttpAnswer> }>();

  constructor(private readonly monitor: Monitor, private readonly frame: Frame) {
    this.server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: 5000, connectionsCheckingInterval: 1000 },
      (request, response) => void this.answer(request, response));
    this.server.timeout = IDLE_MS;
    this.server.on('connection', socket => this.admit(socket));
  }

  /** @returns the port, which is a free one where 0 is asked for */
  public async listen(port: number): Promise<number> {
    try {
      this.server.listen(port);
      await once(this.server, 'listening');
    } catch (error) {
      const why = codeOf(error) === 'EADDRINUSE' ? 'another program listens there: give another port' : messageOf(error);
      throw new RunnerError(`the status page can't be served on port ${port}: ${why}`, ExitCode.FAILED, { cause: error });
    }
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends all connections, whoever is still reading. */
  public async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  /** Where there are too many, the oldest connection of whoever has the most of them goes. */
  private admit(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.sockets.size <= MAX_CONNECTIONS) return;
    const held = new Map<string | undefined, number>();
    for (const { remoteAddress } of this.sockets) held.set(remoteAddress, (held.get(remoteAddress) ?? 0) + 1);
    const most = Math.max(...held.values());
    const oldest = [...this.sockets].find(({ remoteAddress }) => held.get(remoteAddress) === most)!;
    this.sockets.delete(oldest); // it is closed a moment later, and counts no more
    oldest.destroy();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume(); // a body is of no interest
    const answer = await this.answerTo(request.method ?? '', request.url ?? '').catch((error: unknown): HttpAnswer => ({ status: 500, type: TEXT, body: `this can't be shown: ${messageOf(error)}\n` }));
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      'Content-Type': answer.type,
      'Content-Length': body.length,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      ...answer.status === 405 && { Allow: 'GET, HEAD' },
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private async answerTo(method: string, url: string): Promise<HttpAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT, body: 'only GET and HEAD: nothing can be changed here\n' };
    const path = url.split('?')[0]!;
    const known = this.rendered.get(path);
    if (known && performance.now() - known.at < RENDERED_FOR_MS) return known.answer;
    const answer = this.render(path);
    // Only what is known to be there is kept: paths that somebody makes up would fill the memory.
    if ((await answer).status === 200) this.rendered.set(path, { at: performance.now(), answer });
    return answer;
  }

  private async render(path: string): Promise<HttpAnswer> {
    const { monitor, frame } = this;
    const { complete } = monitor;
    const now = new Date();
    // Alive as long as it can answer: a store that is down is no reason to start this program again.
    if (path === '/healthz') return { status: 200, type: TEXT, body: 'ok\n' };
    const backups = monitor.backups();
    if (path === '/metrics') {
      const samples = backups.flatMap(({ config, observation }) => samplesOf(observation, config));
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await renderSamples(samples) };
    }
    if (path === '/api/backups') {
      return { status: 200, type: 'application/json', body: `${JSON.stringify(apiDocument(assessAll(backups, now), now, { complete, ...frame.place }), null, 2)}\n` };
    }
    if (Object.hasOwn(VIEWS, path)) {
      return { status: 200, type: HTML, body: overview(assessAll(backups, now), now, { ...frame, complete, view: VIEWS[path] }) };
    }
    const one = backups.find(({ config }) => path === `/backups/${encodeURIComponent(config.name)}`);
    if (one) return { status: 200, type: HTML, body: detail(assessAll([one], now)[0]!, now, frame) };
    return { status: 404, type: TEXT, body: 'there is no such page; there is /, /cards, /compact, /backups/NAME, /api/backups, /metrics and /healthz\n' };
  }
}
