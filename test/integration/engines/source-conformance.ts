import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';
import { OpenDump, Source } from '../../../src/runner/engine-api/source';
import { failureOf, NO_ABORT, NONE, takeAll, TakenDump } from '../../runner/engines/_dump';
import { until } from '../servers/_process';

/** A source with data in it, and what somebody else than it can see and do. */
export interface SourceSite {
  /** Those that can't work. */
  readonly refused: readonly RefusedSource[];
  /** Whether a dump is made before it is open, and not while it is read. */
  readonly madeAhead: boolean;
  /** As each run opens it. */
  open(): Source;
  /** What is in it. */
  contents(): Promise<string>;
  /** The same of its dumps, as other programs than ours load them. */
  contentsOf(dumps: readonly TakenDump[]): Promise<string>;
  /** Removes what is in it. */
  clear(): Promise<void>;
  /** All that a run has going or lying about: programs, sessions at the server, files. */
  traces(): Promise<readonly string[]>;
  /** Ends by force what makes the dump, while that is made; where nothing runs any more once it is open, takes away what it came from. */
  interrupt(opening: Promise<OpenDump>): Promise<void>;
}

export interface RefusedSource {
  readonly what: string;
  readonly exitCode: ExitCode;
  /** What the message has to name. */
  readonly names: string;
  readonly wayOut: RegExp;
  open(): Source;
}

/** Checks every promise of {@link Source}. The site is arranged once: the tests leave it as it was, but for the last. */
export function describeSource(name: string, arrange: () => Promise<SourceSite>): void {
  describe(`${name} as a Source`, () => {
    let site: SourceSite;
    let before: string;

    beforeAll(async () => {
      site = await arrange();
      before = await site.contents();
    });

    async function expectNoTraces(): Promise<void> {
      await until('nothing of it is left', 20_000, async () => (await site.traces()).length === 0).catch(async () => expect(await site.traces()).toEqual([]));
      expect(await site.contents()).toBe(before);
    }

    describe('inspect', () => {
      test('says what is going to be dumped, and changes nothing', async () => {
        const { source, dumps, tools, warnings = [] } = await site.open().inspect(NONE, NO_ABORT);
        expect(source).toMatchObject({ serverVersion: expect.any(String), address: expect.stringMatching(/./) });
        expect(dumps.length).toBeGreaterThan(0);
        const names = dumps.map(({ part, extension }) => `${part}.${extension}`);
        expect(new Set(names).size).toBe(names.length);
        for (const { extension, expectedBytes } of dumps) {
          expect(extension).toMatch(/^[a-z][a-z.]*$/);
          expect(expectedBytes).toBeGreaterThan(0);
        }
        for (const version of Object.values(tools)) expect(version).toMatch(/\d/);
        expect(warnings).toEqual([]);
        await expectNoTraces();
      });

      test('rejects with the reason of an abort, before and while it looks', async () => {
        const reason = new Error('stop');
        await expect(site.open().inspect(NONE, AbortSignal.abort(reason))).rejects.toBe(reason);
        const stop = new AbortController();
        const looking = site.open().inspect(NONE, stop.signal);
        stop.abort(reason);
        await expect(looking).rejects.toBe(reason);
        await expectNoTraces();
      });

      test('refuses what can\'t work, by name and with the way out', async () => {
        expect(site.refused.length).toBeGreaterThan(0);
        for (const { what, open, exitCode, names, wayOut } of site.refused) {
          const { message, exitCode: code } = await failureOf(open().inspect(NONE, NO_ABORT));
          expect({ what, code, message }).toEqual({ what, code: exitCode, message: expect.stringMatching(wayOut) });
          expect(message).toContain(names);
        }
        await expectNoTraces();
      });
    });

    describe('a dump', () => {
      test('that is read to its end has all that is there, and no more bytes than expected', async () => {
        const { dumps } = await takeAll(site.open(), NONE);
        expect(await site.contentsOf(dumps)).toBe(before);
        for (const { dump, bytes, counts, empty, warned, suspect, warnings = [] } of dumps) {
          expect(dump.expectedBytes).toBeGreaterThanOrEqual(bytes.length);
          expect([warned?.() ?? [], suspect?.() ?? null, warnings]).toEqual([[], null, []]);
          if (dump.role === 'data') expect(Object.values(counts!.items).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
          expect(empty).toBe(false);
        }
        await expectNoTraces();
      });

      test('tells the memory that its program needs, where it needs any', async () => {
        const reason = new Error('stop');
        for (const { memory } of (await site.open().inspect(NONE, NO_ABORT)).dumps) {
          if (memory === undefined) continue;
          expect(await memory(NO_ABORT)).toEqual({ bytes: expect.any(Number), what: expect.stringMatching(/./) });
          await expect(memory(AbortSignal.abort(reason))).rejects.toBe(reason);
        }
      });

      test('is not begun when it is aborted beforehand', async () => {
        const reason = new Error('stop');
        for (const dump of (await site.open().inspect(NONE, NO_ABORT)).dumps) await expect(dump.open(AbortSignal.abort(reason))).rejects.toBe(reason);
        await expectNoTraces();
      });

      test('that is aborted in the midst fails with the reason, and leaves nothing', async () => {
        const reason = new Error('stop');
        const stop = new AbortController();
        const stream = await half(stop.signal);
        stop.abort(reason);
        const outcome: unknown = await stream.toArray().catch((error: unknown) => error);
        if (!site.madeAhead || !Array.isArray(outcome)) expect(outcome).toBe(reason);
        await expectNoTraces();
      });

      test('whose stream is destroyed leaves nothing', async () => {
        const stream = await half(NO_ABORT);
        stream.destroy();
        await expectNoTraces();
      });

      test('that is interrupted by force never ends as if it were whole', async () => {
        const [dump] = (await site.open().inspect(NONE, NO_ABORT)).dumps;
        const opening = dump!.open(NO_ABORT);
        opening.catch(() => {});
        await site.interrupt(opening);
        const outcome: unknown = await opening.then(({ stream }) => buffer(stream)).catch((error: unknown) => error);
        if (Buffer.isBuffer(outcome)) {
          const { stream: _, ...opened } = await opening;
          expect(await site.contentsOf([{ dump: dump!, bytes: outcome, ...opened }])).toBe(before);
        } else {
          expect(outcome).toBeInstanceOf(RunnerError);
        }
        await expectNoTraces();
      });
    });

    test('with nothing in it is empty', async () => {
      await site.clear();
      for (const { dump, empty, counts } of (await takeAll(site.open(), NONE)).dumps.filter(({ dump: { role } }) => role === 'data')) {
        expect([dump.part, empty, Object.values(counts!.items).every(count => count === 0)]).toEqual([dump.part, true, true]);
      }
    });

    /** The stream of the first dump, of which one piece was read. */
    async function half(signal: AbortSignal): Promise<OpenDump['stream']> {
      const [dump] = (await site.open().inspect(NONE, NO_ABORT)).dumps;
      const { stream } = await dump!.open(signal);
      await once(stream, 'readable');
      stream.read(1);
      return stream;
    }
  });
}
