import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { PATIENCE } from '../../../src/runner/store-api/service';
import { AzureStore } from '../../../src/runner/stores/azure/store';
import { all, failureOf, randomBody, sha256Of, stalledBody } from '../../runner/stores/_bodies';
import { azureStore, Azurite, startAzurite } from '../servers/azurite';
import { Fault, FaultProxy, isAny, isPut, SeenRequest, startFaultProxy } from '../servers/fault-proxy';

const MiB = 1024 ** 2;
const LARGE = 40 * MiB;
/** Where all attempts shall fail, their number does not matter. */
const HASTY = { maxAttempts: 3, connectMs: 1000, idleMs: 1000 };
const never = new AbortController().signal;

const isBlock = ({ method, url }: SeenRequest) => method === 'PUT' && /[?&]comp=block(&|$)/.test(url);
const isCommit = ({ method, url }: SeenRequest) => method === 'PUT' && /[?&]comp=blocklist(&|$)/.test(url);
const isRead = ({ method, url }: SeenRequest) => method === 'GET' && !url.includes('comp=');

let server: Azurite;
let proxy: FaultProxy;
let count = 0;
let container: string;

beforeAll(async () => {
  server = await startAzurite();
});
afterAll(() => server?.stop());

beforeEach(async () => {
  container = `faults-${count++}`;
  await server.makeContainer(container);
  proxy = await startFaultProxy(new URL(server.endpoint).origin);
});
afterEach(() => proxy?.stop());

describe('a service that fails for a moment', () => {
  test.each([[500, 'InternalError'], [503, 'ServerBusy']])('answers %i twice to a block and to the commit', async (status, code) => {
    proxy.inject({ kind: 'status', status, code }, isBlock, 2);
    proxy.inject({ kind: 'status', status, code }, isCommit, 2);
    await expectLargeRoundTrip();
    expect(proxy.seen.filter(isCommit)).toHaveLength(3);
  });

  test.each([[500, 'InternalError'], [503, 'ServerBusy']])('answers %i twice to each kind of request', async (status, code) => {
    const store = open();
    const twice = () => proxy.inject({ kind: 'status', status, code }, isAny, 2);
    twice();
    await store.check(never);
    twice();
    expect(await store.create('app_1.json', 'first', never)).toBe(true);
    twice();
    expect(await store.put('app_1.sha256', Readable.from(['x']), null, never)).toBe(1);
    twice();
    expect(await text(await store.get('app_1.json', never))).toBe('first');
    twice();
    expect(await keys()).toEqual(['app_1.json', 'app_1.sha256']);
    twice();
    await store.remove(['app_1.json', 'app_1.sha256'], never);
    expect(await keys()).toEqual([]);
  });

  test('cuts the connection in the middle of a block', async () => {
    proxy.inject({ kind: 'cut-request', afterBytes: 5 * MiB }, isBlock, 2);
    await expectLargeRoundTrip();
  });

  test('is stopped and started again during the upload', async () => {
    const { stream, end } = stalledBody(LARGE);
    const putting = open().put('app_1.dump', stream, LARGE, never);
    putting.catch(() => {});
    while (!proxy.seen.some(isBlock)) await new Promise(resolve => setTimeout(resolve, 5));
    await server.end();
    setTimeout(end, 500);
    setTimeout(() => void server.restart(), 1000);
    expect(await putting).toBe(LARGE);
    expect(await keys()).toEqual(['app_1.dump']);
    expect(await unfinishedKeys()).toEqual([]);
  });
});

