import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { readSmall } from './read-small';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { backupId, parseKey, STARTED_SUFFIX } from '../../contract/layout';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/*
 * A run claims its id in every store, by creating ID.started, before it writes anything there. So two runs in the same second
 * get different ids, and what a killed run has left can be told from what a living run is writing: the claim says until when
 * its run can last at the most.
 */

/** Added to a run's deadline before others take it for dead: time to stop, and clocks that differ a little. */
const GRACE_SECONDS = 10;

const CLEANUP_MS = 3000;

const claimText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue('not JSON'); // half a claim tells no deadline: whoever finds it leaves it alone
    return z.NEVER;
  }
}).pipe(z.object({ run: z.string(), startedAt: z.iso.datetime(), deadlineAt: z.iso.datetime() }));

/** What a claim says of itself. */
export interface ClaimTimes {
  readonly startedAt: Date;
  readonly deadlineAt: Date;
}

export interface Claim {
  readonly id: string;
  /** To the second, as it stands in the id. */
  readonly startedAt: Date;
  /** What stands in it: no other run's says the same. */
  readonly content: string;
}

/** Whose a claim is now. */
export enum Holder { WE = 'we', OTHERS = 'others', NOBODY = 'nobody' }

/** The text of a claim. One whose deadline is now says: nobody writes under this id any more, and whoever comes may finish. */
export function renderClaim(startedAt: Date, deadlineAt: Date): string {
  return `${JSON.stringify({ run: randomUUID(), startedAt: startedAt.toISOString(), deadlineAt: deadlineAt.toISOString() })}\n`;
}

/** When a run that begins now is dead for others. */
export function claimDeadline(from: Date, deadlineSeconds: number): Date {
  return new Date(from.getTime() + (deadlineSeconds + GRACE_SECONDS) * 1000);
}

/** Until when the claim on `id` holds; `null` if it can't be read, and so nobody knows. */
export async function claimedUntil(id: string, store: Store, signal: AbortSignal): Promise<Date | null> {
  return (await readClaim(id, store, signal))?.deadlineAt ?? null;
}

/** The claim on `id`; `null` if it can't be read. */
export async function readClaim(id: string, store: Store, signal: AbortSignal): Promise<ClaimTimes | null> {
  let text: string;
  try {
    text = await readSmall(store, id + STARTED_SUFFIX, signal);
  } catch (error) {
    signal.throwIfAborted();
    // Gone since it was listed, none of ours, or for others only: one of these must not end the look at all others.
    if (error instanceof RunnerError && error.exitCode !== ExitCode.UNAVAILABLE) return null;
    throw error;
  }
  const claim = claimText.safeParse(text);
  return claim.success ? { startedAt: new Date(claim.data.startedAt), deadlineAt: new Date(claim.data.deadlineAt) } : null;
}

/** Whose the claim is in this store. It was created where nothing was, so it is ours unless something has gone wrong since: clocks that differ by hours, or a store that forgets. */
export async function holderOf({ id, content }: Claim, store: Store, signal: AbortSignal): Promise<Holder> {
  try {
    return await readSmall(store, id + STARTED_SUFFIX, signal) === content ? Holder.WE : Holder.OTHERS;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError && error.exitCode === ExitCode.NOT_FOUND) return Holder.NOBODY;
    throw error;
  }
}

/**
 * Claims an id in every store for a run that starts now; where another run has taken it, waits for the next second.
 *
 * @param at the time in the id, where that is not now
 * @throws RunnerError where the id of that time is taken
 */
export async function claimId(config: BackupConfig, stores: readonly Store[], signal: AbortSignal, at: Date | null = null): Promise<Claim> {
  for (;;) {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000);
    const startedAt = at ?? now;
    const id = backupId(config.name, startedAt);
    const content = renderClaim(now, claimDeadline(now, config.activeDeadlineSeconds));
    const claimed: Store[] = [];
    try {
      if (await claimEverywhere()) return { id, startedAt, content };
    } catch (error) {
      await releaseClaim(id, claimed);
      throw error;
    }
    await releaseClaim(id, claimed);
    if (at !== null) throw new RunnerError(`there are files of ${id} already, in ${stores.map(({ location }) => location).join(' or ')}, and nothing is written over. If a killed run has left them, a run after its deadline removes them`, ExitCode.FAILED);
    await sleep(1000 - (Date.now() % 1000), undefined, { signal });

    async function claimEverywhere(): Promise<boolean> {
      // Before the claim: where nothing may be deleted it stays, and would prove to prune that these files are ours.
      for (const store of stores) {
        if ((await filesOf(id, store, signal)).length > 0) return false;
      }
      for (const store of stores) {
        if (!await store.create(id + STARTED_SUFFIX, content, signal)) return false;
        claimed.push(store);
        // Files without a claim: left by a clock that was set back, or by another program. Not ours to overwrite.
        if ((await filesOf(id, store, signal)).length > 1) return false;
      }
      return true;
    }
  }
}

/**
 * Takes an id for something else than a backup, that of `from` or of the first second after it in which nothing stands in any of the stores:
 * in all of them that answer within `patienceMs`. The others are left out.
 */
export async function claimFreeId(
  name: string, from: Date, stores: readonly Store[], patienceMs: number, signal: AbortSignal,
): Promise<{ readonly id: string; readonly claimed: readonly Store[] }> {
  let reached = stores;
  for (let at = from; ; at = new Date(at.getTime() + 1000)) {
    const id = backupId(name, at);
    const now = new Date();
    const content = renderClaim(now, claimDeadline(now, patienceMs / 1000));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const tried = await Promise.all(reached.map(async store => {
      try {
        if (!await store.create(id + STARTED_SUFFIX, content, limit)) return { store, state: 'taken' } as const;
        return { store, state: (await filesOf(id, store, limit)).length === 1 ? 'ours' : 'shared' } as const;
      } catch {
        return { store, state: 'gone' } as const; // it is left out, as is said above; an abort is thrown below
      }
    }));
    signal.throwIfAborted();
    const claimed = tried.filter(({ state }) => state === 'ours').map(({ store }) => store);
    if (tried.every(({ state }) => state === 'ours' || state === 'gone')) return { id, claimed };
    await releaseClaim(id, tried.filter(({ state }) => state === 'ours' || state === 'shared').map(({ store }) => store));
    reached = tried.filter(({ state }) => state !== 'gone').map(({ store }) => store);
  }
}

/** Gives an id back. Does not fail: a claim that stays is dead after its deadline. */
export async function releaseClaim(id: string, stores: readonly Store[]): Promise<void> {
  const signal = AbortSignal.timeout(CLEANUP_MS);
  await Promise.allSettled(stores.map(store => store.remove([id + STARTED_SUFFIX], signal)));
}

/** Keys of all files of one backup in one store. */
export async function filesOf(id: string, store: Store, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(id, signal)) {
    if (parseKey(key)?.id === id) keys.push(key);
  }
  return keys;
}
