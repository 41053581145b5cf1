import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BackedUp } from './_backed-up';
import { TargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { BackupRecord } from '../../../src/contract/record';
import { messageOf, RunnerError } from '../../../src/runner/core/errors';
import { RestoreArtifacts, VerifiedArtifacts } from '../../../src/runner/engine-api/artifacts';
import { RollbackPoint, PreparedRestore, Previous, Restored, Restorer, RestoreFailure } from '../../../src/runner/engine-api/restorer';
import { failureOf, NO_ABORT } from '../../runner/engines/_dump';
import { killAllBelow, start } from '../_runner';
import { until } from '../servers/_process';

/** A target that was backed up, and what somebody else than a restorer sees and does there. */
export interface RestorerSite {
  readonly backedUp: BackedUp;
  readonly target: TargetConfig;
  /** A target of which nothing can be known. */
  readonly unreachable: { readonly target: TargetConfig; readonly names: string };
  /**
   * Whether what is live changes in one step. Elsewhere the live name holds some of both after a crash in the midst, until the same restore was
   * run again.
   */
  readonly atOnce: boolean;
  /** Whether all that earlier restores have kept is told, rather than the newest of each member. */
  readonly keepsAll: boolean;
  /** Removes all that the live name holds, and where that can be, the name. `null` where there has to be something. */
  readonly vanish: (() => Promise<void>) | null;
  /** All that the live name holds. */
  live(): Promise<string>;
  /** Replaces all that the live name holds by what is told apart by `mark`. Needs the live name to be usable. */
  change(mark: string): Promise<void>;
  /** Everything else that a restore may leave or change there: names of databases and files, sessions, roles of servers. */
  traces(): Promise<readonly string[]>;
  /** Whether a run has begun to change something; told by the traces if not given. */
  begun?(): Promise<boolean>;
  /** Makes it impossible to restore, in a way that can be known before; returns what takes that away again. */
  obstruct(): Promise<() => Promise<void>>;
}

/**
 * Checks every promise of {@link Restorer}. The site is arranged once; each test begins with a live name that holds something of its own.
 *
 * @param reads how often a restore opens artifacts: it is stopped in each
 */
export function describeRestorer(name: string, reads: number, arrange: () => Promise<RestorerSite>): void {
  describe(`${name} as a Restorer`, () => {
    let site: RestorerSite;
    let saved: string;
    let changed: string;
    let marks = 0;

    beforeAll(async () => {
      site = await arrange();
      saved = await site.live();
    });
    beforeEach(async () => {
      changed = await change();
    });

    /** A new one each time, as each run has: nothing is kept in it from one call to the next. */
    const open = () => site.backedUp.restorer(site.target);

    async function change(): Promise<string> {
      await site.change(`changed ${++marks}`);
      const now = await site.live();
      expect(now).not.toBe(saved);
      return now;
    }

    async function prepare(through: Through = artifacts => artifacts): Promise<{ prepared: PreparedRestore; verified: VerifiedArtifacts }> {
      const { record } = site.backedUp;
      const verified = await site.backedUp.artifactsFor(open());
      const prepared = await open().inspect({ record, artifacts: through(verified) }, NO_ABORT);
      expect(prepared.plan.missing).toEqual([]);
      await verified.verify(false, NO_ABORT);
      return { prepared, verified };
    }

    async function restore(): Promise<Restored> {
      const { prepared, verified } = await prepare();
      try {
        await open().repair(NO_ABORT);
        return await open().restore(prepared, NO_ABORT);
      } finally {
        await verified.dispose();
      }
    }

    /** A server that is still loading what it was sent before the kill refuses at first: the Job comes again, and so does this. */
    async function repairWhatWasKilled(): Promise<void> {
      await until('it can be repaired', 60_000, async () => open().repair(NO_ABORT).then(() => true, (error: unknown) => {
        if (error instanceof RunnerError && error.exitCode === ExitCode.UNAVAILABLE) return false;
        throw error;
      }));
    }

    async function keptBy({ previous }: Restored): Promise<RollbackPoint> {
      expect(previous).not.toBeNull();
      const [first] = await open().rollbackPoints(NO_ABORT);
      expect(first).toMatchObject({ name: nameOf(previous!), keptAt: expect.any(Date) });
      return first!;
    }

    describe('select', () => {
      test('chooses artifacts of the backup', () => {
        const chosen = open().select(site.backedUp.record);
        expect(chosen.length).toBeGreaterThan(0);
        for (const artifact of chosen) expect(site.backedUp.record.artifacts).toContainEqual(expect.objectContaining({ file: artifact.file }));
      });

      test('refuses a backup that has none for it, by name', async () => {
        const other: BackupRecord = { ...site.backedUp.record, artifacts: [] };
        const { message } = await failureOf((async () => open().select(other))());
        expect(message).toContain(other.id);
      });
    });

    describe('inspect', () => {
      test('says what is going to be done, and changes nothing', async () => {
        const traces = await site.traces();
        const { prepared: { plan }, verified } = await prepare();
        await verified.dispose();
        expect(plan.steps.length).toBeGreaterThan(0);
        for (const sentence of [...plan.steps, ...plan.notes]) expect(sentence).toMatch(/[^.\s]$/);
        expect(plan.replaces).toMatch(/./);
        expect([await site.live(), await site.traces()]).toEqual([changed, traces]);
      });

      test('tells what is missing as a finding, with an exit code', async () => {
        const clear = await site.obstruct();
        try {
          const [live, traces] = [await site.live(), await site.traces()];
          const artifacts = await site.backedUp.artifactsFor(open());
          const { plan: { missing } } = await open().inspect({ record: site.backedUp.record, artifacts }, NO_ABORT);
          await artifacts.dispose();
          expect(missing.length).toBeGreaterThan(0);
          for (const { message, exitCode } of missing) expect([message, exitCode]).toEqual([expect.stringMatching(/: /), expect.any(Number)]);
          expect([await site.live(), await site.traces()]).toEqual([live, traces]);
        } finally {
          await clear();
        }
      });

      test('names a target of which nothing can be known', async () => {
        const { target, names } = site.unreachable;
        const artifacts = await site.backedUp.artifactsFor(open());
        const outcome = await site.backedUp.restorer(target).inspect({ record: site.backedUp.record, artifacts }, NO_ABORT)
          .then(({ plan: { missing } }) => missing[0]!.message, (error: unknown) => (error instanceof RunnerError ? error.message : `no RunnerError: ${String(error)}`));
        await artifacts.dispose();
        expect(outcome).toMatch(/: /);
        expect(outcome).toContain(names);
      });
    });

    test('an abort beforehand changes nothing, and is what is told', async () => {
      const kept = await keptBy(await restore());
      const { prepared, verified } = await prepare();
      const [live, traces] = [await site.live(), await site.traces()];
      const reason = new RunnerError('stopped by SIGTERM', ExitCode.CANCELLED);
      const signal = AbortSignal.abort(reason);
      await expect(open().inspect(prepared.input, signal)).rejects.toBe(reason);
      await expect(open().repair(signal)).rejects.toBe(reason);
      await expect(open().rollbackPoints(signal)).rejects.toBe(reason);
      await expect(open().discard(kept, signal)).rejects.toBe(reason);
      for (const attempt of [open().restore(prepared, signal), open().rollback(kept, signal)]) {
        const error = await failureOf(attempt);
        if (error !== reason) expect([error, error.message]).toEqual([expect.any(RestoreFailure), expect.stringContaining(reason.message)]);
      }
      expect([await site.live(), await site.traces()]).toEqual([live, traces]);
      await verified.dispose();
    });

    test('repair has nothing to do where nothing is half done', async () => {
      const traces = await site.traces();
      for (let i = 0; i < 2; i++) expect(await open().repair(NO_ABORT)).toEqual([]);
      expect([await site.live(), await site.traces()]).toEqual([changed, traces]);
    });

    test('what was restored is live, what was there is kept, comes back, and goes for good', async () => {
      const restored = await restore();
      expect(restored.state).toContain(site.backedUp.record.id);
      expect(await site.live()).toBe(saved);
      const kept = await keptBy(restored);
      expect(kept.bytes === null || kept.bytes > 0).toBe(true);

      const back = await open().rollback(kept, NO_ABORT);
      expect(await site.live()).toBe(changed);
      // What the rollback has replaced is kept in its place, and comes back in the same way.
      await open().rollback(await keptBy(back), NO_ABORT);
      expect(await site.live()).toBe(saved);

      for (let left = await open().rollbackPoints(NO_ABORT); left.length > 0; left = await open().rollbackPoints(NO_ABORT)) {
        const [gone] = left;
        await open().discard(gone!, NO_ABORT);
        expect((await open().rollbackPoints(NO_ABORT)).map(each => each.name)).not.toContain(gone!.name);
        const error = await failureOf(open().rollback(gone!, NO_ABORT));
        if (error instanceof RestoreFailure) expect(error.usable).toBe(true);
        await open().discard(gone!, NO_ABORT).catch((again: unknown) => expect(again).toBeInstanceOf(RunnerError));
      }
      expect(await site.live()).toBe(saved);
    });

    test('where nothing is there nothing is replaced, and it is restored all the same', async () => {
      if (site.vanish === null) return;
      await site.vanish();
      const { prepared, verified } = await prepare();
      await verified.dispose();
      expect(prepared.plan.replaces).toBeNull();
      const { state } = await restore();
      expect([state, await site.live()]).toEqual([expect.stringContaining(site.backedUp.record.id), saved]);
    });

    test('what is kept is told in the order in which it comes back: the newest first', async () => {
      const [first, second] = [await restore(), await change().then(restore)];
      const kept = await open().rollbackPoints(NO_ABORT);
      expect(kept[0]!.name).toBe(nameOf(second.previous!));
      expect(kept.map(({ keptAt }) => keptAt.getTime())).toEqual(kept.map(({ keptAt }) => keptAt.getTime()).sort((a, b) => b - a));
      if (site.keepsAll) expect(kept[1]!.name).toBe(nameOf(first.previous!));
      else expect(kept).toHaveLength(1);
    });

    test('a backup that breaks off leaves what is live as it was', async () => {
      const { prepared, verified } = await prepare(cutAfter(0, () => new RunnerError('the store went away', ExitCode.UNAVAILABLE)));
      const traces = await site.traces();
      const error = await failureOf(open().restore(prepared, NO_ABORT));
      await verified.dispose();
      expect(error.message).toContain('the store went away');
      if (error instanceof RestoreFailure) expect([error.usable, error.live, error.state]).toEqual([true, false, expect.stringMatching(/as (it was|they were)|what it held before/)]);
      expect(await site.live()).toBe(changed);
      await until('nothing of it is left', 20_000, async () => (await site.traces()).join() === traces.join()).catch(async () => expect(await site.traces()).toEqual(traces));
    });

    test.each(Array.from({ length: reads }, (_, i) => i + 1))('one that is stopped half way through reading %i says what is live, and the next one finishes', async reading => {
      const stop = new AbortController();
      const reason = new RunnerError('stopped by SIGTERM', ExitCode.CANCELLED);
      const { prepared, verified } = await prepare(cutAfter(reading - 1, () => {
        stop.abort(reason);
        return null;
      }));
      const outcome: unknown = await open().restore(prepared, stop.signal).catch((error: unknown) => error);
      await verified.dispose();
      expect(messageOf(outcome)).toContain(reason.message);
      const live = await site.live();
      if (outcome === reason || (outcome as RestoreFailure).usable) expect(live).toBe(changed);
      else expect((outcome as RestoreFailure).state).toMatch(/restore again|run the restore again/i);
      await restore();
      expect(await site.live()).toBe(saved);
    });

    test('one that is killed leaves one or the other; after repair it is usable, and the next one finishes', async () => {
      const before = (await site.traces()).join();
      const { process: child, ended } = start(['restore', '--yes'], site.backedUp.options(site.target));
      const done = ended.then(() => true);
      const begun = () => site.begun?.() ?? site.traces().then(traces => traces.join() !== before);
      while (!await Promise.race([done, begun()]));
      killAllBelow(child.pid!);
      await ended;

      await repairWhatWasKilled();
      if (site.atOnce) expect([saved, changed]).toContain(await site.live());
      expect(await open().repair(NO_ABORT)).toEqual([]);
      if (site.atOnce) await change();
      await restore();
      expect(await site.live()).toBe(saved);
    });
  });
}

type Through = (artifacts: RestoreArtifacts) => RestoreArtifacts;

/** The name under which it is kept. */
function nameOf(previous: Previous): string {
  if (previous.kind !== 'members') return previous.name;
  return Object.entries(previous.members).map(([member, own]) => `${member}: ${nameOf(own)}`).join(', ');
}

/** The artifacts, of which the next file that is opened after `times` others breaks off half way: with an error, or with what the signal says. */
function cutAfter(times: number, reached: () => Error | null): Through {
  let opened = 0;
  return artifacts => ({
    inScratch: false,
    peek: (artifact, signal) => artifacts.peek(artifact, signal),
    file: () => null,
    open: async (artifact, signal) => {
      const whole = await artifacts.open(artifact, signal);
      if (opened++ !== times) return whole;
      const bytes = await buffer(whole);
      return Readable.from(async function* () {
        yield bytes.subarray(0, bytes.length / 2);
        const error = reached();
        if (error !== null) throw error;
        signal.throwIfAborted();
        throw new Error('nobody has passed the signal on');
      }(), { objectMode: false });
    },
  });
}
