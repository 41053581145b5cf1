import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Certificate } from './_certificate';
import { freePort, RunningProcess, startProcess, tempDir } from './_process';
import { AzureStoreConfig } from '../../../src/contract/config';
import { sharedKey } from '../../../src/runner/stores/azure/sign';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');

const ACCOUNT = 'backupaccount';
/** Made up for these tests. */
const ACCOUNT_KEY = Buffer.from('a key of an account that only tests have, and nobody else at all').toString('base64');

export interface Azurite {
  /** With the account in its path, as Azurite has it. */
  readonly endpoint: string;
  readonly accountName: string;
  readonly accountKey: string;
  makeContainer(name: string): Promise<void>;
  /** Ends the server, which keeps its data. In good order: a power cut would cost Azurite what it has confirmed a moment ago. */
  end(): Promise<void>;
  /** Starts it again on the same port, with the data it had. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  /** Of a server that speaks TLS, and then takes tokens of Entra ID as well. */
  readonly certificate?: Certificate;
}

/** Starts Azurite, Microsoft's own test server of Azure Blob Storage: signatures are verified, blobs are on disk. */
export async function startAzurite({ certificate }: AzuriteOptions = {}): Promise<Azurite> {
  const program = join(CACHE, 'azurite/node_modules/azurite/dist/src/blob/main.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run test/integration/install/azurite.sh`);
  const directory = tempDir('azurite');
  const port = await freePort();
  const origin = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const server = { endpoint: `${origin}/${ACCOUNT}`, accountName: ACCOUNT, accountKey: ACCOUNT_KEY };
  const start = () => startProcess({
    file: process.execPath,
    args: [
      program, '--silent', '--disableTelemetry', '--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', directory,
      ...certificate === undefined ? [] : ['--cert', certificate.certFile, '--key', certificate.keyFile, '--oauth', 'basic'],
    ],
    env: { AZURITE_ACCOUNTS: `${ACCOUNT}:${ACCOUNT_KEY}` },
    cwd: directory,
    logFile: join(directory, 'log'),
    readiness: () => ask(new URL(origin), 'GET', {}).then(() => true),
    timeoutMs: 30_000,
  });
  let running: RunningProcess;
  try {
    running = await start();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    ...server,
    makeContainer: async name => {
      const url = new URL(`${server.endpoint}/${name}?restype=container`);
      const headers = { 'content-length': '0', 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
      const authorization = sharedKey(ACCOUNT, Buffer.from(ACCOUNT_KEY, 'base64'), { method: 'PUT', url, headers });
      const status = await ask(url, 'PUT', { ...headers, authorization });
      if (status !== 201) throw new Error(`Azurite answers ${status} to the making of container ${name}`);
    },
    end: () => running.stop(),
    restart: async () => {
      running = await start();
    },
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Status of the answer to one request. Whose certificate it is does not matter here. */
async function ask(url: URL, method: string, headers: { readonly [name: string]: string }): Promise<number> {
  const request = (url.protocol === 'http:' ? http : https).request(url, { method, headers, agent: false, rejectUnauthorized: false, timeout: 10_000 }).end();
  const [response] = await once(request, 'response') as [http.IncomingMessage];
  response.resume();
  return response.statusCode!;
}

/** A store in a container of the server, and the environment with its key. */
export function azureStore(
  { endpoint, accountName, accountKey }: Pick<Azurite, 'endpoint' | 'accountName' | 'accountKey'>, container: string, changes: Partial<AzureStoreConfig> = {},
) {
  const config: AzureStoreConfig = {
    type: 'azure',
    name: 'offsite',
    accountName,
    containerName: container,
    prefix: 'db/nightly',
    endpoint,
    credentials: { kind: 'account-key', accountKeyEnv: 'ACCOUNT_KEY' },
    accessTier: null,
    ...changes,
  };
  return { config, env: { ACCOUNT_KEY: accountKey } as NodeJS.ProcessEnv };
}
