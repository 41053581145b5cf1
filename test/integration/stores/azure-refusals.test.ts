import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AzureStoreConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { AzureStore } from '../../../src/runner/stores/azure/store';
import { all, failureOf, randomBody } from '../../runner/stores/_bodies';
import { freePort } from '../servers/_process';
import { sasToken } from '../servers/_sas';
import { azureStore, Azurite, startAzurite } from '../servers/azurite';
import { FaultProxy, isAny, startFaultProxy } from '../servers/fault-proxy';

const MiB = 1024 ** 2;
const HASTY = { maxAttempts: 2, connectMs: 1000, idleMs: 5000 };
const never = new AbortController().signal;
const SAS: Partial<AzureStoreConfig> = { credentials: { kind: 'sas', sasTokenEnv: 'SAS' } };

let server: Azurite;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startAzurite();
  await server.makeContainer('backups');
  proxy = await startFaultProxy(new URL(server.endpoint).origin);
});
afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

const warnings: string[] = [];

function open(changes: Partial<AzureStoreConfig> = {}, env: NodeJS.ProcessEnv = {}): AzureStore {
  const store = azureStore(server, 'backups', changes);
  return new AzureStore(store.config, { ...store.env, ...env }, message => void warnings.push(message), HASTY);
}

function callsOf(store: AzureStore): readonly (() => Promise<unknown>)[] {
  return [
    () => store.check(never), () => store.put('app_1.dump', Readable.from(['x']), null, never), () => store.create('app_1.json', '{}', never),
    () => store.get('app_1.json', never), () => all(store.list('', never)), () => store.remove(['app_1.json'], never), () => all(store.unfinished('', never)),
  ];
}

test('a wrong account key is DENIED by every method, and no key is told', async () => {
  const wrong = randomBytes(64).toString('base64');
  for (const call of callsOf(open({}, { ACCOUNT_KEY: wrong }))) {
    const error = await failureOf(call());
    expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
    expect(error.message).toMatch(/the account key is not of this account, or was renewed there: check the Secret/);
    expect(error.message).toContain(`offsite (azure://backupaccount/backups/db/nightly at ${server.endpoint}): can't `);
    expect(shownBy(error)).not.toContain(wrong);
    expect(shownBy(error)).not.toContain(server.accountKey);
  }
});

test('a container that is not there is NOT_FOUND for every method', async () => {
  for (const call of callsOf(open({ containerName: 'no-such-container' }))) {
    const error = await failureOf(call());
    expect(error).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    expect(error.message).toMatch(/the container no-such-container does not exist: create it, or correct its name/);
  }
});

