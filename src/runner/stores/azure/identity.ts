import { readFile } from 'node:fs/promises';
import { AzureCredentials } from './sign';
import { ExitCode } from '../../../contract/exit-code';
import { codeOf, messageOf, RunnerError } from '../../core/errors';
import { monotonicMs } from '../../core/monotonic';

/** Put into the pod by the webhook of Azure Workload Identity. */
const CLIENT_ID = 'AZURE_CLIENT_ID';
const TENANT_ID = 'AZURE_TENANT_ID';
const TOKEN_FILE = 'AZURE_FEDERATED_TOKEN_FILE';
const AUTHORITY = 'AZURE_AUTHORITY_HOST';

const ASK_MS = 30_000;
/** A token that ends sooner is not used any more. */
const MARGIN_MS = 5 * 60_000;

/**
 * The identity of the pod's service account: Entra ID takes the token that Kubernetes has mounted for one of its own (federated credentials).
 */
export class PodIdentity implements AzureCredentials {
  public readonly doubt = 'the identity of this pod is of another tenant than the account: compare them';
  private token: { readonly value: string; readonly goodUntilMs: number } | undefined;
  private asking: Promise<string> | undefined;

  constructor(private readonly store: string, private readonly env: NodeJS.ProcessEnv) {
    const missing = [CLIENT_ID, TENANT_ID, TOKEN_FILE].filter(name => !env[name]);
    if (missing.length > 0) {
      throw this.failed(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set: the webhook of Azure Workload Identity sets them where it is installed, `
        + 'the pod has the label azure.workload.identity/use: "true", and its service account the annotation azure.workload.identity/client-id. Outside of a cluster, set AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY', ExitCode.DENIED);
    }
  }

  public async prove(_request: unknown, signal: AbortSignal): Promise<{ readonly headers: { readonly authorization: string } }> {
    signal.throwIfAborted();
    if (this.token === undefined || monotonicMs() > this.token.goodUntilMs) {
      // Parts that are sent side by side need one token, and none of them may be stopped with another.
      this.asking ??= this.ask().finally(() => {
        this.asking = undefined;
      });
      return { headers: { authorization: `Bearer ${await this.asking}` } };
    }
    return { headers: { authorization: `Bearer ${this.token.value}` } };
  }

  public expiresAt(): undefined {
    return undefined; // it renews itself
  }

  public mayDelete(): boolean {
    return true;
  }

  private async ask(): Promise<string> {
    const { [TENANT_ID]: tenant, [CLIENT_ID]: client, [AUTHORITY]: authority } = this.env;
    const host = (authority || 'https://login.microsoftonline.com').replace(/\/+$/, '');
    const form = {
      client_id: client!,
      client_assertion: await this.assertion(),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      grant_type: 'client_credentials',
      scope: 'https://storage.azure.com/.default',
    };
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(`${host}/${encodeURIComponent(tenant!)}/oauth2/v2.0/token`, {
        method: 'POST', body: new URLSearchParams(form), signal: AbortSignal.timeout(ASK_MS),
      });
      status = response.status;
      answer = await response.json().catch(() => undefined);
    } catch (error) {
      throw this.failed(`Entra ID at ${host} can't be reached (${messageOf((error as Error).cause ?? error)}): look at network policies and DNS; a later run may work`, ExitCode.UNAVAILABLE, error);
    }
    const { access_token: token, expires_in: seconds, error, error_description: description } = (answer ?? {}) as { [field: string]: unknown };
    if (status === 200 && typeof token === 'string' && token !== '' && Number.isFinite(Number(seconds))) {
      this.token = { value: token, goodUntilMs: monotonicMs() + Number(seconds) * 1000 - MARGIN_MS };
      return token;
    }
    const reason = /^AADSTS\d+/.exec(String(description))?.[0] ?? error; // Entra's number says what it is
    const said = `${status}${typeof reason === 'string' ? ` ${reason}` : ''}`;
    if (status >= 500 || status === 429 || status === 200) throw this.failed(`Entra ID at ${host} fails (${said}): a later run may work`, ExitCode.UNAVAILABLE);
    throw this.failed(`Entra ID refuses it (${said}): the identity ${client} of tenant ${tenant} must have a federated credential whose issuer is that of the cluster and `
      + 'whose subject is this service account, system:serviceaccount:NAMESPACE:NAME', ExitCode.DENIED);
  }

  /** The token of the service account, which the kubelet replaces every hour. */
  private async assertion(): Promise<string> {
    const file = this.env[TOKEN_FILE]!;
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (error) {
      throw this.failed(`the token ${file} can't be read (${codeOf(error)}): start the pod again, which has it mounted`, ExitCode.DENIED, error);
    }
  }

  private failed(reason: string, exitCode: ExitCode, cause?: unknown): RunnerError {
    return new RunnerError(`${this.store}: there is no access for the identity of this pod: ${reason}`, exitCode, { cause });
  }
}
