import { Place } from './page';
import { Shown } from './summary';
import { isUsable } from '../catalog/choose-backup';
import { copiesAsJson, copiesAsRead } from '../catalog/copy-state';
import { bytesOf } from '../catalog/sizes';
import { sum } from '../core/sum';
import { growthPerDay } from '../monitor/trend';

/** Newest backups and drills in the answer: what asks again and again does not want years. */
const MOST_BACKUPS = 30;
const MOST_DRILLS = 30;

/** What `/api/backups` answers: the same as the pages, for programs. Times are ISO 8601 in UTC, and `null` is what is not known. */
export function apiDocument(all: readonly Shown[], now: Date, { complete, cluster, environment }: Place & { readonly complete: boolean }) {
  return {
    cluster,
    environment,
    asOf: now.toISOString(),
    /** Whether every store was looked at since the start. */
    complete,
    backups: all.map(shown => backupDocument(shown, now)),
  };
}

function backupDocument({ config, observation, assessment }: Shown, now: Date) {
  const backups = observation.catalog?.backups ?? [];
  const records = backups.map(({ record }) => record);
  return {
    name: config.name,
    engine: config.engine,
    namespace: config.namespace,
    cronJob: config.cronJob,
    restoreJob: config.restoreJob,
    restorable: assessment.verdict,
    state: assessment.state,
    problems: assessment.problems,
    latest: assessment.latest?.record.id ?? null,
    ageSeconds: assessment.ageSeconds,
    rpoSeconds: config.rpoSeconds,
    rtoSeconds: config.rtoSeconds,
    measuredRtoSeconds: assessment.measuredRtoSeconds,
    lastDrillPassedAt: assessment.lastPassedDrill?.finishedAt ?? null,
    lastVerifiedAt: assessment.lastGoodVerification?.finishedAt ?? null,
    failedRun: assessment.failedRun ?? null,
    held: observation.held,
    backupCount: backups.length,
    bytes: observation.catalog ? sum(records.map(({ artifacts }) => bytesOf(artifacts))) : null,
    growthBytesPerDay: growthPerDay(records, now),
    stores: observation.stores.map(store => ({
      name: store.name,
      location: store.location,
      up: store.readAt === null && store.trouble === null ? null : store.trouble === null,
      readAt: store.readAt?.toISOString() ?? null,
      trouble: store.trouble && { message: store.trouble.message, since: store.trouble.since.toISOString() },
      objects: store.readAt === null ? null : store.objects,
      bytes: store.readAt === null ? null : store.bytes,
      freeBytes: store.freeBytes,
    })),
    backups: backups.slice(-MOST_BACKUPS).map(backup => ({
      id: backup.record.id,
      startedAt: backup.record.startedAt,
      finishedAt: backup.record.finishedAt,
      bytes: bytesOf(backup.record.artifacts),
      usable: isUsable(backup),
      suspect: backup.record.suspect,
      warnings: backup.record.warnings ?? [],
      accepted: backup.accepted,
      ahead: backup.ahead !== null,
      differing: backup.differing !== null,
      pinned: observation.pinned.has(backup.record.id),
      copies: copiesAsJson(copiesAsRead(backup)),
      verifications: observation.stores.flatMap(store => {
        const verification = store.verifications.get(backup.record.id);
        return verification ? [{ store: store.name, finishedAt: verification.finishedAt, faults: verification.faults }] : [];
      }),
    })),
    drills: observation.drills.slice(-MOST_DRILLS).map(({ id, backup, finishedAt, outcome, faults, seconds, rtoTargetSeconds }) =>
      ({ id, backup, finishedAt, outcome, faults, totalSeconds: seconds.total, rtoTargetSeconds })),
  };
}
