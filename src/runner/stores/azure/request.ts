import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Patience } from '../../store-api/service';

/** A request of which everything is known, its signature included. */
export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array | undefined;
}

/** TLS makes a copy of all that is written at once, which of a part of an upload is as much again. */
const PIECE_BYTES = 256 * 1024;
/** A body that is larger is sent only once the service has said that it wants it: a refusal would be lost where it cuts the connection. */
const ASK_FIRST_BYTES = 1024 ** 2;
/** A service that has said nothing until then wants it. */
const ASKED_MS = 2000;

/** Connections to one service. */
export class Connections {
  private readonly http = new http.Agent({ keepAlive: true });
  private readonly https = new https.Agent({ keepAlive: true });

  constructor(private readonly patience: Patience) {}

  /** Sends a request, once, and resolves with the answer as soon as it begins. */
  public async send({ method, url, headers, body }: SignedRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const isPlain = url.protocol === 'http:';
    const asksFirst = body !== undefined && body.length > ASK_FIRST_BYTES;
    const request = (isPlain ? http : https).request(url, {
      method, signal, agent: isPlain ? this.http : this.https, headers: asksFirst ? { ...headers, expect: '100-continue' } : headers,
    });
    this.limit(request);
    const answer = once(request, 'response') as Promise<[http.IncomingMessage]>;
    answer.catch(() => {}); // is waited for below
    request.on('error', () => {}); // of a body that nobody wants any more; before an answer, `once` has it
    if (body === undefined) {
      request.end();
    } else {
      const refused = asksFirst && await isRefused(request, answer);
      // Whoever answers before all has come is heard, whatever becomes of the rest.
      if (!refused) void pipeline(Readable.from(pieces(body), { highWaterMark: 1 }), request).catch(() => {});
    }
    const [response] = await answer;
    response.on('error', () => {}); // the same error reaches whoever reads
    if (asksFirst && !request.writableEnded) response.once('end', () => request.destroy());
    return response;
  }

  private limit(request: http.ClientRequest): void {
    const { connectMs, idleMs } = this.patience;
    const timeOut = () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    request.setTimeout(idleMs, timeOut);
    request.once('socket', socket => {
      if (!socket.connecting) return;
      const timer = setTimeout(timeOut, connectMs);
      for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
    });
  }
}

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < body.length; from += PIECE_BYTES) yield body.subarray(from, from + PIECE_BYTES);
}

/** Asks whether the body is wanted. */
async function isRefused(request: http.ClientRequest, answer: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  request.flushHeaders();
  try {
    return await Promise.race([
      once(request, 'continue').then(() => false),
      answer.then(() => true),
      new Promise<boolean>(resolve => {
        timer = setTimeout(() => resolve(false), ASKED_MS);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
