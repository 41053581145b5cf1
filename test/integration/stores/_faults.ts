import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { Patience, PATIENCE } from '../../../src/runner/store-api/service';
import { Store } from '../../../src/runner/store-api/store';
import { all, failureOf, randomBody, sha256Of, stalledBody } from '../../runner/stores/_bodies';
import { Fault, FaultProxy, isAny, isPut, SeenRequest, startFaultProxy } from '../servers/fault-proxy';

/*
 * What every store of a service in the network stands, or tells: a proxy stands before the real server.
 */
export const MiB = 1024 ** 2;
export const LARGE = 40 * MiB;
/** Where all attempts shall fail, their number does not matter. */
export const HASTY = { maxAttempts: 3, connectMs: 1000, idleMs: 1000 };
export const never = new AbortController().signal;

export interface FaultedServer {
  readonly endpoint: string;
  /** Ends it; it keeps its data. */
  end(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultedService<Server extends FaultedServer> {
  /** What it says when it can't keep up. */
  readonly busy: string;
  /** How often a creation is asked for until it is known that it was done, where its first answer was lost. */
  readonly creations: number;
  start(): Promise<Server>;
  /** A bucket or container of its own. */
  makePlace(server: Server, name: string): Promise<void>;
  open(server: Server, proxy: FaultProxy, place: string, patience: Patience): Store;
  /** As messages name the store. */
  title(proxy: FaultProxy, place: string): string;
  isPart(seen: SeenRequest): boolean;
  /** Makes what was uploaded in parts visible. */
  isCompletion(seen: SeenRequest): boolean;
  /** Creates a small object, and nothing else. */
  isCreation(seen: SeenRequest): boolean;
  isRead(seen: SeenRequest): boolean;
}

/** The server of the tests of one file, and the proxy before it. */
export class Faults<Server extends FaultedServer> {
  public server!: Server;
  public proxy!: FaultProxy;
  public place = '';
  private count = 0;

  constructor(public readonly service: FaultedService<Server>) {
    beforeAll(async () => {
      this.server = await service.start();
    });
    afterAll(() => this.server?.stop());
    beforeEach(async () => {
      this.place = `faults-${this.count++}`;
      await service.makePlace(this.server, this.place);
      this.proxy = await startFaultProxy(new URL(this.server.endpoint).origin);
    });
    afterEach(() => this.proxy?.stop());
  }

  public open(patience: Patience = PATIENCE): Store {
    return this.service.open(this.server, this.proxy, this.place, patience);
  }

  public async keys(): Promise<string[]> {
    return (await all(this.open().list('', never))).map(({ key }) => key);
  }

  public async unfinishedKeys(): Promise<string[]> {
    return (await all(this.open().unfinished('', never))).map(({ key }) => key);
  }

  public async expectLargeRoundTrip(): Promise<void> {
    const { stream, digest } = randomBody(LARGE);
    expect(await this.open().put('app_1.dump', stream, LARGE, never)).toBe(LARGE);
    expect(await sha256Of(await this.open().get('app_1.dump', never))).toBe(digest());
    expect(await this.unfinishedKeys()).toEqual([]);
  }

  public async expectNothingStored(putting: Promise<number>): Promise<void> {
    const error = await failureOf(putting);
    expect(error).toMatchObject({ name: 'RunnerError', exitCode: ExitCode.UNAVAILABLE });
    this.proxy.heal();
    expect(await this.keys()).toEqual([]);
    expect(await this.unfinishedKeys()).toEqual([]);
  }

  /** Until the proxy has seen so many more of these requests. */
  public async seen(matches: (seen: SeenRequest) => boolean, more = 1): Promise<void> {
    const wanted = this.proxy.seen.filter(matches).length + more;
    while (this.proxy.seen.filter(matches).length < wanted) await new Promise(resolve => setTimeout(resolve, 5));
  }
}

export function describeFaults(faults: Faults<FaultedServer>): void {
  const { busy, isPart, isCompletion, isCreation, isRead, creations, title } = faults.service;

  describe('a service that fails for a moment', () => {
    test.each([[500, 'InternalError'], [503, busy]])('answers %i twice to a part and to the completion', async (status, code) => {
      faults.proxy.inject({ kind: 'status', status, code }, isPart, 2);
      faults.proxy.inject({ kind: 'status', status, code }, isCompletion, 2);
      await faults.expectLargeRoundTrip();
      expect(faults.proxy.seen.filter(isCompletion)).toHaveLength(3);
    });

    test.each([[500, 'InternalError'], [503, busy]])('answers %i twice to each kind of request', async (status, code) => {
      const store = faults.open();
      const twice = () => faults.proxy.inject({ kind: 'status', status, code }, isAny, 2);
      twice();
      await store.check(never);
      twice();
      expect(await store.create('app_1.json', 'first', never)).toBe(true);
      twice();
      expect(await store.put('app_1.sha256', Readable.from(['x']), null, never)).toBe(1);
      twice();
      expect(await text(await store.get('app_1.json', never))).toBe('first');
      twice();
      expect(await faults.keys()).toEqual(['app_1.json', 'app_1.sha256']);
      twice();
      await store.remove(['app_1.json', 'app_1.sha256'], never);
      expect(await faults.keys()).toEqual([]);
    });

    test('cuts the connection in the middle of a part', async () => {
      faults.proxy.inject({ kind: 'cut-request', afterBytes: 5 * MiB }, isPart, 2);
      await faults.expectLargeRoundTrip();
    });

    test('is ended and started again during the upload', async () => {
      const { stream, end } = stalledBody(LARGE);
      const putting = faults.open().put('app_1.dump', stream, LARGE, never);
      putting.catch(() => {});
      await faults.seen(isPart);
      await faults.server.end();
      const refused = faults.seen(isAny);
      end();
      await refused;
      await faults.server.restart();
      expect(await putting).toBe(LARGE);
      expect(await faults.keys()).toEqual(['app_1.dump']);
      expect(await faults.unfinishedKeys()).toEqual([]);
    });
  });

  describe('an answer that is lost', () => {
    test('to a completion: the upload counts', async () => {
      faults.proxy.inject({ kind: 'lose-answer' }, isCompletion, 1);
      await faults.expectLargeRoundTrip();
      expect(faults.proxy.seen.filter(isCompletion)).toHaveLength(2);
    });

    test('to the store of a small body: it counts', async () => {
      faults.proxy.inject({ kind: 'lose-answer' }, isPut, 1);
      expect(await faults.open().put('app_1.sha256', Readable.from(['hello']), null, never)).toBe(5);
    });

    test('to the creation of a record: the winner knows that it has won', async () => {
      faults.proxy.inject({ kind: 'lose-answer' }, isCreation, 1);
      expect(await faults.open().create('app_1.json', 'first', never)).toBe(true);
      expect(faults.proxy.seen.filter(isCreation)).toHaveLength(creations);
      expect(await faults.open().create('app_1.json', 'first', never)).toBe(false);
    });

    test('to every completion: the upload fails, and the object that is there after all is removed', async () => {
      faults.proxy.inject({ kind: 'lose-answer' }, isCompletion, HASTY.maxAttempts);
      await faults.expectNothingStored(faults.open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
    });
  });

  describe('a service that does not recover', () => {
    test.each<[string, Fault]>([
      ['cuts the connection in the middle of every part', { kind: 'cut-request', afterBytes: 5 * MiB }],
      ['answers 503 to every part', { kind: 'status', status: 503, code: busy }],
      ['never answers to a part', { kind: 'hang' }],
    ])('%s', async (_case, fault) => {
      faults.proxy.inject(fault, isPart, 99);
      await faults.expectNothingStored(faults.open(HASTY).put('app_1.dump', randomBody(LARGE).stream, LARGE, never));
    });

    test('stops the dump at the first part that is lost', async () => {
      faults.proxy.inject({ kind: 'status', status: 503, code: busy }, isPart, 1);
      let produced = 0;
      function* endless(): Generator<Buffer> {
        for (;; produced += MiB) yield Buffer.alloc(MiB);
      }
      const stream = Readable.from(endless(), { objectMode: false });
      await faults.expectNothingStored(faults.open({ ...HASTY, maxAttempts: 1 }).put('app_1.dump', stream, 2048 * MiB, never));
      expect(stream.destroyed).toBe(true);
      expect(produced).toBeGreaterThan(0);
    });

    test('leaves an abort its own reason, and nothing behind', async () => {
      faults.proxy.inject({ kind: 'hang' }, isPart, 99);
      const stop = new AbortController();
      const putting = faults.open().put('app_1.dump', randomBody(LARGE).stream, LARGE, stop.signal);
      putting.catch(() => {});
      await faults.seen(isPart);
      stop.abort(new Error('SIGTERM'));
      await expect(putting).rejects.toThrow('SIGTERM');
      expect(await faults.keys()).toEqual([]);
      expect(await faults.unfinishedKeys()).toEqual([]);
    });

    test('names store and endpoint and says what to do', async () => {
      faults.proxy.inject({ kind: 'status', status: 503, code: busy }, isAny, 99);
      const error = await failureOf(faults.open(HASTY).check(never));
      expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
      expect(error.message).toBe(`${title(faults.proxy, faults.place)}: can't list it: the service fails (503 ${busy}: made by the test), 3 times in a row: ` +
        'look at its health; a later run may work');
    });
  });

  describe('a download that breaks off', () => {
    test('is taken up again where it ended', async () => {
      const { stream, digest } = randomBody(LARGE);
      await faults.open().put('app_1.dump', stream, LARGE, never);
      faults.proxy.inject({ kind: 'cut-answer', afterBytes: 7 * MiB }, isRead, 3);
      expect(await sha256Of(await faults.open().get('app_1.dump', never))).toBe(digest());
      expect(faults.proxy.seen.filter(isRead)).toHaveLength(4);
    });

    test('fails when nothing more comes', async () => {
      await faults.open().put('app_1.dump', randomBody(MiB).stream, null, never);
      faults.proxy.inject({ kind: 'cut-answer', afterBytes: 0 }, isRead, 99);
      const error = await failureOf(faults.open(HASTY).get('app_1.dump', never).then(sha256Of));
      expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
      expect(error.message).toMatch(/offsite .*can't read app_1\.dump: it breaks off after 0 of 1048576 bytes/);
    });

    test('fails when the object is replaced meanwhile', async () => {
      await faults.open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
      faults.proxy.inject({ kind: 'cut-answer', afterBytes: 20 * MiB }, isRead, 1);
      const stream = await faults.open().get('app_1.dump', never);
      await faults.open().remove(['app_1.dump'], never);
      await faults.open().put('app_1.dump', randomBody(LARGE).stream, LARGE, never);
      await expect(sha256Of(stream)).rejects.toMatchObject({ exitCode: ExitCode.FAILED });
    });
  });
}
