import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readSmall } from './catalog';
import { isDenied, messageOf, RunnerError } from './errors';
import { isOwnFile } from './own-files';
import { Reporter } from './reporter';
import { Store } from './stores/store';
import { BackupConfig } from '../contract/config';
import { ExitCode } from '../contract/exit-code';
import { backupId, keyPrefix, parseKey, RECORD_SUFFIX, STARTED_SUFFIX } from '../contract/layout';

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

export interface Claim {
  readonly id: string;
  /** To the second, as it stands in the id. */
  readonly startedAt: Date;
}

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
  return claim.success ? new Date(claim.data.deadlineAt) : null;
}

/** Claims an id in every store for a run that starts now; where another run has taken it, waits for the next second. */
export async function claimId(config: BackupConfig, stores: readonly Store[], signal: AbortSignal): Promise<Claim> {
  for (;;) {
    const startedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
    const id = backupId(config.name, startedAt);
    const content = renderClaim(startedAt, claimDeadline(startedAt, config.deadlineSeconds));
    const claimed: Store[] = [];
    try {
      if (await claimEverywhere()) return { id, startedAt };
    } catch (error) {
      await releaseClaim(id, claimed);
      throw error;
    }
    await releaseClaim(id, claimed);
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

/**
 * Removes what runs of the backup `name` have left that were killed: claims past their deadline, unfinished uploads of their ids,
 * and, where there is no record, their files. Nothing else is touched.
 *
 * Does not fail on a store that refuses: the backup that is about to run matters more. It says so once instead.
 */
export async function removeRemains(name: string, stores: readonly Store[], reporter: Reporter, signal: AbortSignal): Promise<void> {
  for (const store of stores) {
    let killed = 0;
    let ended = 0;
    try {
      const dead = await deadRuns(name, store, signal);
      killed = dead.filter(({ recorded }) => !recorded).length;
      ended = dead.length - killed;
      for (const { id } of dead) {
        const files = await filesOf(id, store, signal);
        // Also of a run that got as far as its record: it may have been killed between the file's second name and the end of its first.
        for await (const upload of store.unfinished(id, signal)) {
          if (parseKey(upload.key)?.id === id) await upload.discard(signal);
        }
        if (!files.includes(id + RECORD_SUFFIX)) {
          await store.remove(files.filter(key => isOwnFile(key) && key !== id + STARTED_SUFFIX), signal);
        }
        await store.remove([id + STARTED_SUFFIX], signal);
        reporter.info('remains.removed', `Removed from ${store.name} what the run ${id} had left, which was killed`, { id, store: store.name, files: files.length });
      }
    } catch (error) {
      signal.throwIfAborted();
      const facts = { store: store.name, killed, ended };
      if (!isDenied(error)) {
        reporter.warn('remains.left', `What killed runs have left in ${store.name} can't be removed: ${messageOf(error)}`, facts);
      } else if (killed > 0) {
        reporter.warn('remains.left', `What ${killed} killed runs have left in ${store.name} stays there until "cdk8s-backup prune" runs with credentials that may delete: ${messageOf(error)}`, facts);
      } else {
        reporter.info('claims.left', `The claims of ${ended} runs that ended well stay in ${store.name}, which is harmless: these credentials may not delete, and "cdk8s-backup prune" removes them`, facts);
      }
    }
  }
}

interface DeadRun {
  readonly id: string;
  /** Whether it has ended well all the same: its claim is all that is left over. */
  readonly recorded: boolean;
}

async function deadRuns(name: string, store: Store, signal: AbortSignal): Promise<DeadRun[]> {
  const claimed: string[] = [];
  const recorded = new Set<string>();
  for await (const { key } of store.list(keyPrefix(name), signal)) {
    const parsed = parseKey(key);
    if (parsed?.name !== name) continue;
    if (parsed.suffix === STARTED_SUFFIX) claimed.push(parsed.id);
    if (parsed.suffix === RECORD_SUFFIX) recorded.add(parsed.id);
  }
  const dead: DeadRun[] = [];
  for (const id of claimed) {
    const until = await claimedUntil(id, store, signal);
    if (until !== null && until.getTime() < Date.now()) dead.push({ id, recorded: recorded.has(id) });
  }
  return dead;
}
