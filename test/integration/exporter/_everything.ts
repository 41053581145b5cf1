import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { hoursAgo, plantDrill, plantFailedRun, plantMonth, plantVerification } from './_stores';
import { tempDir } from '../servers/_process';

/** A directory with a month of backups, verified, drilled, and a run that failed after them. */
export function everything(): string {
  const directory = tempDir('exporter');
  const ids = plantMonth([directory], 'app');
  plantVerification(directory, ids.at(-1)!, 'volume', hoursAgo(3));
  plantVerification(directory, ids.at(-2)!, 'volume', hoursAgo(3), ['damaged']);
  plantDrill(directory, 'app', hoursAgo(30), { backup: ids.at(-1)! });
  plantDrill(directory, 'app', hoursAgo(2), { outcome: 'failed', faults: ['x'] });
  plantFailedRun(directory, 'app', hoursAgo(1), 'out of order');
  writeFileSync(path.join(directory, `${ids[3]}.pinned`), '');
  writeFileSync(path.join(directory, 'app.hold'), '');
  return directory;
}
