import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { PATIENCE } from '../../../src/runner/store-api/service';
import { S3Store } from '../../../src/runner/stores/s3/store';
import { all, failureOf, randomBody, sha256Of, stalledBody } from '../../runner/stores/_bodies';
import { s3Store } from '../servers/_s3';
import { Fault, FaultProxy, isAny, isCompletion, isPart, isPut, isRead, SeenRequest, startFaultProxy } from '../servers/fault-proxy';
import { startVersitygw, Versitygw } from '../servers/versitygw';

const MiB = 1024 ** 2;
const LARGE = 40 * MiB;
/** Where all attempts shall fail, their number does not matter. */
const HASTY = { maxAttempts: 3, connectMs: 1000, idleMs: 1000 };
const never = new AbortController().signal;

let server: Versitygw;
let proxy: FaultProxy;
let count = 0;
let bucket: string;

beforeAll(async () => {
  server = await startVersitygw();
});
afterAll(() => server?.stop());

beforeEach(async () => {
  bucket = `bucket-${count++}`;
  await server.makeBucket(bucket);
  proxy = await startFaultProxy(server.endpoint);
});
afterEach(() => proxy?.stop());

describe('a service that fails for a moment', () => {
  test.each([[500, 'InternalError'], [503, 'SlowDown']])('answers %i twice to a part and to the completion', async (status, code) => {
    proxy.inject({ kind: 'status', status, code }, isPart, 2);
    proxy.inject({ kind: 'status', status, code }, isCompletion, 2);
    await expectLargeRoundTrip();
    expect(proxy.seen.filter(isCompletion)).toHaveLength(3);
  });

  test.each([[500, 'InternalError'], [503, 'SlowDown']])('answers %i twice to each kind of request', async (status, code) => {
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

  test('cuts the connection in the middle of a part', async () => {
    proxy.inject({ kind: 'cut-request', afterBytes: 5 * MiB }, isPart, 2);
    await expectLargeRoundTrip();
  });

  test('is killed and started again during the upload', async () => {
    const { stream, end } = stalledBody(LARGE);
    const putting = open().put('app_1.dump', stream, LARGE, never);
    putting.catch(() => {});
    while (!proxy.seen.some(isPart)) await new Promise(resolve => setTimeout(resolve, 5));
    await server.kill();
    setTimeout(end, 500);
    setTimeout(() => void server.restart(), 3000);
    expect(await putting).toBe(LARGE);
    expect(await keys()).toEqual(['app_1.dump']);
    expect(await unfinishedKeys()).toEqual([]);
  });
});

describe('an answer that is lost', () => {
  test('to a completion: the upload counts', async () => {
    proxy.inject({ kind: 'lose-answer' }, isCompletion, 1);
    await expectLargeRoundTrip();
    expect(proxy.seen.filter(isCompletion)).toHaveLength(2);
  });

  test('to the store of a small body: it counts', async () => {
    proxy.inject({ kind: 'lose-answer' }, isPut, 1);
    expect(await open().put('app_1.sha256', Readable.from(['hello']), null, never)).toBe(5);
  });

  test('to the creation of a record: the winner knows that it has won', async () => {
    proxy.inject({ kind: 'lose-answer' }, isCreation, 1);
    expect(await open().create('app_1.json', 'first', never)).toBe(true);
    expect(proxy.seen.filter(isCreation)).toHaveLength(3); // the last one is refused, so that it is known that the service does that
    expect(await open().create('app_1.json', 'first', never)).toBe(false);
  });

  test('to every completion: the upload fails, and the object that is there after all is removed', async () => {
    proxy.inject({ kind: 'lose-answer' }, isCompletion, 99);
    await expectNothingStored(open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
  });
});

describe('a service that does not recover', () => {
  test.each<[string, Fault]>([
    ['cuts the connection in the middle of every part', { kind: 'cut-request', afterBytes: 5 * MiB }],
    ['answers 503 to every part', { kind: 'status', status: 503, code: 'SlowDown' }],
    ['never answers to a part', { kind: 'hang' }],
  ])('%s', async (_case, fault) => {
    proxy.inject(fault, isPart, 99);
    await expectNothingStored(open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
  });

  test('stops the dump at the first part that is lost', async () => {
    proxy.inject({ kind: 'status', status: 503, code: 'SlowDown' }, ({ url }) => url.includes('partNumber=1&'), 99);
    let produced = 0;
    function* endless(): Generator<Buffer> {
      for (;; produced += MiB) yield Buffer.alloc(MiB);
    }
    const stream = Readable.from(endless(), { objectMode: false });
    await expectNothingStored(open(HASTY).put('app_1.dump', stream, 2048 * MiB, never));
    expect(stream.destroyed).toBe(true);
    expect(produced).toBeGreaterThan(0);
  });

  test('leaves an abort its own reason, and nothing behind', async () => {
    proxy.inject({ kind: 'hang' }, isPart, 99);
    const stop = new AbortController();
    const putting = open().put('app_1.dump', randomBody(LARGE).stream, LARGE, stop.signal);
    putting.catch(() => {});
    while (!proxy.seen.some(isPart)) await new Promise(resolve => setTimeout(resolve, 5));
    stop.abort(new Error('SIGTERM'));
    await expect(putting).rejects.toThrow('SIGTERM');
    expect(await keys()).toEqual([]);
    expect(await unfinishedKeys()).toEqual([]);
  });

  test('names store and endpoint and says what to do', async () => {
    proxy.inject({ kind: 'status', status: 503, code: 'SlowDown' }, isAny, 99);
    const error = await failureOf(open(HASTY).check(never));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toBe(`offsite (s3://${bucket}/db/nightly at ${proxy.endpoint}): can't list it: the service fails ` +
      '(503 SlowDown: made by the test), 3 times in a row: look at its health; a later run may work');
  });
});

describe('a download that breaks off', () => {
  beforeEach(async () => {
    await open().put('app_1.sha256', Readable.from(['small']), null, never);
  });

  test('is taken up again where it ended', async () => {
    const { stream, digest } = randomBody(LARGE);
    await open().put('app_1.dump', stream, LARGE, never);
    proxy.inject({ kind: 'cut-answer', afterBytes: 7 * MiB }, isRead, 3);
    expect(await sha256Of(await open().get('app_1.dump', never))).toBe(digest());
  });

  test('fails when nothing more comes', async () => {
    const stream = await open().put('app_1.dump', randomBody(MiB).stream, null, never).then(async () => {
      proxy.inject({ kind: 'cut-answer', afterBytes: 0 }, isRead, 99);
      return open(HASTY).get('app_1.dump', never);
    });
    const error = await failureOf(sha256Of(stream));
    expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
    expect(error.message).toMatch(/offsite .*can't read app_1\.dump: it breaks off after 0 of 1048576 bytes/);
  });

  test('fails when the object is replaced meanwhile', async () => {
    await open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
    proxy.inject({ kind: 'cut-answer', afterBytes: 20 * MiB }, isRead, 1);
    const stream = await open().get('app_1.dump', never);
    await open().remove(['app_1.dump'], never);
    await open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
    await expect(sha256Of(stream)).rejects.toMatchObject({ exitCode: ExitCode.FAILED });
  });
});

describe('a service that lacks something', () => {
  test('conditional writes: looks first, then writes', async () => {
    proxy.inject({ kind: 'status', status: 501, code: 'NotImplemented' }, isCreation, 1);
    expect(await open().create('app_1.json', 'first', never)).toBe(true);
    expect(await text(await open().get('app_1.json', never))).toBe('first');
    expect(await open().create('app_1.json', 'second', never)).toBe(false);
    expect(await text(await open().get('app_1.json', never))).toBe('first');
  });

  test('removal of several objects at once: removes them one by one', async () => {
    for (const key of ['a_1', 'b_1', 'c_1']) await open().create(key, '', never);
    proxy.inject({ kind: 'status', status: 501, code: 'NotImplemented' }, ({ method }) => method === 'POST', 1);
    await open().remove(['a_1', 'c_1', 'nothing'], never);
    expect(await keys()).toEqual(['b_1']);
  });

  test('tries again when two writers meet', async () => {
    proxy.inject({ kind: 'status', status: 409, code: 'ConditionalRequestConflict' }, isCreation, 2);
    expect(await open().create('app_1.json', 'first', never)).toBe(true);
  });
});

test('a body that outgrows its estimate by far fails and leaves nothing', async () => {
  const { config, env } = s3Store({ ...server, endpoint: proxy.endpoint }, bucket, { maxParts: 2 });
  const error = await failureOf(new S3Store(config, env).put('app_1.dump', randomBody(LARGE).stream, MiB, never));
  expect(error).toMatchObject({ exitCode: ExitCode.FAILED });
  expect(error.message).toMatch(/app_1\.dump is larger than 2 parts of 16777216 bytes/);
  expect(await keys()).toEqual([]);
  expect(await unfinishedKeys()).toEqual([]);
});

/** Of the object itself, and not of what tells others that it is about to be created. */
const isCreation = (seen: SeenRequest) => isPut(seen) && !seen.url.includes('.creating-');

function open(patience = PATIENCE): S3Store {
  const { config, env } = s3Store({ ...server, endpoint: proxy.endpoint }, bucket);
  return new S3Store(config, env, () => {}, patience);
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
