import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, sqlite } from '../_configs';
import { backup, list, run } from '../_runner';
import { tempDir } from '../servers/_process';
import { S3Server, s3Store } from '../servers/_s3';
import { startRclone } from '../servers/rclone';

/*
 * `S3Credentials.workloadIdentity()`: the config names no keys, and the SDK in the bundle finds what the cloud has put into the pod. On EKS that is either
 * a token file, which STS takes for keys (IRSA), or an agent on the node that hands them out (Pod Identity). Both are played by a server here, which says
 * no to a token that it does not know; the bucket is a real one.
 */
const TOKEN = 'planted-token-of-the-service-account';
const ROLE = 'arn:aws:iam::111122223333:role/backup';
const OTHER_ROLE = 'arn:aws:iam::111122223333:role/other';

let s3: S3Server;
let issuer: Server;
let url: string;
let asked: { readonly path: string; readonly form: URLSearchParams; readonly authorization: string | undefined }[];

beforeAll(async () => {
  s3 = await startRclone();
  await s3.makeBucket('identity');
  issuer = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', text => body += text).on('end', () => {
      const form = new URLSearchParams(body);
      const { authorization } = request.headers;
      asked.push({ path: request.url!, form, authorization });
      const known = (form.get('WebIdentityToken') ?? authorization) === TOKEN;
      const [status, answer] = request.url === '/agent' ? ofAgent(known) : ofSts(known, form.get('RoleArn'));
      response.writeHead(status).end(answer);
    });
  });
  await new Promise<void>(resolve => issuer.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  issuer?.close();
  await s3?.stop();
});

const expiration = () => new Date(Date.now() + 3_600_000).toISOString();

function ofSts(known: boolean, role: string | null): [number, string] {
  const no = (code: string, message: string) => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
  if (!known) return [400, no('InvalidIdentityToken', 'No such token')];
  if (role !== ROLE) return [403, no('AccessDenied', 'Not authorized')];
  const keys = `<AccessKeyId>${s3.accessKeyId}</AccessKeyId><SecretAccessKey>${s3.secretAccessKey}</SecretAccessKey><SessionToken>session</SessionToken>`;
  return [200, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>${keys}<Expiration>${expiration()}</Expiration></Credentials>`
    + `<AssumedRoleUser><Arn>${ROLE}/x</Arn><AssumedRoleId>id:x</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`];
}

function ofAgent(known: boolean): [number, string] {
  if (!known) return [401, '{"code":"Unauthorized","message":"No such token"}'];
  return [200, JSON.stringify({ AccessKeyId: s3.accessKeyId, SecretAccessKey: s3.secretAccessKey, Token: 'session', Expiration: expiration() })];
}

/** The file that EKS mounts, with this token in it. */
function tokenFile(token: string): string {
  const file = path.join(tempDir('token'), 'token');
  writeFileSync(file, token);
  return file;
}

/** As the webhook of EKS sets them in the pod; the endpoint is what a private STS would be. */
const irsa = (token: string) => ({
  AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile(token), AWS_STS_REGIONAL_ENDPOINTS: 'regional', AWS_REGION: s3.region, AWS_ENDPOINT_URL_STS: url,
});

const podIdentity = (token: string) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/agent`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile(token) });

function shop() {
  const directory = tempDir('data');
  mkdirSync(path.join(directory, 'scratch'));
  const file = path.join(directory, 'shop.db');
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)');
  db.close();
  const { config: store } = s3Store(s3, 'identity', { prefix: path.basename(directory), credentials: null });
  return configOf({ source: sqlite(file), stores: [store], scratch: { directory: path.join(directory, 'scratch'), limitBytes: null } });
}

test('IRSA: the token of the file is taken to STS, for the role, and what that gives opens the bucket', async () => {
  const config = shop();
  const env = irsa(TOKEN);
  const { id } = await backup({ config, env });
  expect((await list({ config, env })).latest).toBe(id);
  expect(Object.fromEntries(asked[0]!.form)).toMatchObject({ Action: 'AssumeRoleWithWebIdentity', RoleArn: ROLE, WebIdentityToken: TOKEN });
});

test('EKS Pod Identity: the token of the file is shown to the agent, and what that gives opens the bucket', async () => {
  const config = shop();
  const env = podIdentity(TOKEN);
  const { id } = await backup({ config, env });
  expect((await list({ config, env })).latest).toBe(id);
  expect(asked[0]).toMatchObject({ path: '/agent', authorization: TOKEN });
});

const NO_KEYS = 'offsite: there are no keys for the identity of this pod: ';

test.each<[string, () => NodeJS.ProcessEnv, number, string]>([
  ['STS does not know the token', () => irsa('planted-wrong-token'), 14, `STS refuses them (400 InvalidIdentityTokenException: No such token): the role ${ROLE} must exist, and its trust policy`],
  ['STS does not give the role', () => ({ ...irsa(TOKEN), AWS_ROLE_ARN: OTHER_ROLE }), 14, `STS refuses them (403 AccessDenied: Not authorized): the role ${OTHER_ROLE} must exist`],
  ['STS is not there', () => ({ ...irsa(TOKEN), AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1' }), 20, "STS, or the agent of the node, can't be reached (connect ECONNREFUSED 127.0.0.1:1): look at network policies"],
  ['the token is not mounted', () => ({ ...irsa(TOKEN), AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token' }), 14, 'the token /nowhere/token is not there: start the pod again'],
  ['the agent does not know the token', () => podIdentity('planted-wrong-token'), 14, '/agent gave none (Could not load credentials from any providers): look whether it runs on the node'],
  ['there is no identity', () => ({ AWS_EC2_METADATA_DISABLED: 'true' }), 14, 'no credentials were found: name a Secret in the config, or give the service account an identity'],
])('%s: the backup fails, says so rather than that the bucket does, and shows no token', async (_, env, exitCode, why) => {
  const { code, message, stderr, stdout } = await run(['backup'], { config: shop(), env: { AWS_EC2_METADATA_DISABLED: 'true', ...env() } });
  expect({ code, message }).toEqual({ code: exitCode, message: expect.stringContaining(NO_KEYS) });
  expect(message).toContain(why);
  expect(stderr + stdout).not.toContain('planted-');
});
