import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { bytesOf, plainBytesOf } from '../catalog/sizes';
import { formatBytes } from '../core/format';
import { sum } from '../core/sum';

/**
 * Why a backup that was taken without a fault is not to be trusted as the latest: it is empty, or much smaller than the one
 * before, as it is after somebody dropped a table, or started the application on a new, empty database.
 *
 * @param belowPercent share of the previous backup's bytes below which a backup is suspect; 0 trusts everything
 * @param previous the newest backup that is not suspect
 */
export function suspicion(
  taken: readonly { readonly artifact: RecordedArtifact; readonly empty: boolean }[],
  belowPercent: number,
  previous: BackupRecord | undefined,
): string | null {
  for (const member of new Set(taken.map(({ artifact }) => artifact.member))) {
    const own = taken.filter(({ artifact }) => artifact.member === member);
    const before = previous && { id: previous.id, artifacts: previous.artifacts.filter(artifact => artifact.member === member) };
    const reason = suspicionOf(own, belowPercent, before);
    if (reason !== null) return member === undefined ? reason : `${member}: ${reason}`;
  }
  return null;
}

/** The same for one database. */
function suspicionOf(
  taken: readonly { readonly artifact: RecordedArtifact; readonly empty: boolean }[],
  belowPercent: number,
  previous: Pick<BackupRecord, 'id' | 'artifacts'> | undefined,
): string | null {
  if (belowPercent === 0) return null;
  const data = taken.filter(({ artifact }) => artifact.role === 'data');
  if (data.every(({ empty }) => empty)) return 'the source is empty: there is no row or key in it';
  if (!previous) return null;

  const artifacts = data.map(({ artifact }) => artifact);
  const earlier = previous.artifacts.filter(({ role }) => role === 'data');
  const size = comparableSizes(artifacts, earlier);
  if (!size || size.now * 100 >= size.before * belowPercent) return null;
  const percent = Math.floor((size.now * 100) / size.before);
  return `it has ${formatBytes(size.now)}, which is ${percent} % of the ${formatBytes(size.before)} of ${previous.id}; the limit is ${belowPercent} %`;
}

/** Sizes before compression if both are known, else stored sizes if both were compressed alike; `undefined` if they say nothing. */
function comparableSizes(now: readonly RecordedArtifact[], before: readonly RecordedArtifact[]): { now: number; before: number } | undefined {
  const all = [...now, ...before];
  if (all.every(({ plainBytes }) => plainBytes !== null)) return { now: sum(now.map(plainBytesOf)), before: sum(before.map(plainBytesOf)) };
  const ways = new Set(all.map(({ compression: { algorithm, where } }) => `${algorithm} ${where}`));
  return ways.size === 1 ? { now: bytesOf(now), before: bytesOf(before) } : undefined;
}
