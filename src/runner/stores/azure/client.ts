import { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentialsOf } from './credentials';
import { Connections } from './request';
import { AzureCredentials } from './sign';
import { childOf, parseXml } from './xml';
import { AzureStoreConfig } from '../../../contract/config';
import { codeOf, messageOf, RunnerError } from '../../core/errors';
import { ServiceClock } from '../../store-api/clock';
import { beforeKeys, placeBelow } from '../../store-api/prefix';
import { Patience, Service, waitBefore } from '../../store-api/service';

/** Of the protocol: the first with all that is asked for here. */
const VERSION = '2021-12-02';
/** What is taken for a difference of clocks. The service refuses requests of which the time is 15 minutes off. */
const DIFFERENCE_MS = 5 * 60_000;
/** More than any answer has that is no blob: a list of 5,000 has some 5 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 ** 2;
const WORTH_A_RETRY = [408, 429, 500, 502, 503, 504];

export interface AzureRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Of a blob; without one the request is about the container. */
  readonly key?: string;
  readonly query?: { readonly [name: string]: string };
  /** With names in lower case. */
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
}

export interface AzureAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The service has answered with something else than success, or not at all. */
export class AzureFailure extends Error {
  public override readonly name = 'AzureFailure';

  /**
   * @param status `undefined`: there was no answer
   * @param code the service's own, such as `BlobNotFound`, or one of the network
   */
  constructor(message: string, public readonly status: number | undefined, public readonly code: string, public readonly attempts: number) {
    super(message);
  }
}

/** A container, and how it is asked. */
export class AzureTarget implements Service {
  public readonly name: string;
  public readonly location: string;
  public readonly endpoint: string;
  public readonly containerName: string;
  /** What stands before every key, with its slash. */
  public readonly keyPrefix: string;
  public readonly clock = new ServiceClock();
  public readonly credentials: AzureCredentials;
  private readonly base: string;
  private readonly connections: Connections;

  constructor(config: AzureStoreConfig, env: NodeJS.ProcessEnv, private readonly patience: Patience) {
    const { name, accountName, containerName, prefix, endpoint } = config;
    this.name = name;
    this.location = placeBelow(`azure://${accountName}/${containerName}`, prefix);
    this.endpoint = endpoint ?? 'Azure';
    this.containerName = containerName;
    this.keyPrefix = beforeKeys(prefix);
    this.credentials = credentialsOf(config, env);
    this.base = `${(endpoint ?? `https://${accountName}.blob.core.windows.net`).replace(/\/+$/, '')}/${containerName}`;
    this.connections = new Connections(patience);
  }

  /** Sends a request and reads the answer, again and again where that can help. Rejects with an {@link AzureFailure}. */
  public async send(request: AzureRequest, signal: AbortSignal): Promise<AzureAnswer> {
    return this.repeated(request, signal, async answer => ({ headers: answer.headers, text: await textOf(answer) }));
  }

  /** The same, and the body is left to whoever asks. */
  public async open(request: AzureRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return this.repeated(request, signal, async answer => answer);
  }

  private async repeated<T>(request: AzureRequest, signal: AbortSignal, read: (answer: IncomingMessage) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const offsetMs = this.offsetMs;
      try {
        const answer = await this.once(request, signal);
        this.clock.read(answer.headers.date);
        if (answer.statusCode! >= 200 && answer.statusCode! < 300) return await read(answer);
        throw await failureOf(answer, attempt);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RunnerError) throw error; // there are no credentials
        const failure = error instanceof AzureFailure ? error : new AzureFailure(messageOf(error), undefined, codeOf(error) ?? '', attempt);
        const wasOfAnotherTime = failure.status === 403 && attempt === 1 && this.offsetMs !== offsetMs;
        const isPassing = failure.status === undefined ? isOfTheNetwork(failure.code) : WORTH_A_RETRY.includes(failure.status) || failure.code === 'Md5Mismatch';
        if (attempt >= this.patience.maxAttempts || !(isPassing || wasOfAnotherTime)) throw failure;
      }
      await sleep(waitBefore(attempt), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  private async once({ method, key, query = {}, headers = {}, body }: AzureRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(this.base + (key === undefined ? '' : `/${(this.keyPrefix + key).split('/').map(encodeURIComponent).join('/')}`));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const all = {
      ...headers,
      ...method === 'PUT' && { 'content-length': String(body?.length ?? 0), 'content-type': 'application/octet-stream' },
      'x-ms-date': new Date(Date.now() + this.offsetMs).toUTCString(),
      'x-ms-version': VERSION,
    };
    const proof = await this.credentials.prove({ method, url, headers: all }, signal);
    proof.query?.forEach((value, name) => url.searchParams.set(name, value));
    return this.connections.send({ method, url, headers: { ...all, ...proof.headers }, body }, signal);
  }

  /** Requests are of the service's time where that is known to be another. */
  private get offsetMs(): number {
    const offsetMs = this.clock.nowOffsetMs ?? 0;
    return Math.abs(offsetMs) < DIFFERENCE_MS ? 0 : offsetMs;
  }
}

/** What a failed request says. Only the first line of it: below are ids, and for some codes what was signed. */
async function failureOf(answer: IncomingMessage, attempt: number): Promise<AzureFailure> {
  const text = await textOf(answer).catch(() => '');
  const error = parseXml(text);
  const header = answer.headers['x-ms-error-code'];
  const code = (typeof header === 'string' ? header : undefined) ?? childOf(error, 'Code')?.text ?? '';
  const said = childOf(error, 'Message')?.text.split('\n')[0]!.trim() ?? '';
  return new AzureFailure(said.replace(/\bsig=[^&\s'"]*/gi, 'sig=…'), answer.statusCode, code, attempt);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new AzureFailure(`the answer has more than ${MAX_ANSWER_BYTES} bytes`, answer.statusCode, 'TooLarge', 1);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function isOfTheNetwork(code: string): boolean {
  return [
    'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'HPE_INVALID_CONSTANT',
  ].includes(code);
}
