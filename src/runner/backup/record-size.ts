import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { artifactFile, backupId } from '../../contract/layout';
import { RECORD_VERSION } from '../../contract/record';
import { MAX_COUNTS_BYTES } from '../catalog/counts';
import { MAX_RECORD_BYTES, renderRecord } from '../catalog/record';
import { RunnerError } from '../core/errors';
import { Dump, Inspection } from '../engine-api/source';

/**
 * Refuses a backup whose record could not be read afterwards. Known before anything is dumped: what varies later, the counts, is bounded.
 *
 * @throws RunnerError that says how many databases are too many
 */
export function refuseUnreadable({ source, members, tools, dumps }: Inspection, { name, stores, compression, encryption }: BackupConfig): void {
  const now = new Date();
  const id = backupId(name, now);
  const artifact = ({ part, extension, role, member, database }: Dump) => ({
    file: artifactFile(id, part, extension, compression.algorithm, encryption !== null),
    ...member !== undefined && { member },
    role,
    database,
    bytes: Number.MAX_SAFE_INTEGER,
    sha256: '0'.repeat(64),
    compression: { ...compression, where: 'outside' as const },
    plainBytes: Number.MAX_SAFE_INTEGER,
    counts: { precision: 'estimate' as const, unit: 'rows' as const, items: {}, unlisted: { items: Number.MAX_SAFE_INTEGER, total: Number.MAX_SAFE_INTEGER } },
    ...encryption && { recipients: encryption.recipients },
  });
  const bytes = MAX_COUNTS_BYTES + Buffer.byteLength(renderRecord({
    version: RECORD_VERSION,
    id,
    name,
    source,
    ...members && { members },
    startedAt: now.toISOString(),
    finishedAt: now.toISOString(),
    tools,
    artifacts: dumps.map(artifact),
    stores: stores.map(store => store.name),
    suspect: null,
  }));
  if (bytes <= MAX_RECORD_BYTES) return;
  throw new RunnerError(
    `${dumps.length} databases are too many for one backup: its record could have ${Math.ceil(bytes / 1024 ** 2)} MiB, and no more than ${MAX_RECORD_BYTES / 1024 ** 2} MiB are read again. `
      + 'Give each database, or those that belong together, a backup of its own',
    ExitCode.BAD_CONFIG,
  );
}
