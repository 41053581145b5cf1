import { RecordedArtifact, RecordedCounts } from '../../contract/record';
import { sum } from '../core/sum';

/*
 * How many rows were in each table. Every list of backups reads every record, so of a hundred thousand tables a record names the largest
 * ones, as many as fit, and says of the others how many they are, and what they hold together.
 */

/** For the names and numbers of one record, as they stand in it: about 10,000 tables. */
export const MAX_COUNTS_BYTES = 1024 ** 2;
/** Of one item in a record, beside its name: indentation, quotes, the number. */
const ITEM_BYTES = 32;
const MOST_NAMED = 5;

type Items = RecordedCounts['items'];

/** The same artifacts with counts that fit into a record: small ones whole, and from each of the large ones the same share. */
export function boundCounts(artifacts: readonly RecordedArtifact[]): RecordedArtifact[] {
  const bounded = new Map<RecordedArtifact, RecordedArtifact>();
  const bySize = [...artifacts].map(artifact => ({ artifact, bytes: bytesOf(artifact.counts?.items ?? {}) })).sort((a, b) => a.bytes - b.bytes);
  let left = MAX_COUNTS_BYTES;
  for (const [i, { artifact, bytes }] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - i));
    const counts = artifact.counts === null || bytes <= share ? artifact.counts : cut(artifact.counts, share);
    bounded.set(artifact, { ...artifact, counts });
    left -= bytesOf(counts?.items ?? {});
  }
  return artifacts.map(artifact => bounded.get(artifact)!);
}

/** How many items there were. */
export function itemsIn({ items, unlisted }: RecordedCounts): number {
  return Object.keys(items).length + (unlisted?.items ?? 0);
}

/** All of them together. */
export function totalOf(counts: RecordedCounts | null): number {
  return sumOf(counts?.items ?? {}) + (counts?.unlisted?.total ?? 0);
}

/**
 * Compares what was found with exact counts of a record.
 *
 * @returns what is different, the first few of it; `null` if nothing is, or nothing is recorded
 */
export function differenceOf(found: Items, recorded: RecordedCounts | null): string | null {
  if (!recorded) return null;
  const { items, unlisted } = recorded;
  const other = Object.entries(items).filter(([item, count]) => found[item] !== count).map(([item, count]) => `${found[item] ?? 'no'} ${recorded.unit} in ${item} instead of ${count}`);
  const rest = Object.entries(found).filter(([item]) => !Object.hasOwn(items, item));
  const total = sum(rest.map(([, count]) => count));
  if (rest.length !== (unlisted?.items ?? 0) || total !== (unlisted?.total ?? 0)) {
    other.push(unlisted
      ? `${total} ${recorded.unit} in ${rest.length} others instead of ${unlisted.total} in ${unlisted.items}`
      : `${rest.length} more than the record knows, such as ${rest.slice(0, MOST_NAMED).map(([item]) => item).join(', ')}`);
  }
  if (other.length === 0) return null;
  return other.length > MOST_NAMED ? `${other.slice(0, MOST_NAMED).join(', ')}, and ${other.length - MOST_NAMED} more` : other.join(', ');
}

/** Keeps the items with the largest numbers, in their order. */
function cut(counts: RecordedCounts, bytes: number): RecordedCounts {
  const kept = new Set<string>();
  let left = bytes;
  for (const [item] of Object.entries(counts.items).sort(([, a], [, b]) => b - a)) {
    left -= itemBytes(item);
    if (left < 0) break;
    kept.add(item);
  }
  const entries = Object.entries(counts.items);
  const items = Object.fromEntries(entries.filter(([item]) => kept.has(item)));
  return { ...counts, items, unlisted: { items: entries.length - kept.size, total: sumOf(counts.items) - sumOf(items) } };
}

function bytesOf(items: Items): number {
  return sum(Object.keys(items).map(itemBytes));
}

function itemBytes(item: string): number {
  return Buffer.byteLength(JSON.stringify(item)) + ITEM_BYTES;
}

function sumOf(items: Items): number {
  return sum(Object.values(items));
}