test('an endpoint where nobody listens, or that has no address, is UNAVAILABLE', async () => {
  await expect(open({ endpoint: `http://127.0.0.1:${await freePort()}/x` }).check(never)).rejects.toMatchObject({
    exitCode: ExitCode.UNAVAILABLE, message: expect.stringMatching(/nothing listens at the endpoint.*2 times in a row/),
  });
  await expect(open({ endpoint: 'http://no-such-host.invalid' }).check(never)).rejects.toMatchObject({
    exitCode: ExitCode.UNAVAILABLE, message: expect.stringMatching(/the host name of the endpoint can't be resolved/),
  });
});

test('an endpoint that speaks no TLS is BAD_CONFIG', async () => {
  await expect(open({ endpoint: server.endpoint.replace('http:', 'https:') }).check(never)).rejects.toMatchObject({
    exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(/should the endpoint begin with http:\/\//),
  });
});

test.each([
  ['a full account', 409, 'AccountLimitExceeded', ExitCode.NO_SPACE, /the account or its quota is full \(AccountLimitExceeded: made by the test\): raise the quota/],
  ['a firewall', 403, 'AuthorizationFailure', ExitCode.DENIED, /check the Secret, and the firewall of the account/],
  ['an account without keys', 403, 'KeyBasedAuthenticationNotPermitted', ExitCode.DENIED, /the account takes no keys: use a workload identity/],
  ['a blob in the archive', 409, 'BlobArchived', ExitCode.NOT_FOUND, /rehydrate it first/],
])('%s is told', async (_case, status, code, exitCode, message) => {
  proxy.inject({ kind: 'status', status, code }, isAny, 99);
  const error = await failureOf(open({ endpoint: `${proxy.endpoint}/backupaccount` }).remove(['app_1.json'], never));
  proxy.heal();
  expect(error).toMatchObject({ exitCode, message: expect.stringMatching(message) });
});

test('an immutability policy keeps what is there, and prune says so', async () => {
  await open().create('app_kept.json', '{}', never);
  proxy.inject({ kind: 'status', status: 409, code: 'BlobImmutableDueToPolicy' }, ({ method }) => method === 'DELETE', 99);
  const error = await failureOf(open({ endpoint: `${proxy.endpoint}/backupaccount` }).remove(['app_kept.json', 'app_other.json'], never));
  proxy.heal();
  expect(error).toMatchObject({ exitCode: ExitCode.DENIED, message: expect.stringMatching(/can't remove app_\w+\.json: an immutability policy keeps the blob as it is .*wait until it ends \(and 1 others of 2\)/) });
  expect(await text(await open().get('app_kept.json', never))).toBe('{}');
});

describe('a SAS token', () => {
  test.each([['alone', ''], ['with its question mark', '?'], ['behind the URL that the portal shows', 'https://backupaccount.blob.core.windows.net/backups?']])('%s is enough for everything', async (_case, before) => {
    const store = open({ ...SAS, prefix: `sas-${before.length}` }, { SAS: `${before}${sasToken(server, 'backups')}\n` });
    await store.check(never);
    expect(await store.put('app_1.dump', randomBody(20 * MiB).stream, 20 * MiB, never)).toBe(20 * MiB);
    expect(await store.create('app_1.json', '{}', never)).toBe(true);
    expect(await store.create('app_1.json', '{}', never)).toBe(false);
    expect(await text(await store.get('app_1.json', never))).toBe('{}');
    await store.remove(['app_1.json', 'app_1.dump'], never);
    expect(await all(store.list('', never))).toEqual([]);
  });

  test('that has expired, is damaged or of another container is DENIED by every method, and nothing of it is told', async () => {
    const expired = sasToken(server, 'backups', { expiresAt: new Date(Date.now() - 60_000) });
    const damaged = sasToken(server, 'backups').replace(/sig=.{10}/, 'sig=damagedsig');
    for (const [token, message] of [[expired, /the SAS token has expired, at 20\d\d-/], [damaged, /access denied/], [sasToken(server, 'others'), /access denied/]] as const) {
      for (const call of callsOf(open(SAS, { SAS: token }))) {
        const error = await failureOf(call());
        expect(error).toMatchObject({ exitCode: ExitCode.DENIED, message: expect.stringMatching(message) });
        expect(shownBy(error)).not.toContain(new URLSearchParams(token).get('sig')!);
        expect(shownBy(error)).not.toContain(encodeURIComponent(new URLSearchParams(token).get('sig')!));
      }
    }
  });

  test('that may only read reads, and says what it may not', async () => {
    await open({ prefix: 'readable' }).create('app_1.json', '{}', never);
    const store = open({ ...SAS, prefix: 'readable' }, { SAS: sasToken(server, 'backups', { permissions: 'rl' }) });
    expect(await text(await store.get('app_1.json', never))).toBe('{}');
    for (const call of [() => store.create('app_2.json', '{}', never), () => store.remove(['app_1.json'], never)]) {
      expect(await failureOf(call())).toMatchObject({ exitCode: ExitCode.DENIED, message: expect.stringMatching(/its role on the container, or the permissions of the SAS token, do not allow it/) });
    }
  });

  test('that may not delete leaves no empty blob where an upload fails', async () => {
    const store = open({ ...SAS, prefix: 'undeletable' }, { SAS: sasToken(server, 'backups', { permissions: 'racwl' }) });
    const failing = Readable.from((function* body() { yield randomBytes(20 * MiB); throw new Error('dump died'); })(), { objectMode: false });
    await expect(store.put('app_1.dump', failing, 40 * MiB, never)).rejects.toThrow('dump died');
    expect(await all(store.list('', never))).toEqual([]);
  });

  test('that soon expires is told', async () => {
    warnings.length = 0;
    await open(SAS, { SAS: sasToken(server, 'backups') }).check(never);
    expect(warnings).toEqual([]);
    const expiresAt = new Date(Date.now() + 5.5 * 86_400_000);
    await open(SAS, { SAS: sasToken(server, 'backups', { expiresAt }) }).check(never);
    expect(warnings).toEqual([expect.stringMatching(/the SAS token expires in 5 days, at 20\d\d-.*: put another one into the Secret/)]);
  });
});

test.each([
  ['no key', {}, { ACCOUNT_KEY: '' }, /the account key of the store offsite is missing: set the environment variable ACCOUNT_KEY/],
  ['a connection string', {}, { ACCOUNT_KEY: 'AccountName=a;AccountKey=planted' }, /ACCOUNT_KEY holds no key of a storage account/],
  ['no token', SAS, { SAS: 'planted' }, /SAS holds no SAS token/],
])('%s is BAD_CONFIG at once, and is not shown', async (_case, changes, env, message) => {
  const error = await failureOf(Promise.resolve().then(() => open(changes, env)));
  expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(message) });
  expect(shownBy(error)).not.toContain('planted');
});

test('the access tier is that of artifacts only', async () => {
  const store = open({ accessTier: 'Cool', prefix: 'tiers' });
  await store.put('app_1.dump', randomBody(20 * MiB).stream, 20 * MiB, never);
  await store.put('app_2.dump', Readable.from(['small']), 5, never);
  await store.put('app_1.sha256', Readable.from(['x']), null, never);
  await store.create('app_1.json', '{}', never);
  const tierOf = async (key: string) => (await fetch(`${server.endpoint}/backups/tiers/${key}?${sasToken(server, 'backups')}`, { method: 'HEAD' })).headers.get('x-ms-access-tier');
  expect(await Promise.all(['app_1.dump', 'app_2.dump', 'app_1.sha256', 'app_1.json'].map(tierOf))).toEqual(['Cool', 'Cool', 'Hot', 'Hot']);
});

/** All that anybody may ever print of an error. */
function shownBy(error: unknown): string {
  const { message, stack, cause } = error as Error;
  return [message, stack, JSON.stringify(error), cause === undefined ? '' : shownBy(cause)].join('\n');
}
