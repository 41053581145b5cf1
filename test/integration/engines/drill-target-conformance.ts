import { BackedUp, QUIET } from './_backed-up';
import { DrillConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { Checked, DrillInput, DrillTarget } from '../../../src/runner/engine-api/drill-target';
import { openDrillTarget } from '../../../src/runner/engines/open';
import { failureOf, NO_ABORT } from '../../runner/engines/_dump';
import { drillOf } from '../drill/_drill';

/** An empty place for drills, and a backup to rehearse with. */
export interface DrillSite {
  readonly backedUp: BackedUp;
  readonly target: DrillConfig['target'];
  /** The target with two assertions, of which the first is true of the backup. */
  readonly asserting: DrillConfig['target'];
  readonly env: NodeJS.ProcessEnv;
  /** Puts something of somebody else's there; returns what takes it away again. `null` where each drill makes a place of its own. */
  readonly occupy: (() => Promise<() => Promise<void>>) | null;
  /** Whether what a drill has made there is told apart from what is somebody else's. */
  readonly knowsItsOwn: boolean;
  /** Where nothing ever answers. `null` where there is nothing to wait for. */
  readonly unreachable: DrillConfig['target'] | null;
  /** What can be seen to be no place for a drill. */
  readonly refused: DrillConfig['target'];
  /** All that can be seen of the place. */
  state(): Promise<string>;
}

/** Checks every promise of {@link DrillTarget}. The site is arranged once; after each test it is as it was. */
export function describeDrillTarget(name: string, arrange: () => Promise<DrillSite>): void {
  describe(`${name} as a DrillTarget`, () => {
    let site: DrillSite;
    let empty: string;

    beforeAll(async () => {
      site = await arrange();
      empty = await site.state();
    });
    afterEach(async () => expect(await site.state()).toBe(empty));

    function open(changes: Partial<DrillConfig> = {}): DrillTarget {
      const { scratch, config } = site.backedUp;
      return openDrillTarget({ config: drillOf(config, site.target, { scratch, ...changes }), env: site.env, reporter: QUIET });
    }

    /** Runs `use` with what a drill of the backup has to go by. */
    async function withInput<T>(scratch: DrillTarget, use: (input: DrillInput) => Promise<T>): Promise<T> {
      const { record, restorer, artifactsFor } = site.backedUp;
      const selected = restorer(scratch.target).select(record);
      const artifacts = await artifactsFor(restorer(scratch.target));
      try {
        await artifacts.verify(false, NO_ABORT);
        return await use({ record, selected, artifacts });
      } finally {
        await artifacts.dispose();
      }
    }

    /** All that a drill does but to clear up. */
    async function rehearse(scratch: DrillTarget): Promise<Checked> {
      await scratch.claim(NO_ABORT);
      return withInput(scratch, async input => {
        await scratch.prepare(input, NO_ABORT);
        const restorer = site.backedUp.restorer(scratch.target);
        const prepared = await restorer.inspect(input, NO_ABORT);
        expect(prepared.plan.missing).toEqual([]);
        await restorer.restore(prepared, NO_ABORT);
        return scratch.check(input, NO_ABORT);
      });
    }

    test('what is no place for a drill is refused, by name and with the way out, and not touched', async () => {
      const error = await failureOf((async () => open({ target: site.refused }).claim(NO_ABORT))());
      expect([error.exitCode, error.message]).toEqual([ExitCode.BAD_CONFIG, expect.stringMatching(/: /)]);
    });

    test('is started once it answers, and says its version', async () => {
      expect(await open().started(NO_ABORT)).toMatch(/^\d+\.\d+/);
    });

    test('that never answers is waited for as long as the config says, and named with the way out', async () => {
      if (site.unreachable === null) return;
      const error = await failureOf(open({ target: site.unreachable, serverStartTimeoutSeconds: 0.1 }).started(NO_ABORT));
      expect([error.exitCode, error.message]).toEqual([ExitCode.UNAVAILABLE, expect.stringMatching(/did not start within .*: see its log.*'serverStartTimeout'/)]);
    });

    test('an abort is what is told, and leaves nothing', async () => {
      const reason = new Error('stop');
      const signal = AbortSignal.abort(reason);
      const scratch = open();
      await expect(scratch.started(signal)).rejects.toBe(reason);
      await expect(scratch.claim(signal)).rejects.toBe(reason);
      await scratch.claim(NO_ABORT);
      await withInput(scratch, async input => {
        await expect(scratch.prepare(input, signal)).rejects.toBe(reason);
        await scratch.prepare(input, NO_ABORT);
        await expect(scratch.check(input, signal)).rejects.toBe(reason);
      });
      await expect(scratch.clear(signal)).rejects.toBe(reason);
      await scratch.clear(NO_ABORT);
    });

    test('one that is not empty is refused, and is not cleared either', async () => {
      if (site.occupy === null) return;
      const leave = await site.occupy();
      const occupied = await site.state();
      const scratch = open();
      const error = await failureOf(scratch.claim(NO_ABORT));
      expect([error.exitCode, error.message]).toEqual([ExitCode.BAD_CONFIG, expect.stringContaining(`${scratch.description} is not empty, and nothing was touched: `)]);
      await scratch.clear(NO_ABORT);
      expect(await site.state()).toBe(occupied);
      await leave();
    });

    test('a backup that has no room is refused', async () => {
      const scratch = open({ dataBytes: 1 });
      await scratch.claim(NO_ABORT);
      const error = await failureOf(withInput(scratch, input => scratch.prepare(input, NO_ABORT)));
      expect([error.exitCode, error.message]).toEqual([ExitCode.NO_SPACE, expect.stringMatching(new RegExp(`^${site.backedUp.record.id} needs .*'dataVolume'`))]);
      await scratch.clear(NO_ABORT);
    });

    test('what was restored is checked, and all of it is removed', async () => {
      const scratch = open();
      const { items, checks } = await rehearse(scratch);
      expect(items).toBeGreaterThan(0);
      expect(checks.length).toBeGreaterThan(0);
      for (const check of checks) expect(check).toEqual({ name: expect.stringMatching(/./), passed: true, detail: expect.stringMatching(/./) });
      await scratch.clear(NO_ABORT);
      await scratch.clear(NO_ABORT);
    });

    test('what is wrong with it is a check that was not passed, and no error; the assertions are asked one by one, and not by the restorer', async () => {
      const scratch = open({ target: site.asserting });
      const { checks } = await rehearse(scratch);
      expect(scratch.target).toMatchObject({ assertions: [] });
      expect(checks.slice(-2).map(({ passed, detail }) => [passed, detail])).toEqual([[true, expect.any(String)], [false, expect.stringMatching(/./)]]);
      await scratch.clear(NO_ABORT);
    });

    test('room in the scratch directory is told before', async () => {
      const scratch = open();
      await scratch.claim(NO_ABORT);
      const room = scratch.roomFor(site.backedUp.record.artifacts);
      expect(room === 0 || room >= site.backedUp.record.artifacts.reduce((sum, { plainBytes, bytes }) => sum + (plainBytes ?? bytes), 0)).toBe(true);
      await scratch.clear(NO_ABORT);
    });

    test('what a drill has left that was killed is removed by the next, where its name tells', async () => {
      if (!site.knowsItsOwn) return;
      await rehearse(open());
      const next = open();
      await rehearse(next);
      await next.clear(NO_ABORT);
    });
  });
}
