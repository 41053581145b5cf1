import * as z from 'zod';
import { holdKey } from '../../contract/layout';
import { readSmall } from '../catalog/read-small';
import { Store } from '../store-api/store';

/*
 * A hold stops all pruning of a name: one document in every store, and any single one of them is enough.
 */

/** A hold, as one store knows it. */
export interface Hold {
  readonly store: string;
  /** ISO 8601, and why; `null` where the document can't be read: it holds all the same. */
  readonly at: string | null;
  readonly reason: string | null;
}

const document = z.object({ at: z.iso.datetime(), reason: z.string() });

/**
 * The holds on the backups of `name` in all `stores`.
 *
 * @throws RunnerError if a store can't be read: then nobody knows whether it holds
 */
export async function readHolds(name: string, stores: readonly Store[], signal: AbortSignal): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (const store of stores) {
    for await (const { key } of store.list(holdKey(name), signal)) {
      if (key === holdKey(name)) holds.push({ store: store.name, at: null, reason: null, ...await contentOf(key, store, signal) });
    }
  }
  return holds;
}

export function renderHold(at: Date, reason: string): string {
  return `${JSON.stringify({ at: at.toISOString(), reason })}\n`;
}

/** In words. */
export function describeHold({ store, at, reason }: Hold): string {
  return at === null ? `held in ${store}, by a document that can't be read` : `held in ${store} since ${at}: ${reason}`;
}

async function contentOf(key: string, store: Store, signal: AbortSignal): Promise<Partial<Hold>> {
  try {
    return document.parse(JSON.parse(await readSmall(store, key, signal)));
  } catch {
    signal.throwIfAborted();
    return {}; // whatever it is, somebody meant to stop us
  }
}
