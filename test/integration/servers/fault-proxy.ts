import { once } from 'node:events';
import { createServer, IncomingMessage, request, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with a request. */
export type Fault =
  /** Answers with this status and S3's error body, before the server hears of the request. */
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** Cuts the connection once this much of the request's body has come. */
  | { readonly kind: 'cut-request'; readonly afterBytes: number }
  /** Cuts the connection once this much of the answer's body has gone. */
  | { readonly kind: 'cut-answer'; readonly afterBytes: number }
  /** Lets the server do it, and loses the answer. */
  | { readonly kind: 'lose-answer' }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Passes the request on after this time. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Ends the connection, in good order, once this much of the answer's body has gone. */
  | { readonly kind: 'truncate-answer'; readonly afterBytes: number }
  /** Passes bodies on at this rate, in both directions. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Lets the server do it twice, as a proxy does that tries again; the client gets the second answer. */
  | { readonly kind: 'repeat-request' }
  /** Sends the answer twice, one after the other. */
  | { readonly kind: 'repeat-answer' };

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
}

export interface FaultProxy {
  /** Where the client goes. */
  readonly endpoint: string;
  /** Every request so far, in order. */
  readonly seen: readonly SeenRequest[];
  /** The next `times` requests that match go wrong. */
  inject(fault: Fault, matches: (seen: SeenRequest) => boolean, times: number): void;
  /** From here on everything goes well. */
  heal(): void;
  stop(): Promise<void>;
}

/** Requests that carry a part of a multipart upload. */
export const isPart = ({ method, url }: SeenRequest) => method === 'PUT' && url.includes('partNumber=');
/** The request that makes a multipart upload visible. */
export const isCompletion = ({ method, url }: SeenRequest) => method === 'POST' && url.includes('uploadId=');
export const isPut = ({ method }: SeenRequest) => method === 'PUT';
/** Reading of an object, not a list. */
export const isRead = ({ method, url }: SeenRequest) => method === 'GET' && !url.includes('list-type=');
export const isAny = () => true;

/**
 * Stands between a client and a real S3 server and makes of the network what it is at 3 a.m.
 *
 * Headers pass unchanged, `Host` included: signatures stay valid, for the client signs the address that it knows.
 */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const seen: SeenRequest[] = [];
  let faults: { readonly fault: Fault; readonly matches: (seen: SeenRequest) => boolean; left: number }[] = [];

  const handle = (incoming: IncomingMessage, answer: ServerResponse, continues: boolean) => {
    const current = { method: incoming.method ?? '', url: incoming.url ?? '' };
    seen.push(current);
    const rule = faults.find(({ matches, left }) => left > 0 && matches(current));
    if (rule) rule.left -= 1;
    incoming.on('error', () => {}); // the client went away
    if (rule?.fault.kind === 'status') return void refuse(incoming, answer, rule.fault);
    if (continues) answer.writeContinue();
    if (rule?.fault.kind === 'hang') return void incoming.resume();
    if (rule?.fault.kind === 'repeat-request') return void passTwice(target, incoming, answer);
    if (rule?.fault.kind === 'delay') return void setTimeout(() => pass(target, incoming, answer, undefined), rule.fault.ms);
    pass(target, incoming, answer, rule?.fault);
  };
  const server = createServer((incoming, answer) => handle(incoming, answer, false));
  server.on('checkContinue', (incoming, answer) => handle(incoming, answer, true)); // large bodies ask first
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    inject: (fault, matches, times) => {
      faults.push({ fault, matches, left: times });
    },
    heal: () => {
      faults = [];
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function refuse(incoming: IncomingMessage, answer: ServerResponse, { status, code }: Extract<Fault, { kind: 'status' }>): void {
  incoming.resume();
  answer.writeHead(status, { 'content-type': 'application/xml', 'connection': 'close' });
  answer.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>made by the test</Message></Error>`);
}

function pass(target: string, incoming: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void {
  const { expect: _answered, ...headers } = incoming.headers;
  const { hostname, port } = new URL(target);
  const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent: false });
  const cut = () => {
    incoming.socket.resetAndDestroy();
    outgoing.destroy();
  };
  outgoing.on('error', () => incoming.socket.destroy()); // the server is down: so is the connection
  answer.on('close', () => outgoing.destroy());

  let received = 0;
  const body = fault?.kind === 'slow' ? incoming.pipe(throttle(fault.bytesPerSecond)) : incoming;
  body.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (fault?.kind === 'cut-request' && received > fault.afterBytes) cut();
    else if (!outgoing.write(chunk)) body.pause();
  });
  outgoing.on('drain', () => body.resume());
  body.on('end', () => outgoing.end());

  outgoing.on('response', response => {
    if (fault?.kind === 'lose-answer') {
      response.resume().on('end', cut);
      return;
    }
    if (fault?.kind === 'repeat-answer') return void answerTwice(incoming, answer, response);
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
    const end = () => incoming.socket.end();
    let sent = 0;
    response.on('error', () => incoming.socket.destroy());
    const answered = fault?.kind === 'slow' ? response.pipe(throttle(fault.bytesPerSecond)) : response;
    answered.on('data', (chunk: Buffer) => {
      const room = fault?.kind === 'cut-answer' || fault?.kind === 'truncate-answer' ? fault.afterBytes - sent : Infinity;
      sent += chunk.length;
      if (chunk.length > room) {
        response.destroy();
        answer.write(chunk.subarray(0, room), fault?.kind === 'truncate-answer' ? end : cut);
      } else if (!answer.write(chunk)) {
        answered.pause();
      }
    });
    answer.on('drain', () => answered.resume());
    answered.on('end', () => answer.end());
  });
}

/** Sends the request to the server again once it has answered. */
async function passTwice(target: string, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { expect: _answered, ...headers } = incoming.headers;
  const { hostname, port } = new URL(target);
  const ask = async (body: Buffer) => {
    const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent: false });
    const answering = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.end(body);
    const [response] = await answering;
    return { response, content: await buffer(response) };
  };
  try {
    const body = await buffer(incoming);
    await ask(body);
    const { response, content } = await ask(body);
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
    answer.end(content);
  } catch {
    incoming.socket.destroy(); // the server is down: so is the connection
  }
}

async function answerTwice(incoming: IncomingMessage, answer: ServerResponse, response: IncomingMessage): Promise<void> {
  const content = await buffer(response).catch(() => undefined);
  if (content === undefined) return void incoming.socket.destroy();
  const { socket } = incoming;
  const head = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2) head.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  answer.on('finish', () => socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content])));
  answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
  answer.end(content);
}

/** Passes on what it gets at a steady rate, in pieces of a tenth of a second. */
export function throttle(bytesPerSecond: number): Transform {
  const piece = Math.max(1, Math.floor(bytesPerSecond / 10));
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      for (let from = 0; from < chunk.length && !this.destroyed; from += piece) {
        this.push(chunk.subarray(from, from + piece));
        await sleep(100, undefined, { ref: false });
      }
      done();
    },
  });
}
