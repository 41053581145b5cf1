import { fault, DoctorFinding, warning } from './finding';
import { ExitCode } from '../../contract/exit-code';
import { RECORD_SUFFIX } from '../../contract/layout';
import { readCatalog } from '../catalog/catalog';
import { describeAhead } from '../catalog/clock';
import { InspectionConfig } from '../config/load';
import { RunnerError } from '../core/errors';
import { openStore } from '../stores/open';

/** What is wrong with backups that only their times, and all stores together, show. That a store can't be read is told of the store. */
export async function checkCatalog({ name, stores }: InspectionConfig, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DoctorFinding[]> {
  try {
    const { backups } = await readCatalog(name, stores.map(store => openStore(store, env)), signal);
    return backups.flatMap(({ record: { id }, ahead, differing }) => [
      ...differing
        ? [fault(`backup ${id}`, `its records differ between ${[...differing.keys()].join(' and ')}: one of them was changed, and which is right can't be told by a program`,
          `compare ${id + RECORD_SUFFIX} in both; until one is removed, "cdk8s-backup restore --store NAME" takes that of the store that you trust`, ExitCode.CORRUPT)]
        : [],
      ...ahead
        ? [warning(`backup ${id}`, `it is never the latest, for it is ${describeAhead(ahead)}`,
          'set the clock of the machine that took it by NTP; "restore" takes it where it is named, and prune keeps it until its time is old')]
        : [],
    ]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunnerError) return [];
    throw error;
  }
}
