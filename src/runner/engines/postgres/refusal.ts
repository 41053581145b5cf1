/*
 * Why a server lets nobody in, as a code. libpq shows the server's text only, which is in the server's language until a session has begun; so
 * the same login is tried once more, by hand. https://www.postgresql.org/docs/current/protocol-flow.html
 *
 * Not by a client library: with the package pg a malformed message of a server is an exception that nobody can catch, and ends the run.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { ADMITTED } from './errors';
import { Scram } from './scram';
import { PostgresConfig } from '../../../contract/config';

export interface Login extends Pick<PostgresConfig, 'host' | 'port' | 'user' | 'tls'> {
  readonly database: string;
  readonly password: string | null;
}

/** It has answered a moment before. */
const TIMEOUT_MS = 3000;
/** Of one message; those of a login are far smaller. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const PROTOCOL = 0x0003_0000;
const SSL_REQUEST = 80877103;
/** Requests of the server while somebody logs in. */
const [OK, PLAIN, MD5, SASL, SASL_CONTINUE, SASL_FINAL] = [0, 3, 5, 10, 11, 12];

/** @returns the SQLSTATE of the refusal, or {@link ADMITTED}; `undefined` if neither can be had: no failure of this is anybody's concern */
export async function refusalOf(login: Login, signal: AbortSignal): Promise<string | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const plain = connect({ host: login.host, port: login.port });
  const stop = () => plain.destroy();
  within.addEventListener('abort', stop, { once: true });
  plain.on('error', () => {}); // whoever reads from it is told
  try {
    within.throwIfAborted();
    await once(plain, 'connect');
    return await answerTo(login, await secured(plain, login));
  } catch {
    return undefined;
  } finally {
    within.removeEventListener('abort', stop);
    plain.destroy();
  }
}

/** With the TLS that libpq has used for the login that was refused. */
async function secured(plain: Socket, { host, tls: { mode, caFile } }: Login): Promise<Socket> {
  if (mode === 'disable') return plain;
  plain.write(int32(8, SSL_REQUEST));
  const [answer] = await once(plain, 'data') as [Buffer];
  if (answer.toString('latin1') !== 'S') {
    if (mode === 'prefer' && answer.toString('latin1') === 'N') return plain;
    throw new Error('no TLS');
  }
  const socket: TLSSocket = connectTls({
    socket: plain,
    host, // whose name the certificate has
    servername: /[a-z]/i.test(host) && !host.includes(':') ? host : undefined,
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...caFile !== null && { ca: readFileSync(caFile) },
    ...mode !== 'verify-full' && { checkServerIdentity: () => undefined },
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

async function answerTo({ user, database, password }: Login, socket: Socket): Promise<string | undefined> {
  const startup = Buffer.from(`user\0${user}\0database\0${database}\0application_name\0cdk8s-backup\0\0`);
  socket.write(Buffer.concat([int32(startup.length + 8, PROTOCOL), startup]));
  const scram = new Scram();
  for await (const { type, body } of messages(socket)) {
    if (type === 'E') return stateOf(body);
    if (type !== 'R') {
      if (type === 'Z') return ADMITTED;
      continue;
    }
    if (body.readInt32BE(0) === OK || body.readInt32BE(0) === SASL_FINAL) continue;
    const reply = password === null ? undefined : await replyTo(body, user, password, scram);
    if (reply === undefined) return undefined;
    socket.write(message('p', reply));
  }
  return undefined;
}

/** What the client says to a request for its password. */
async function replyTo(body: Buffer, user: string, password: string, scram: Scram): Promise<Buffer | string | undefined> {
  const rest = body.subarray(4);
  switch (body.readInt32BE(0)) {
    case PLAIN: return `${password}\0`;
    case MD5: return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), rest.subarray(0, 4)]))}\0`;
    case SASL: return Buffer.concat([Buffer.from(`${Scram.MECHANISM}\0`), int32(Buffer.byteLength(scram.first)), Buffer.from(scram.first)]);
    case SASL_CONTINUE: return scram.final(rest.toString(), password);
    default: return undefined;
  }
}

async function* messages(socket: Socket): AsyncGenerator<{ readonly type: string; readonly body: Buffer }> {
  let buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 5) {
      const length = buffer.readInt32BE(1);
      if (length < 4 || length > MAX_MESSAGE_BYTES) return;
      if (buffer.length < length + 1) break;
      yield { type: String.fromCharCode(buffer[0]!), body: buffer.subarray(5, length + 1) };
      buffer = buffer.subarray(length + 1);
    }
  }
}

/** An error is a list of fields: one byte that says what it is, and a text that ends with a zero. */
function stateOf(body: Buffer): string | undefined {
  return body.toString('latin1').split('\0').map(field => /^C([0-9A-Z]{5})$/.exec(field)?.[1]).find(state => state !== undefined);
}

function message(type: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(type), int32(bytes.length + 4), bytes]);
}

function int32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => bytes.writeInt32BE(number, 4 * i));
  return bytes;
}

function md5(text: Buffer | string): string {
  return createHash('md5').update(text).digest('hex');
}
