import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { all, failureOf, randomBody, sha256Of, stalledBody } from './_bodies';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';
import { Store } from '../../../src/runner/store-api/store';

const MiB = 1024 ** 2;
const never = new AbortController().signal;

/**
 * Checks every promise of {@link Store}. Each implementation's test file calls this; `create` opens a new, empty store.
 *
 * @param many more than the store shows on one page
 */
export function describeStore(name: string, create: () => Promise<Store>, many = 1050): void {
  describe(`${name} as a Store`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await create();
    });

    describe('check', () => {
      test('accepts an empty store and changes nothing', async () => {
        await store.check(never);
        expect(await keys()).toEqual([]);
        expect(await unfinishedKeys()).toEqual([]);
      });

      test('rejects with the reason of an abort', async () => {
        await expect(store.check(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
      });
    });

    describe('put', () => {
      test('confirms the size and makes the object readable', async () => {
        expect(await store.put('app_1.dump', body('hello'), null, never)).toBe(5);
        expect(await read('app_1.dump')).toBe('hello');
      });

      test('stores a body of no bytes', async () => {
        expect(await store.put('app_1.dump', Readable.from([]), 0, never)).toBe(0);
        expect(await read('app_1.dump')).toBe('');
        expect(await sizes()).toEqual({ 'app_1.dump': 0 });
      });

      test('counts bytes, not characters', async () => {
        expect(await store.put('app_1.sha256', Readable.from(['é€']), null, never)).toBe(5);
        expect(await read('app_1.sha256')).toBe('é€');
      });

      test('stores a large body in several parts, unchanged', async () => {
        const { stream, digest } = randomBody(40 * MiB + 12_345);
        expect(await store.put('app_1.dump', stream, 45 * MiB, never)).toBe(40 * MiB + 12_345);
        expect(await sha256Of(await store.get('app_1.dump', never))).toBe(digest());
        expect(await unfinishedKeys()).toEqual([]);
      });

      test('stores a body that is an exact multiple of the part size', async () => {
        const { stream, digest } = randomBody(32 * MiB);
        expect(await store.put('app_1.dump', stream, 32 * MiB, never)).toBe(32 * MiB);
        expect(await sha256Of(await store.get('app_1.dump', never))).toBe(digest());
      });

      test.each([['small', 0], ['large', 20 * MiB]])('leaves nothing behind when a %s body fails', async (_size, bytes) => {
        const failing = Readable.from(failAfter(bytes, new Error('dump died')), { objectMode: false });
        await expect(store.put('app_1.dump', failing, bytes, never)).rejects.toThrow('dump died');
        await expectNothing();
      });

      test('takes a body that was destroyed without an error for a failure', async () => {
        const stream = new Readable({ read() {} });
        stream.push('half');
        const putting = store.put('app_1.dump', stream, 10, never);
        setTimeout(() => stream.destroy(), 50);
        await expect(putting).rejects.toThrow();
        await expectNothing();
      });

      test.each([['small', 10], ['large', 20 * MiB]])('leaves nothing behind when it is aborted during a %s body', async (_size, bytes) => {
        const stop = new AbortController();
        const { stream } = stalledBody(bytes);
        const putting = store.put('app_1.dump', stream, bytes, stop.signal);
        setTimeout(() => stop.abort(new Error('SIGTERM')), 300);
        await expect(putting).rejects.toThrow('SIGTERM');
        expect(stream.destroyed).toBe(true);
        await expectNothing();
      });

      test('destroys the body when it is aborted beforehand', async () => {
        const { stream } = stalledBody(10);
        await expect(store.put('app_1.dump', stream, 10, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
        expect(stream.destroyed).toBe(true);
        await expectNothing();
      });

      test('never replaces an object', async () => {
        await store.put('app_1.dump', body('first'), null, never);
        await expect(store.put('app_1.dump', body('second'), null, never)).rejects.toThrow(/app_1\.dump is .*already.*never overwritten/);
        expect(await read('app_1.dump')).toBe('first');
      });

      test('stores several objects at once', async () => {
        const names = Array.from({ length: 8 }, (_, i) => `app_${i}.dump`);
        await Promise.all(names.map(key => store.put(key, body(`content of ${key}`), null, never)));
        for (const key of names) expect(await read(key)).toBe(`content of ${key}`);
      });
    });

    describe('create', () => {
      test('writes a text once', async () => {
        expect(await store.create('app_1.json', '{"é":1}', never)).toBe(true);
        expect(await store.create('app_1.json', 'other', never)).toBe(false);
        expect(await read('app_1.json')).toBe('{"é":1}');
      });

      test('has one winner among twelve', async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => store.create('app_1.started', `run ${i}`, never)));
        expect(answers.filter(won => won)).toHaveLength(1);
        expect(await read('app_1.started')).toBe(`run ${answers.indexOf(true)}`);
        expect(await unfinishedKeys()).toEqual([]);
      });

      test('has one winner even if all write the same', async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => store.create('app_1.started', 'same', never)));
        expect(answers.filter(won => won)).toHaveLength(1);
      });

      test('writes nothing when it is aborted beforehand', async () => {
        await expect(store.create('app_1.json', '{}', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
        await expectNothing();
      });
    });

    describe('get', () => {
      test('rejects with NOT_FOUND and names what is missing where', async () => {
        const error = await failureOf(store.get('app_1.dump', never));
        expect(error).toBeInstanceOf(RunnerError);
        expect(error).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
        expect(error.message).toContain(store.name);
        expect(error.message).toContain('app_1.dump');
      });

      test('can be left unread', async () => {
        await store.put('app_1.dump', randomBody(2 * MiB).stream, null, never);
        (await store.get('app_1.dump', never)).destroy();
        expect(await buffer(await store.get('app_1.dump', never))).toHaveLength(2 * MiB);
      });

      test('rejects with the reason of an abort', async () => {
        await store.put('app_1.dump', body('hello'), null, never);
        await expect(store.get('app_1.dump', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
      });
    });

    describe('list', () => {
      test('yields size and time of each object', async () => {
        const before = Date.now();
        await store.put('app_1.dump', body('hello'), null, never);
        const [object, ...others] = await list('');
        expect(others).toEqual([]);
        expect(object).toMatchObject({ key: 'app_1.dump', bytes: 5 });
        // Some services tell whole seconds.
        expect(object!.modifiedAt.getTime()).toBeGreaterThanOrEqual(before - 2000);
        expect(object!.modifiedAt.getTime()).toBeLessThanOrEqual(Date.now() + 2000);
      });

      test('is in the order of bytes, whatever the order of writing', async () => {
        const written = ['b_1', 'a_1', 'B_1', 'a-1', 'a_10', 'a_2', 'é_1', 'a.1', '𐀀_1', '￮_1'];
        for (const key of written) await store.create(key, key, never);
        const sorted = [...written].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(await keys()).toEqual(sorted);
      });

      test('goes by the beginning of the key', async () => {
        for (const key of ['app_1.json', 'app_x_1.json', 'app.json', 'ap_1.json', 'zapp_1.json']) await store.create(key, '', never);
        expect(await keys('app_')).toEqual(['app_1.json', 'app_x_1.json']);
        expect(await keys('app_x_')).toEqual(['app_x_1.json']);
        expect(await keys('app_1.json')).toEqual(['app_1.json']);
        expect(await keys('nothing')).toEqual([]);
      });

      test(`has ${many} objects`, async () => {
        const written = Array.from({ length: many }, (_, i) => `app_${String(i).padStart(5, '0')}.json`);
        for (let i = 0; i < written.length; i += 25) await Promise.all(written.slice(i, i + 25).map(key => store.create(key, '', never)));
        expect(await keys()).toEqual(written);
        expect(await keys('app_00')).toHaveLength(Math.min(many, 1000));

        await store.remove(written, never);
        expect(await keys()).toEqual([]);
      });

      test('rejects with the reason of an abort', async () => {
        await expect(all(store.list('', AbortSignal.abort(new Error('too late'))))).rejects.toThrow('too late');
      });
    });

    describe('remove', () => {
      test('removes what is there, and what is not counts as removed', async () => {
        for (const key of ['a_1', 'b_1', 'c_1']) await store.create(key, '', never);
        await store.remove(['a_1', 'nothing', 'c_1'], never);
        expect(await keys()).toEqual(['b_1']);
        await store.remove([], never);
        await store.remove(['nothing'], never);
        expect(await keys()).toEqual(['b_1']);
      });
    });

    describe('unfinished', () => {
      test('shows an upload that runs, by its key and prefix', async () => {
        const stop = new AbortController();
        const putting = store.put('app_1.dump', stalledBody(20 * MiB).stream, 20 * MiB, stop.signal);
        putting.catch(() => {});
        await untilUnfinished('app_1.dump');
        expect(await unfinishedKeys('app_')).toEqual(['app_1.dump']);
        expect(await unfinishedKeys('app_1.dump')).toEqual(['app_1.dump']);
        expect(await unfinishedKeys('app_x_')).toEqual([]);
        expect(await keys()).toEqual([]);

        stop.abort(new Error('stop'));
        await expect(putting).rejects.toThrow('stop');
        expect(await unfinishedKeys()).toEqual([]);
      });

      test('can be discarded, twice, after which the upload fails', async () => {
        const { stream, end } = stalledBody(20 * MiB);
        const putting = store.put('app_1.dump', stream, 20 * MiB, never);
        putting.catch(() => {});
        await untilUnfinished('app_1.dump');
        await sleep(1000); // a part that is under way may survive, on S3 itself too
        const [upload] = await all(store.unfinished('', never));
        await upload!.discard(never);
        await upload!.discard(never);
        end();

        await expect(putting).rejects.toThrow(RunnerError);
        await expectNothing();
      });

      test('has nothing once an upload is complete', async () => {
        await store.put('app_1.dump', randomBody(20 * MiB).stream, 20 * MiB, never);
        expect(await unfinishedKeys()).toEqual([]);
      });
    });

    describe('keys', () => {
      test.each(['app_1.a%2Fb.dump', 'app_1.%C3%A9.dump', 'app_1.%25.dump', 'app_1.a+b=c&d.dump', 'app_1.a b.dump'])('may be %s', async key => {
        await store.put(key, body('hello'), null, never);
        expect(await keys()).toEqual([key]);
        expect(await read(key)).toBe('hello');
        expect(await store.create(key, '', never)).toBe(false);
        await store.remove([key], never);
        expect(await keys()).toEqual([]);
      });

      test.each(['', '..', '.', '../app_1.dump', '/app_1.dump', 'a/b', 'a\\b', '.hidden', 'a\0b'])('are refused if %j', async key => {
        const refused = expect.objectContaining({ exitCode: ExitCode.BAD_CONFIG });
        const stream = body('hello');
        await expect(store.put(key, stream, null, never)).rejects.toEqual(refused);
        expect(stream.destroyed).toBe(true);
        await expect(store.create(key, '', never)).rejects.toEqual(refused);
        await expect(store.get(key, never)).rejects.toEqual(refused);
        await expect(store.remove([key], never)).rejects.toEqual(refused);
        if (key !== '') await expect(all(store.list(key, never))).rejects.toEqual(refused);
      });
    });

    async function list(prefix: string) {
      return all(store.list(prefix, never));
    }
    async function keys(prefix: string = ''): Promise<string[]> {
      return (await list(prefix)).map(({ key }) => key);
    }
    async function sizes(): Promise<Record<string, number>> {
      return Object.fromEntries((await list('')).map(({ key, bytes }) => [key, bytes]));
    }
    async function read(key: string): Promise<string> {
      return text(await store.get(key, never));
    }
    async function unfinishedKeys(prefix: string = ''): Promise<string[]> {
      return (await all(store.unfinished(prefix, never))).map(({ key }) => key);
    }
    async function untilUnfinished(key: string): Promise<void> {
      while (!(await unfinishedKeys()).includes(key)) await sleep(20);
    }
    async function expectNothing(): Promise<void> {
      expect(await keys()).toEqual([]);
      expect(await unfinishedKeys()).toEqual([]);
    }
  });
}

function body(content: string): Readable {
  return Readable.from([Buffer.from(content)], { objectMode: false });
}

function* failAfter(bytes: number, error: Error): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= 65_536) yield randomBytes(Math.min(left, 65_536));
  throw error;
}
