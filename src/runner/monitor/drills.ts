import { DrillRecord } from '../../contract/drill-record';
import { sum } from '../core/sum';

/*
 * Drills of a set are made member by member, so the newest of all says something about one of them only.
 */

/** What the history of drills comes to, oldest first as given. */
export interface DrillState {
  /** The newest drill; of a set, the newest of a member whose newest drill failed, if there is one. */
  readonly last: DrillRecord | undefined;
  /** The newest drill that passed; of a set, that of the member for which it is the longest ago. */
  readonly lastPassed: DrillRecord | undefined;
  /**
   * How long the newest drills took that got as far as their last check, those of all members together; `null` if none did. One that only took
   * too long has failed, and tells how long all the same.
   */
  readonly measuredSeconds: number | null;
}

export function stateOf(drills: readonly DrillRecord[]): DrillState {
  const members = [...new Set(drills.map(({ member }) => member))].map(member => drills.filter(drill => drill.member === member));
  const newest = members.map(own => own.at(-1)!);
  const passed = members.flatMap(own => own.findLast(({ outcome }) => outcome === 'passed') ?? []);
  const measured = members.flatMap(own => own.findLast(({ seconds }) => seconds.check !== null) ?? []);
  return {
    last: newest.find(({ outcome }) => outcome === 'failed') ?? drills.at(-1),
    lastPassed: [...passed].sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt))[0],
    measuredSeconds: measured.length === 0 ? null : sum(measured.map(({ seconds }) => seconds.total)),
  };
}

/** Whether a drill has failed only since it took longer than declared: everything was restored, and every check held. */
export function isOnlyLate({ outcome, checks, seconds, rtoTargetSeconds, faults }: DrillRecord): boolean {
  return outcome === 'failed' && faults.length === 1 && seconds.check !== null && checks.every(({ passed }) => passed)
    && rtoTargetSeconds !== null && seconds.total > rtoTargetSeconds;
}
