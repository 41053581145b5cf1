import { Html, html } from './html';
import { moment, state, Tone } from './parts';
import { Backup } from '../catalog/catalog';
import { copiesAsRead, CopyState, describeFault, isMissing, isWhole } from '../catalog/copy-state';
import { ObservedStore } from '../monitor/observe';

/** The copy of one backup in one store, by everything that is known: its files, and what reading them back has shown. */
export interface SeenCopy {
  readonly store: string;
  readonly tone: Tone;
  readonly words: string;
  /** There is none without a backup. */
  readonly copy: CopyState | undefined;
  /** When it was read back; `null`: never. */
  readonly readBackAt: string | null;
}

export function seenCopy(store: ObservedStore, backup: Backup | undefined): SeenCopy {
  const copy = backup && copiesAsRead(backup).get(store.name);
  const verification = backup && store.verifications.get(backup.record.id);
  return { store: store.name, ...judged(store, copy), copy, readBackAt: verification?.finishedAt ?? null };
}

function judged(store: ObservedStore, copy: CopyState | undefined): { readonly tone: Tone; readonly words: string } {
  const seen = copy?.kind === 'damaged' ? 'damaged' : isWhole(copy) ? 'whole' : undefined;
  if (!store.readAt) return store.trouble ? { tone: 'bad', words: 'can\u2019t be read' } : { tone: 'unknown', words: 'not looked at yet' };
  if (store.trouble) return { tone: 'bad', words: `can\u2019t be read${seen === undefined ? '' : `; was ${seen}`}` };
  if (copy === undefined) return { tone: 'unknown', words: 'none' };
  return { tone: isWhole(copy) ? 'good' : 'bad', words: seen ?? (isMissing(copy) ? 'missing' : 'not whole') };
}

/** One line for each store that has, or should have, a copy of the backup. */
export function copyLines(backup: Backup, stores: readonly ObservedStore[], now: Date): Html {
  return html`${stores.map(store => {
    const { tone, words, copy, readBackAt } = seenCopy(store, backup);
    const what = copy?.kind === 'damaged' ? `${words}, ${copy.faults.join('; ')}` : store.trouble || !copy ? words : describeFault(copy) ?? words;
    return html`<div class="line">${state(tone, html`${store.name}: ${what}${readBackAt !== null && html`<br><small>read back ${moment(readBackAt, now)}</small>`}`)}</div>`;
  })}`;
}
