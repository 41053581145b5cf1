import { PodIdentity } from './identity';
import { AzureCredentials, sharedKey } from './sign';
import { AzureStoreConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { secretFrom } from '../../core/secrets';

/** What is missing or malformed is told at once. */
export function credentialsOf(config: AzureStoreConfig, env: NodeJS.ProcessEnv): AzureCredentials {
  const { name, accountName, credentials } = config;
  if (credentials === null) {
    // On a machine that is no pod, with the variables of Azure's own CLI: whoever restores there has no identity of the cluster.
    const typed = [{ kind: 'sas', sasTokenEnv: 'AZURE_STORAGE_SAS_TOKEN' }, { kind: 'account-key', accountKeyEnv: 'AZURE_STORAGE_KEY' }] as const;
    const instead = typed.find(each => env[each.kind === 'sas' ? each.sasTokenEnv : each.accountKeyEnv]);
    return instead === undefined ? new PodIdentity(name, env) : credentialsOf({ ...config, credentials: instead }, env);
  }
  if (credentials.kind === 'sas') {
    const token = () => sasToken(secretFrom(env, credentials.sasTokenEnv, `SAS token of the store ${name}`), name, credentials.sasTokenEnv);
    token();
    return {
      doubt: 'the SAS token is not of this container, or the key that it was made with was renewed: check the Secret',
      prove: async () => ({ query: token() }),
      expiresAt: () => timeOf(token().get('se')),
      mayDelete: () => token().get('sp')?.includes('d') ?? true, // a stored policy says it elsewhere
    };
  }
  const key = () => accountKey(secretFrom(env, credentials.accountKeyEnv, `account key of the store ${name}`), name, credentials.accountKeyEnv);
  key();
  return {
    doubt: 'the account key is not of this account, or was renewed there: check the Secret',
    prove: async request => ({ headers: { authorization: sharedKey(accountName, key(), request) } }),
    expiresAt: () => undefined,
    mayDelete: () => true,
  };
}

/** The token as the portal gives it, with or without its question mark, or the whole URL. None of it may get into a message. */
function sasToken(given: string, store: string, variable: string): URLSearchParams {
  const token = new URLSearchParams(given.trim().replace(/^[^?]*\?/, ''));
  if (token.get('sig') && token.get('sv')) return token;
  throw new RunnerError(
    `${store}: ${variable} holds no SAS token, which is a text like sv=…&sp=…&sig=…: look at the Secret, also whether the whole token was pasted`,
    ExitCode.BAD_CONFIG,
  );
}

function accountKey(given: string, store: string, variable: string): Buffer {
  const text = given.trim();
  const key = Buffer.from(text, 'base64');
  if (key.length > 0 && key.toString('base64') === text) return key;
  throw new RunnerError(
    `${store}: ${variable} holds no key of a storage account, which is one long text in base64: look at the Secret, also whether it has a connection string instead`,
    ExitCode.BAD_CONFIG,
  );
}

function timeOf(text: string | null): Date | undefined {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}
