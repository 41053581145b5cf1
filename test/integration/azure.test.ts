import { rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configOf, folder, sqlite } from './_configs';
import { backup, Ended, filesIn, killAllBelow, list, run, RunOptions, start } from './_runner';
import { drillOf } from './drill/_drill';
import { restore, restoreOf } from './restore/_restore';
import { tempDir, until } from './servers/_process';
import { sasToken } from './servers/_sas';
import { azureStore, Azurite, startAzurite } from './servers/azurite';
import { FaultProxy, SeenRequest, startFaultProxy } from './servers/fault-proxy';
import { AzureStoreConfig, BackupConfig, DRILL_DATABASE } from '../../src/contract/config';
import { AzureStore } from '../../src/runner/stores/azure/store';
import { aConfig } from '../runner/_fixtures';
import { all } from '../runner/stores/_bodies';

/* A container of Azure from the first backup to the last: with the bundle, against Azurite. */

let azurite: Azurite;
let proxy: FaultProxy;
let count = 0;
/** All that any command here has shown. */
const shown: string[] = [];
const tokens: string[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await startFaultProxy(new URL(azurite.endpoint).origin);
});
afterEach(() => proxy.heal());
afterAll(async () => {
  await proxy?.stop();
  await azurite?.stop();
});

const isBlock = ({ method, url }: SeenRequest) => method === 'PUT' && /[?&]comp=block&/.test(url);
const isArtifactRead = ({ method, url }: SeenRequest) => method === 'GET' && /\.db(\?|$)/.test(url);

interface Place {
  readonly file: string;
  readonly directory: string;
  readonly container: string;
  readonly config: BackupConfig;
  readonly options: RunOptions;
  readonly store: AzureStore;
}

/** A database of 24 MB that do not compress, two blocks, with a container and a folder to keep it. */
async function aPlace(kind: 'key' | 'sas' = 'key', changes: Partial<BackupConfig> = {}): Promise<Place> {
  const container = `azure-${++count}`;
  await azurite.makeContainer(container);
  const file = path.join(tempDir('sqlite'), 'shop.db');
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO t SELECT randomblob(1000000) FROM n');
  database.close();
  const directory = tempDir('volume');
  const credentials = kind === 'key' ? {} : { credentials: { kind: 'sas', sasTokenEnv: 'SAS' } } satisfies Partial<AzureStoreConfig>;
  const { config: store, env: keys } = azureStore({ ...azurite, endpoint: `${proxy.endpoint}/${azurite.accountName}` }, container, credentials);
  const env = kind === 'key' ? keys : { SAS: sasToken(azurite, container) };
  if (env.SAS !== undefined) tokens.push(env.SAS);
  const config = configOf({ source: sqlite(file), stores: [store, folder(directory)], compression: { algorithm: 'none', level: 0 }, ...changes });
  return { file, directory, container, config, options: { config, env }, store: new AzureStore(store, env) };
}

async function command(args: readonly string[], options: RunOptions): Promise<Ended> {
  const ended = await run(args, options);
  shown.push(ended.stdout, ended.stderr);
  return ended;
}

const sumOf = (file: string) => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT count(*) AS rows, sum(length(x)) AS bytes, group_concat(substr(hex(x), 1, 8)) AS begins FROM t').get();
  } finally {
    database.close();
  }
};

const never = new AbortController().signal;
const keysIn = async ({ store }: Place) => (await all(store.list('', never))).map(({ key }) => key);