describe('an answer that is lost', () => {
  test('to a commit: the upload counts', async () => {
    proxy.inject({ kind: 'lose-answer' }, isCommit, 1);
    await expectLargeRoundTrip();
    expect(proxy.seen.filter(isCommit)).toHaveLength(2);
  });

  test('to the store of a small body: it counts', async () => {
    proxy.inject({ kind: 'lose-answer' }, isPut, 1);
    expect(await open().put('app_1.sha256', Readable.from(['hello']), null, never)).toBe(5);
  });

  test('to the creation of a record: the winner knows that it has won', async () => {
    proxy.inject({ kind: 'lose-answer' }, isPut, 1);
    expect(await open().create('app_1.json', 'first', never)).toBe(true);
    expect(proxy.seen.filter(isPut)).toHaveLength(2);
    expect(await open().create('app_1.json', 'first', never)).toBe(false);
  });

  test('to every commit of an upload: it fails, and the blob that is there after all is removed', async () => {
    proxy.inject({ kind: 'lose-answer' }, isCommit, 3);
    await expectNothingStored(open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
  });

  test('to what discards an upload: it is discarded all the same', async () => {
    const { stream } = stalledBody(20 * MiB);
    const stop = new AbortController();
    const putting = open().put('app_1.dump', stream, LARGE, stop.signal);
    putting.catch(() => {});
    while (!(await unfinishedKeys()).includes('app_1.dump')) await new Promise(resolve => setTimeout(resolve, 20));
    proxy.inject({ kind: 'lose-answer' }, isCommit, 1);
    stop.abort(new Error('SIGTERM'));
    await expect(putting).rejects.toThrow('SIGTERM');
    expect(proxy.seen.filter(isCommit).length).toBeGreaterThanOrEqual(2);
    expect(await keys()).toEqual([]);
    expect(await unfinishedKeys()).toEqual([]);
  });
});

describe('a service that does not recover', () => {
  test.each<[string, Fault]>([
    ['cuts the connection in the middle of every block', { kind: 'cut-request', afterBytes: 5 * MiB }],
    ['answers 503 to every block', { kind: 'status', status: 503, code: 'ServerBusy' }],
    ['never answers to a block', { kind: 'hang' }],
  ])('%s', async (_case, fault) => {
    proxy.inject(fault, isBlock, 99);
    await expectNothingStored(open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
  });

  test('stops the dump at the first block that is lost', async () => {
    proxy.inject({ kind: 'status', status: 503, code: 'ServerBusy' }, isBlock, 3);
    let produced = 0;
    function* endless(): Generator<Buffer> {
      for (;; produced += MiB) yield Buffer.alloc(MiB);
    }
    const stream = Readable.from(endless(), { objectMode: false });
    await expectNothingStored(open({ ...HASTY, maxAttempts: 1 }).put('app_1.dump', stream, 2048 * MiB, never));
    expect(stream.destroyed).toBe(true);
    expect(produced).toBeGreaterThan(0);
  });

  test('leaves an abort its own reason, and nothing behind', async () => {
    proxy.inject({ kind: 'hang' }, isBlock, 99);
    const stop = new AbortController();
    const putting = open().put('app_1.dump', randomBody(LARGE).stream, LARGE, stop.signal);
    putting.catch(() => {});
    while (!proxy.seen.some(isBlock)) await new Promise(resolve => setTimeout(resolve, 5));
    stop.abort(new Error('SIGTERM'));
    await expect(putting).rejects.toThrow('SIGTERM');
    expect(await keys()).toEqual([]);
    expect(await unfinishedKeys()).toEqual([]);
  });

  test('names store and endpoint and says what to do', async () => {
    proxy.inject({ kind: 'status', status: 503, code: 'ServerBusy' }, isAny, 99);
    const error = await failureOf(open(HASTY).check(never));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toBe(`offsite (azure://backupaccount/${container}/db/nightly at ${proxy.endpoint}/backupaccount): can't list it: the service fails ` +
      '(503 ServerBusy: made by the test), 3 times in a row: look at its health; a later run may work');
  });
});

describe('a download that breaks off', () => {
  test('is taken up again where it ended', async () => {
    const { stream, digest } = randomBody(LARGE);
    await open().put('app_1.dump', stream, LARGE, never);
    proxy.inject({ kind: 'cut-answer', afterBytes: 7 * MiB }, isRead, 3);
    expect(await sha256Of(await open().get('app_1.dump', never))).toBe(digest());
    expect(proxy.seen.filter(isRead)).toHaveLength(4);
  });

  test('fails when nothing more comes', async () => {
    await open().put('app_1.dump', randomBody(MiB).stream, null, never);
    proxy.inject({ kind: 'cut-answer', afterBytes: 0 }, isRead, 99);
    const error = await failureOf(open(HASTY).get('app_1.dump', never).then(sha256Of));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toMatch(/offsite .*can't read app_1\.dump: it breaks off after 0 of 1048576 bytes/);
  });

  test('fails when the blob is replaced meanwhile', async () => {
    await open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
    proxy.inject({ kind: 'cut-answer', afterBytes: 20 * MiB }, isRead, 1);
    const stream = await open().get('app_1.dump', never);
    await open().remove(['app_1.dump'], never);
    await open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
    await expect(sha256Of(stream)).rejects.toMatchObject({ exitCode: ExitCode.FAILED });
  });
});

test('of two uploads of one key in blocks one wins, and the other one fails without touching it', async () => {
  const bodies = [stalledBody(LARGE), stalledBody(LARGE)];
  const outcomes = bodies.map(({ stream }) => open().put('app_1.dump', stream, LARGE, never).catch((error: Error) => error));
  while (proxy.seen.filter(isBlock).length < 4) await new Promise(resolve => setTimeout(resolve, 20));
  for (const { end } of bodies) end();
  const [failed, ...others] = (await Promise.all(outcomes)).filter(outcome => outcome instanceof Error);
  expect(others).toEqual([]);
  expect(failed!.message).toMatch(/app_1\.dump is there already: a backup is never overwritten/);
  expect((await all(open().list('', never))).map(({ key, bytes }) => [key, bytes])).toEqual([['app_1.dump', LARGE]]);
  expect(await unfinishedKeys()).toEqual([]);
});

test('an upload that is not complete is no older than its first block, and is in the way of no other key', async () => {
  const before = Date.now();
  const putting = open().put('app_1.dump', stalledBody(20 * MiB).stream, LARGE, AbortSignal.timeout(60_000));
  putting.catch(() => {});
  while (!(await unfinishedKeys()).includes('app_1.dump')) await new Promise(resolve => setTimeout(resolve, 20));
  const [upload] = await all(open().unfinished('', never));
  expect(Math.abs(upload!.startedAt.getTime() - before)).toBeLessThan(30_000);
  await expect(open().create('app_1.dump', 'another', never)).rejects.toThrow(/app_1\.dump: an upload of the same name, which is not complete, is in the way/);
  await upload!.discard(never);
  expect(await open().create('app_1.dump', 'another', never)).toBe(true);
});

function open(patience = PATIENCE): AzureStore {
  const { config, env } = azureStore({ ...server, endpoint: `${proxy.endpoint}/backupaccount` }, container);
  return new AzureStore(config, env, () => {}, patience);
}

async function expectLargeRoundTrip(): Promise<void> {
  const { stream, digest } = randomBody(LARGE);
  expect(await open().put('app_1.dump', stream, LARGE, never)).toBe(LARGE);
  expect(await sha256Of(await open().get('app_1.dump', never))).toBe(digest());
  expect(await unfinishedKeys()).toEqual([]);
}

async function expectNothingStored(putting: Promise<number>): Promise<void> {
  const error = await failureOf(putting);
  expect(error).toMatchObject({ name: 'RunnerError', exitCode: ExitCode.UNAVAILABLE });
  proxy.heal();
  expect(await keys()).toEqual([]);
  expect(await unfinishedKeys()).toEqual([]);
}

async function keys(): Promise<string[]> {
  return (await all(open().list('', never))).map(({ key }) => key);
}

async function unfinishedKeys(): Promise<string[]> {
  return (await all(open().unfinished('', never))).map(({ key }) => key);
}
