import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact, RecordedImport } from '../../contract/record';
import { Backup } from '../catalog/catalog';
import { findBackup, isFoundDamaged, isUsable, latest } from '../catalog/choose-backup';
import { describeAhead } from '../catalog/clock';
import { copiesAsJson, copiesAsRead, describeFault, storesWithWhole } from '../catalog/copy-state';
import { itemsIn, totalOf } from '../catalog/counts';
import { warnOfPassedOver } from '../catalog/notes';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { formatAge, formatBytes, formatSeconds, formatTime } from '../core/format';
import { sum } from '../core/sum';
import { printable, renderTable } from '../core/table';
import { secondsSince } from '../monitor/assess';
import { BackupInspection, inspectBackups, reportInspection } from '../monitor/inspect-backups';
import { openStores } from '../stores/open';

export interface ShowOptions {
  /** `latest`, an id, or the name of a file. */
  readonly wanted: string;
  readonly json: boolean;
}

/** More tables than this are told as their sum. */
const MOST_COUNTS = 30;

/** Shows everything that the stores say about one backup. Reads no artifact. */
export async function show(context: Context<InspectionConfig>, { wanted, json }: ShowOptions): Promise<ExitCode> {
  const { config, reporter, signal, stdout } = context;
  const look = await inspectBackups(config.name, openStores(context), signal);
  const backup = findBackup(look.catalog, config.name, wanted);
  if (wanted === 'latest') warnOfPassedOver(look.catalog, backup, reporter);
  stdout.write(json ? `${JSON.stringify(asJson(backup, look), null, 2)}\n` : asText(backup, look, new Date()));
  return reportInspection(look, reporter);
}

function asJson(backup: Backup, look: BackupInspection) {
  const { record, accepted } = backup;
  return {
    ...record,
    latest: latest(look.catalog) === backup,
    usable: isUsable(backup),
    accepted,
    ahead: backup.ahead !== null,
    differing: backup.differing !== null,
    pinned: look.pinned.has(record.id),
    bytes: bytesOf(backup.record.artifacts),
    tookSeconds: secondsOf(backup.record),
    copies: copiesAsJson(copiesAsRead(backup)),
    verifications: look.stores.flatMap(({ verifications }) => verifications.get(record.id) ?? []),
    drills: look.drills.filter(drill => drill.backup === record.id),
  };
}

function asText(backup: Backup, look: BackupInspection, now: Date): string {
  const { record } = backup;
  const { source } = record;
  const facts: readonly (readonly [string, string])[] = [
    ['Backup', record.id + (latest(look.catalog) === backup ? ' (latest)' : '')],
    ['State', stateOf(backup, look)],
    ['Data from', `${formatTime(new Date(record.startedAt), now)} (${formatAge(new Date(record.startedAt), now)})`],
    ...record.imported ? importFacts(record.imported) : [['Took', formatSeconds(secondsOf(record))] as const],
    ['Size', formatBytes(bytesOf(backup.record.artifacts))],
    ['Source', `${source.engine} ${source.serverVersion} at ${source.address}${source.database === null ? '' : `, database ${source.database}`}`],
    ['Programs', Object.entries(record.tools).map(([program, version]) => `${program} ${version}`).join(', ')],
    ...(record.warnings ?? []).map(warning => ['Warning', warning] as const),
  ];
  const width = Math.max(...facts.map(([title]) => title.length));
  return [
    facts.map(([title, text]) => `${title.padEnd(width)}  ${printable(text)}\n`).join(''),
    renderTable(['FILE', 'BYTES', 'HOLDS', 'COMPRESSION', 'SEALED TO', 'SHA256'], record.artifacts.map(artifact => [
      artifact.file,
      String(artifact.bytes),
      `${artifact.role}${artifact.database === null ? '' : ` of ${artifact.database}`}${artifact.plainBytes === null ? '' : `, ${formatBytes(artifact.plainBytes)} plain`}`,
      artifact.compression.algorithm === 'none' ? 'none' : `${artifact.compression.algorithm} ${artifact.compression.level}`,
      artifact.recipients === undefined ? 'nobody' : `${artifact.recipients.length} recipient${artifact.recipients.length === 1 ? '' : 's'}`,
      artifact.sha256,
    ])),
    ...record.artifacts.map(countsOf).filter(text => text !== undefined),
    renderTable(['STORE', 'COPY', 'READ BACK'], [...copiesAsRead(backup)].map(([store, copy]) => {
      const verification = look.stores.find(({ name }) => name === store)?.verifications.get(record.id);
      const found = verification && `${secondsSince(verification.finishedAt, now) < 60 ? 'just now' : `${formatSeconds(secondsSince(verification.finishedAt, now))} ago`}: ${
        verification.faults.length === 0 ? `good${verification.formatRead ? ', format read to its end' : ''}` : verification.faults.join('; ')}${
        verification.repairedFrom === null ? '' : `, repaired from ${verification.repairedFrom}`}`;
      return [store, copy.kind === 'damaged' ? 'damaged' : describeFault(copy) ?? 'whole', found ?? 'never'];
    })),
    drillsOf(record.id, look),
  ].join('\n');
}

function importFacts({ from, at, timeFrom, checksumFile }: RecordedImport): (readonly [string, string])[] {
  return [
    ['Imported', `at ${at} from ${from}`],
    ['Time from', timeFrom],
    ['Checksum', checksumFile === null ? 'there was none beside it: it was read to its end' : `compared with ${checksumFile}`],
  ];
}

function stateOf(backup: Backup, { pinned }: BackupInspection): string {
  const { record: { id, suspect }, accepted, ahead, differing } = backup;
  const states = [
    differing ? `records differ between ${[...differing.keys()].join(' and ')}; this is that of ${[...differing.keys()][0]}` : undefined,
    ahead ? describeAhead(ahead) : undefined,
    suspect === null ? undefined : accepted ? `suspect, accepted: ${suspect}` : `suspect: ${suspect}; if it is right: cdk8s-backup accept ${id}`,
    isFoundDamaged(backup) ? 'every copy damaged' : undefined,
    differing || storesWithWhole(backup.copies).length > 0 ? undefined : 'no whole copy anywhere',
    pinned.has(id) ? 'pinned' : undefined,
  ].filter(text => text !== undefined);
  return states.join('; ') || 'ok';
}

function countsOf({ file, counts }: RecordedArtifact): string | undefined {
  const items = Object.entries(counts?.items ?? {});
  if (!counts || items.length === 0) return undefined;
  const title = `${counts.unit.toUpperCase()}${counts.precision === 'estimate' ? ' (ESTIMATE)' : ''}`;
  const total = totalOf(counts);
  const largest = [...items].sort(([, a], [, b]) => b - a).slice(0, MOST_COUNTS);
  const more = itemsIn(counts) - largest.length;
  return renderTable([title, `IN ${file}`], [
    ...largest.map(([item, count]) => [String(count), item]),
    ...more > 0 ? [[String(total - sum(largest.map(([, count]) => count))), `in ${more} more`]] : [],
    ...itemsIn(counts) > 1 ? [[String(total), 'in all']] : [],
  ]);
}

function drillsOf(id: string, { drills }: BackupInspection): string {
  const own = drills.filter(({ backup }) => backup === id);
  if (own.length === 0) return 'No restore drill has used it.\n';
  return renderTable(['DRILLED', 'OUTCOME', 'TOOK', 'FAULTS'], own.map(drill => [drill.startedAt, drill.outcome, formatSeconds(drill.seconds.total), drill.faults.join('; ')]));
}
