import { targetOf } from './restore';
import { DRILL_DATABASE } from '../../../contract/config';
import { EngineDrill } from '../../engine-api/drill';
import { SCRATCH } from '../../parts/pod-parts';

/** How a drill restores SQLite. */
export const SQLITE_DRILL: EngineDrill<'sqlite'> = {
  properties: ['assertions', 'freshness'],
  assertedBy: 'assertions',
  target: (source, { assertions }) => targetOf({ assertions, keepPrevious: false })({ ...source, path: `${SCRATCH}/${DRILL_DATABASE}.db` }),
  // It has one statement at a time.
  checkFreshness: () => undefined,
  server: null,
};
