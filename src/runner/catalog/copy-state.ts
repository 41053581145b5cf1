import { VerificationRecord } from '../../contract/verification-record';

/** What is to be seen of the copy of a backup in one store, without a byte of an artifact being read. */
export type CopyState =
  /** It has all its files in their recorded sizes. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'record-missing' }
  /** The record is not that of the other stores. */
  | { readonly kind: 'record-differs'; readonly from: readonly string[] }
  | { readonly kind: 'file-missing'; readonly file: string }
  | { readonly kind: 'other-size'; readonly file: string; readonly bytes: number; readonly recordedBytes: number }
  /** It looks whole, and whoever read it back has found that it is not. Only {@link copiesAsRead} says so. */
  | { readonly kind: 'damaged'; readonly faults: readonly string[]; readonly readAt: string }
  /** The store can't be read. */
  | { readonly kind: 'unknown' };

/** The copies of one backup, by name of the store. */
export type Copies = ReadonlyMap<string, CopyState>;

export function isWhole(copy: CopyState | undefined): boolean {
  return copy?.kind === 'whole';
}

/** Whether the record, or a file that it names, is not there at all. */
export function isMissing({ kind }: CopyState): boolean {
  return kind === 'record-missing' || kind === 'file-missing';
}

/** Names of the stores whose copies are whole. */
export function storesWithWhole(copies: Copies): string[] {
  return [...copies].filter(([, copy]) => isWhole(copy)).map(([store]) => store);
}

/** In words what is wrong with a copy; `null` for a whole one. */
export function describeFault(copy: CopyState): string | null {
  switch (copy.kind) {
    case 'whole': return null;
    case 'record-missing': return 'record missing';
    case 'record-differs': return `record differs from that in ${copy.from.join(' and ')}`;
    case 'file-missing': return `${copy.file} missing`;
    case 'other-size': return `${copy.file} has ${copy.bytes} bytes instead of ${copy.recordedBytes}`;
    case 'damaged': return `damaged, as reading it back has shown at ${copy.readAt}: ${copy.faults.join('; ')}`;
    case 'unknown': return 'store not reachable';
  }
}

/** In words what is wrong with each copy that is not whole, after the name of its store. */
export function describeFaults(copies: Copies): string[] {
  return [...copies].filter(([, copy]) => !isWhole(copy)).map(([store, copy]) => `${store}: ${describeFault(copy)}`);
}

/** As JSON shows copies: `ok`, or what is wrong, by name of the store. */
export function copiesAsJson(copies: Copies): { readonly [store: string]: string } {
  return Object.fromEntries([...copies].map(([store, copy]) => [store, describeFault(copy) ?? 'ok']));
}

/**
 * The copies of one backup with what reading them back has shown last. By this the latest is chosen. A restore of a backup that is named goes by
 * the copies as they are in the catalog, and reads one to its end before anything changes: what was found damaged may have been mended.
 *
 * @param readBack newest verifications of this backup, by name of the store
 */
export function copiesAsRead({ copies, readBack }: { readonly copies: Copies; readonly readBack: ReadonlyMap<string, VerificationRecord> }): Copies {
  return new Map([...copies].map(([store, copy]) => {
    const { faults = [], finishedAt = '' } = readBack.get(store) ?? {};
    return [store, isWhole(copy) && faults.length > 0 ? { kind: 'damaged', faults, readAt: finishedAt } : copy];
  }));
}