test.each(['key', 'sas'] as const)('with a %s: backed up to both stores, listed, verified, rehearsed, restored, pruned', async kind => {
  const place = await aPlace(kind, { retention: { ...aConfig().retention, keepHours: null, keepLast: 1, keepAtLeast: 1 } });
  const { config, options, file } = place;
  const first = await backup(options);
  const second = await backup(options);
  expect((await list(options)).backups.map(({ id }) => id)).toEqual([first.id, second.id]);
  const verified = await command(['verify', '--all', '--json'], options);
  expect(JSON.parse(verified.stdout)).toEqual([first, second].flatMap(({ id }) => ['offsite', 'volume'].map(store => ({ id, store, result: 'ok' }))));

  for (const look of ['doctor', 'usage', 'show']) expect(await command([look], options)).toMatchObject({ code: 0 });

  const scratch = tempDir('scratch');
  const target = { engine: 'sqlite', path: path.join(scratch, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 10, keepPrevious: false, assertions: [] } as const;
  const inAzure = config.stores.slice(0, 1);
  const rehearsal = drillOf({ ...config, stores: inAzure }, target, { scratch: { directory: scratch, limitBytes: null } });
  expect(await command(['drill'], { config: rehearsal, env: options.env })).toMatchObject({ code: 0 });
  expect(await keysIn(place)).toContainEqual(expect.stringMatching(/\.drill\.json$/));

  const before = sumOf(file);
  rmSync(file);
  const restored = await restore({ config: restoreOf({ ...config, stores: inAzure }, { ...target, path: file }), env: options.env });
  shown.push(restored.stderr);
  expect(restored).toMatchObject({ code: 0 });
  expect(sumOf(file)).toEqual(before);

  expect(await command(['prune'], options)).toMatchObject({ code: 0 });
  expect((await list(options)).backups.map(({ id }) => id)).toEqual([second.id]);
  expect((await keysIn(place)).filter(key => key.startsWith(first.id))).toEqual([]);
});

test('a flipped bit in the container is found, and mended from the other store', async () => {
  const place = await aPlace();
  const { id } = await backup(place.options);
  const key = (await keysIn(place)).find(each => each.startsWith(id) && each.endsWith('.db'))!;
  const url = `${azurite.endpoint}/${place.container}/db/nightly/${key}?${sasToken(azurite, place.container)}`;
  const content = Buffer.from(await (await fetch(url)).arrayBuffer());
  content[12_000_000]! ^= 1; // eslint-disable-line no-bitwise
  expect((await fetch(url, { method: 'PUT', body: content, headers: { 'x-ms-blob-type': 'BlockBlob' } })).status).toBe(201);

  const found = await command(['verify', 'latest', '--json'], place.options);
  expect(found.code).toBe(11);
  expect(JSON.parse(found.stdout)).toContainEqual({ id, store: 'offsite', result: expect.stringMatching(/is damaged: it has \d+ bytes with SHA-256/) });
  expect(await command(['verify', 'latest', '--repair'], place.options)).toMatchObject({ code: 0 });
  expect(await command(['verify', 'latest'], place.options)).toMatchObject({ code: 0 });
});

test('a run that is killed while it uploads leaves no blob and no record, and the next one discards its blocks', async () => {
  const place = await aPlace('key', { activeDeadlineSeconds: 1 });
  const { id } = await backup({ ...place.options, config: { ...place.config, activeDeadlineSeconds: 600 } });
  let blocks = 0;
  proxy.inject({ kind: 'hang' }, seen => isBlock(seen) && ++blocks > 1, 99);
  const running = start(['backup'], { ...place.options, config: { ...place.config, activeDeadlineSeconds: 600 } });
  await until('a block is there and another one hangs', 60_000, async () => blocks > 1 && (await all(place.store.unfinished('', never))).length > 0);
  killAllBelow(running.process.pid!);
  shown.push((await running.ended).stderr);
  proxy.heal();

  expect((await list(place.options)).backups.map(each => each.id)).toEqual([id]);
  expect((await keysIn(place)).filter(key => !key.startsWith(id)).map(key => key.replace(/^app_\d{8}_\d{6}/, ''))).toEqual(['.started']);
  const [left] = await all(place.store.unfinished('', never));
  expect(left!.key).toMatch(/\.db$/);
  await left!.discard(never);
  expect(await all(place.store.unfinished('', never))).toEqual([]);
  expect((await keysIn(place)).some(key => key === left!.key)).toBe(false);
  expect(await command(['verify', '--all'], place.options)).toMatchObject({ code: 0 });
});

test('a run that is stopped while it uploads leaves nothing but the note that says so', async () => {
  const place = await aPlace();
  let blocks = 0;
  proxy.inject({ kind: 'hang' }, seen => isBlock(seen) && ++blocks > 1, 99);
  const running = start(['backup'], place.options);
  await until('a block is there and another one hangs', 60_000, async () => blocks > 1 && (await all(place.store.unfinished('', never))).length > 0);
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  shown.push(ended.stderr);
  proxy.heal();
  expect(ended.code).toBe(143);
  expect(await all(place.store.unfinished('', never))).toEqual([]);
  expect((await keysIn(place)).filter(key => /\.(db|json|sha256)$/.test(key) && !key.endsWith('.failed.json'))).toEqual([]);
  expect(filesIn(place.directory).filter(name => /\.(db|sha256)$/.test(name))).toEqual([]);
});

test('a connection that is cut in the middle of a restore is taken up again', async () => {
  const { config, options, file } = await aPlace();
  await backup(options);
  const before = sumOf(file);
  rmSync(file);
  const reads = () => proxy.seen.filter(isArtifactRead).length;
  const target = { engine: 'sqlite', path: file, lockTimeoutSeconds: 10, keepPrevious: false, assertions: [] } as const;
  const earlier = reads();
  proxy.inject({ kind: 'cut-answer', afterBytes: 9_000_000 }, isArtifactRead, 2);
  const restored = await restore({ config: restoreOf({ ...config, stores: config.stores.slice(0, 1) }, target), env: options.env });
  shown.push(restored.stderr);
  expect(restored).toMatchObject({ code: 0 });
  expect(reads() - earlier).toBeGreaterThanOrEqual(3);
  expect(sumOf(file)).toEqual(before);
});

test.each<[string, Partial<AzureStoreConfig>, NodeJS.ProcessEnv, number, RegExp]>([
  ['a wrong key', {}, { ACCOUNT_KEY: Buffer.from('planted-wrong-key').toString('base64') }, 14, /the account key is not of this account/],
  ['a container that is not there', { containerName: 'no-such-container' }, {}, 15, /the container no-such-container does not exist/],
  ['no key', {}, { ACCOUNT_KEY: undefined }, 10, /set the environment variable ACCOUNT_KEY/],
  ['nobody there', { endpoint: 'http://127.0.0.1:1/x' }, {}, 20, /nothing listens at the endpoint/],
])('%s ends a backup with the code that says whether a retry can help', async (_case, changes, env, code, message) => {
  const { config, options } = await aPlace();
  const stores = [{ ...config.stores[0]!, ...changes } as AzureStoreConfig];
  const ended = await command(['backup'], { config: { ...config, stores }, env: { ...options.env, ...env } });
  expect(ended).toMatchObject({ code, message: expect.stringMatching(message) });
});

test('no key and no token is in anything that was shown', () => {
  expect(tokens.length).toBeGreaterThan(0);
  expect(shown.join('').length).toBeGreaterThan(1000);
  const secrets = tokens.flatMap(token => [new URLSearchParams(token).get('sig')!, encodeURIComponent(new URLSearchParams(token).get('sig')!)]);
  for (const secret of [azurite.accountKey, Buffer.from('planted-wrong-key').toString('base64'), ...secrets]) expect(shown.join('')).not.toContain(secret);
});
