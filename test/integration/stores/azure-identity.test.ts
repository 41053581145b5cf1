import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, sqlite } from '../_configs';
import { backup, list, run, RunOptions } from '../_runner';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { tempDir } from '../servers/_process';
import { sasToken } from '../servers/_sas';
import { azureStore, Azurite, startAzurite } from '../servers/azurite';

/*
 * `AzureCredentials.workloadIdentity()`: the config names no Secret, and the program takes the token of the service account to Entra ID, which is played by
 * a server here. Azurite reads the tokens that it gives, and takes them by TLS alone.
 */
const ASSERTION = 'planted-token-of-the-service-account';
const CLIENT = '11111111-2222-3333-4444-555555555555';
const TENANT = '99999999-2222-3333-4444-555555555555';

let azurite: Azurite;
let entra: Server;
let authority: string;
let caFile: string;
let asked: { readonly path: string; readonly form: URLSearchParams }[];
let answer: (form: URLSearchParams) => [number, unknown];

beforeAll(async () => {
  const ca = makeAuthority(tempDir('ca'));
  ({ caFile } = ca);
  azurite = await startAzurite({ certificate: issueCertificate(ca, 'azurite', ['IP:127.0.0.1']) });
  await azurite.makeContainer('backups');
  entra = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', text => body += text).on('end', () => {
      const form = new URLSearchParams(body);
      asked.push({ path: request.url!, form });
      const [status, content] = answer(form);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    });
  });
  await new Promise<void>(resolve => entra.listen(0, '127.0.0.1', resolve));
  authority = `http://127.0.0.1:${(entra.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  asked = [];
  answer = form => form.get('client_assertion') === ASSERTION ? [200, { token_type: 'Bearer', expires_in: 3600, access_token: accessToken() }]
    : [401, { error: 'invalid_client', error_description: 'AADSTS700211: No matching federated identity record found for presented assertion issuer.' }];
});
afterAll(async () => {
  entra?.close();
  await azurite?.stop();
});

/** As Azurite reads it: it takes any signature. */
function accessToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'https://storage.azure.com', iss: `https://sts.windows.net/${TENANT}/`, iat: now, nbf: now - 60, exp: now + 3600 };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.planted-signature`;
}

let count = 0;

function options(env: NodeJS.ProcessEnv = {}, assertion = ASSERTION): RunOptions {
  const directory = tempDir('identity');
  const file = path.join(directory, 'app.db');
  new DatabaseSync(file).exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
  const tokenFile = path.join(directory, 'var', 'token');
  mkdirSync(path.dirname(tokenFile));
  writeFileSync(tokenFile, assertion);
  const store = azureStore(azurite, 'backups', { credentials: null, prefix: `identity-${count++}` }).config;
  return {
    config: configOf({ source: sqlite(file), stores: [store] }),
    env: {
      NODE_EXTRA_CA_CERTS: caFile,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_TENANT_ID: TENANT,
      AZURE_FEDERATED_TOKEN_FILE: tokenFile,
      AZURE_AUTHORITY_HOST: authority,
      ...env,
    },
  };
}

test('a backup is stored and listed with the identity of the pod, for which Entra ID is not asked for each request', async () => {
  const given = options();
  const { id } = await backup(given);
  expect([...new Set(asked.map(each => each.path))]).toEqual([`/${TENANT}/oauth2/v2.0/token`]);
  expect(asked.length).toBeLessThan(4); // once for each time that the store is opened
  expect(Object.fromEntries(asked[0]!.form)).toEqual({
    client_id: CLIENT,
    client_assertion: ASSERTION,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    grant_type: 'client_credentials',
    scope: 'https://storage.azure.com/.default',
  });
  expect((await list(given)).latest).toBe(id);
});

test('an identity that Entra ID does not know is denied, and says where to look', async () => {
  const ended = await run(['backup'], options({}, 'planted-token-of-another-account'));
  expect(ended).toMatchObject({ code: 14, message: expect.stringMatching(/Entra ID refuses it \(401 AADSTS700211\): the identity 11111111-.* must have a federated credential/) });
  expect(ended.stdout + ended.stderr).not.toContain('planted');
});

test.each<[string, [number, unknown], number, RegExp]>([
  ['fails', [503, {}], 20, /Entra ID at http:\/\/127\.0\.0\.1:\d+ fails \(503\): a later run may work/],
  ['gives no token', [200, { expires_in: 3600 }], 20, /Entra ID at .* fails \(200\)/],
  ['gives a token that the store does not take', [200, { expires_in: 3600, access_token: 'planted.access.token' }], 14, /access denied .*the identity of this pod is of another tenant/],
])('an Entra ID that %s ends the run with the code that says whether a retry can help', async (_case, given, code, message) => {
  answer = () => given;
  const ended = await run(['backup'], options());
  expect(ended).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(ended.stdout + ended.stderr).not.toContain('planted');
});

test('a pod that Azure\'s webhook has passed over is told what it lacks', async () => {
  const ended = await run(['backup'], options({ AZURE_CLIENT_ID: '', AZURE_FEDERATED_TOKEN_FILE: '' }));
  expect(ended).toMatchObject({ code: 14, message: expect.stringMatching(/AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE are not set: the webhook of Azure Workload Identity sets them where/) });
});

test('a machine that is no pod may have a SAS token or an account key in the environment', async () => {
  const inPod = options();
  const { id } = await backup(inPod);
  for (const instead of [{ AZURE_STORAGE_SAS_TOKEN: sasToken(azurite, 'backups') }, { AZURE_STORAGE_KEY: azurite.accountKey }]) {
    expect((await list({ ...inPod, env: { NODE_EXTRA_CA_CERTS: caFile, ...instead } })).latest).toBe(id);
  }
});
