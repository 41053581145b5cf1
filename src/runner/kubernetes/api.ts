/*
 * The few requests that stopping and starting an application, and reading and writing Secrets, need, on Node's own HTTPS.
 *
 * Not @kubernetes/client-node: with three of its API classes the bundle grows from 1.5 to 3.8 MB, by 68 packages that would have to be
 * watched for faults (OpenID, websockets, tar, proxies), for a handful of requests with JSON. What a client has to get right
 * beside that is below: the token is read anew, since it is replaced every hour; the cluster's own authority is the only one trusted;
 * what may pass is tried again.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';

/** Outside of a cluster: the address of a `kubectl proxy`, which adds the caller's credentials. */
export const API_URL_ENV = 'CDK8S_BACKUP_KUBERNETES_URL';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

const REQUEST_TIMEOUT_MS = 30_000;

/** How long a request is repeated. */
export interface Patience {
  /** That nobody answers, or with a fault of the server: a control plane that is restarted is back within this time. */
  readonly unavailableMs: number;
  /** That is refused, after others were not: a server that has just been started does not know all rights yet, and refuses what it will allow. */
  readonly deniedMs: number;
}

const PATIENCE: Patience = { unavailableMs: 120_000, deniedMs: 15_000 };
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'PUT';
  /** Without the host: `/apis/apps/v1/namespaces/shop/deployments/web`. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  /** For PATCH a JSON merge patch, for POST and PUT the object. */
  readonly body?: unknown;
}

/** The API server, as the pod's service account may use it. */
export interface KubernetesApi {
  /**
   * Sends a request and returns the JSON of the answer. What can pass is tried again; a request that was answered by nobody may have been
   * carried out all the same.
   *
   * @throws ApiError with the status of the answer, RunnerError with exit code UNAVAILABLE if there was none
   */
  send(request: ApiRequest, signal: AbortSignal): Promise<unknown>;
}

/** The API server has answered, with something else than success. */
export class ApiError extends RunnerError {
  constructor(public readonly status: number, message: string) {
    super(message, EXIT_CODES[status] ?? (status >= 500 || status === 429 ? ExitCode.UNAVAILABLE : ExitCode.FAILED));
  }
}

const EXIT_CODES: { readonly [status: number]: ExitCode } = { 401: ExitCode.DENIED, 403: ExitCode.DENIED, 404: ExitCode.NOT_FOUND };

/**
 * @param serviceAccount directory where Kubernetes mounts token and certificate
 * @throws RunnerError if this is no cluster, and no proxy to one is named
 */
export function openKubernetes(env: NodeJS.ProcessEnv, serviceAccount = SERVICE_ACCOUNT, patience = PATIENCE): KubernetesApi {
  const { [API_URL_ENV]: proxy, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (!proxy && !host) {
    throw new RunnerError(
      `there is no Kubernetes API here: run "kubectl proxy --port=8001" and set ${API_URL_ENV}=http://127.0.0.1:8001; to restore a database you can stop the application yourself instead, and give --set workloads=[]`,
      ExitCode.BAD_CONFIG,
    );
  }
  const base = new URL(proxy || `https://${host!.includes(':') ? `[${host}]` : host}:${port}`);
  const fromPod = async (file: string): Promise<string | null> => {
    if (proxy) return null;
    try {
      return (await readFile(path.join(serviceAccount, file), 'utf8')).trim();
    } catch (error) {
      throw new RunnerError(
        `the service account of this pod has no token: ${messageOf(error)}; it is mounted where 'workloads' are stopped, or Secrets backed up and restored`, ExitCode.BAD_CONFIG, { cause: error },
      );
    }
  };
  let wasAllowed = false;
  return {
    send: async (request, signal) => {
      const since = new Map<ExitCode, number>();
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        try {
          const answer = await sendOnce(base, await fromPod('token'), await fromPod('ca.crt'), request, signal);
          wasAllowed = true;
          return answer;
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof RunnerError)) throw error;
          // A refusal counts from the first one: before it the server may have been away.
          since.set(error.exitCode, since.get(error.exitCode) ?? performance.now());
          const denied = error.exitCode === ExitCode.DENIED && wasAllowed ? patience.deniedMs : 0;
          const limit = error.exitCode === ExitCode.UNAVAILABLE ? patience.unavailableMs : denied;
          if (performance.now() - since.get(error.exitCode)! + pause > limit) throw error;
        }
        await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
  };
}

async function sendOnce(base: URL, token: string | null, ca: string | null, request: ApiRequest, signal: AbortSignal): Promise<unknown> {
  const { method, path: target, query, body } = request;
  const url = new URL(base.pathname.replace(/\/$/, '') + target, base);
  url.search = new URLSearchParams(query).toString();
  let status: number;
  let answer: string;
  try {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const sent = (url.protocol === 'http:' ? http : https).request(url, {
        method,
        ...ca !== null && { ca },
        headers: {
          'accept': 'application/json',
          'user-agent': 'cdk8s-backup',
          ...token !== null && { authorization: `Bearer ${token}` },
          ...body !== undefined && { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
        },
        agent: false, // the pauses between requests are longer than a connection lives
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      }, resolve).on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
    status = response.statusCode!;
    answer = await text(response);
  } catch (error) {
    throw new RunnerError(`the Kubernetes API at ${base.host} does not answer: ${messageOf(error)}`, ExitCode.UNAVAILABLE, { cause: error });
  }
  if (status < 200 || status > 299) throw new ApiError(status, `the Kubernetes API refuses ${method} ${target}: ${reasonOf(answer, status)}`);
  return JSON.parse(answer);
}

/** What the server says about it, which names user, verb and object. */
function reasonOf(answer: string, status: number): string {
  try {
    const { message } = JSON.parse(answer) as { message?: unknown };
    if (typeof message === 'string' && message !== '') return withoutContent(message);
  } catch {
    // not from the API server
  }
  return `status ${status}, ${answer.slice(0, 200)}`;
}

/** Without what it quotes of the object that was sent, which may be a Secret; a webhook of others may quote anything. */
function withoutContent(message: string): string {
  return message.replace(/((?:Invalid|Unsupported|Duplicate) value: )(?:".*?"(?=: |, |$|\])|\S+?(?=: |$))/gs, '$1…').replace(/(denied the request: ).*/s, '$1its log says why');
}
