/*
 * Two backups of one name in one place are one backup to all who read it: each would prune the other's.
 */
import { IConstruct } from 'constructs';
import { show } from '../core/check';
import { constructsOf, oncePerSynth } from '../core/once-per-synth';
import { refuseAtSynth } from '../core/spelling';
import { StoreParts } from '../parts/store-parts';
import { isOnePlace } from '../parts/store-place';
import { spelled } from '../pod/runner-pod';

interface Writer {
  readonly construct: IConstruct;
  readonly backupName: string;
  readonly stores: readonly StoreParts[];
}

const writers = new WeakMap<IConstruct, Writer>();

/** Has the app refuse another backup of this name in one of the stores. */
export function refuseOnePlace(construct: IConstruct, backupName: string, stores: readonly StoreParts[]): void {
  writers.set(construct, { construct, backupName, stores });
  refuseAtSynth(construct, () => sharedBy(writers.get(construct)!));
}

/** In the order of the tree, by what has to be alike for two to be in one place. */
const writersByPlace = oncePerSynth(root => {
  const found = new Map<string, { readonly writer: Writer; readonly store: StoreParts }[]>();
  for (const construct of constructsOf(root)) {
    const writer = writers.get(construct);
    for (const store of writer?.stores ?? []) {
      const key = keyOf(writer!, store);
      const known = found.get(key);
      if (known) known.push({ writer: writer!, store }); else found.set(key, [{ writer: writer!, store }]);
    }
  }
  return found;
});

/** Of two backups the later one says so, once, however many places they share. */
function sharedBy(writer: Writer): string[] {
  const { construct, backupName, stores } = writer;
  const shared = new Map<Writer, string>();
  for (const store of stores) {
    const alike = writersByPlace(construct).get(keyOf(writer, store)) ?? [];
    for (const other of alike.slice(0, alike.findIndex(each => each.writer === writer))) {
      if (shared.has(other.writer) || !isOnePlace(other.store.place, store.place)) continue;
      shared.set(other.writer, `${store.location}${spelled(other.store, store.location)}`);
    }
  }
  return [...shared].map(([other, location]) =>
    `'backupName' ${show(backupName)} is that of ${other.construct.node.path} too, and both write to ${location}: give one of them another name, or another prefix`);
}

function keyOf({ backupName }: Writer, { place: { container, prefix } }: StoreParts): string {
  return JSON.stringify([backupName, container, prefix]);
}
