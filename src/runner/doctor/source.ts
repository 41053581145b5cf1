import { Check, fault, faultOf, DoctorFinding, ok, unchecked, warning } from './finding';
import { BackupConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { memoryLimit, memoryOutlook } from '../backup/memory';
import { InspectionConfig } from '../config/load';
import { roomIn } from '../core/disk';
import { messageOf } from '../core/errors';
import { formatBytes } from '../core/format';
import { describeLeft, leftScratch } from '../core/scratch';
import { sum } from '../core/sum';
import { Dump } from '../engine-api/source';
import { openSource } from '../engines/open';

/** Whether the database can be reached and read, and the programs are new enough for it. Changes nothing. */
export async function checkSource(config: BackupConfig, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Check> {
  const findings: DoctorFinding[] = [];
  let expectedBytes: number | null = null;
  let scratchBytes = 0;
  try {
    const { source, tools, warnings = [], dumps } = await openSource(config.source, env, config.scratch).inspect(config.compression, signal);
    expectedBytes = sum(dumps.map(dump => dump.expectedBytes));
    scratchBytes = Math.max(0, ...dumps.map(dump => dump.scratchBytes ?? 0)); // one after the other
    const databases = dumps.filter(({ role }) => role === 'data').map(({ database }) => database).filter(name => name !== null);
    findings.push(ok('database', `${source.engine} ${source.serverVersion} at ${source.address} can be read${databases.length > 0 ? `: ${databases.join(', ')}` : ''}`));
    findings.push(ok('programs', `${Object.entries(tools).map(([program, version]) => `${program} ${version}`).join(', ') || 'none are needed'}: new enough for the server`));
    findings.push(...warnings.map(message => warning('programs', message, null)), ...otherCompression(config, dumps));
    findings.push(...await checkMemory(dumps, signal));
  } catch (error) {
    signal.throwIfAborted();
    findings.push(faultOf('database', error));
  }
  findings.push(await checkScratch(config, scratchBytes), ...await checkLeft(config));
  return { findings, expectedBytes };
}

/** What only the config of a backup, in its pod, can tell: others have no password of the database, and may mount volumes for reading. */
export function sourceElsewhere(config: Exclude<InspectionConfig, BackupConfig>): DoctorFinding[] {
  const cronJob = 'cronJob' in config ? config.cronJob : 'NAME OF THE BACKUP';
  const advice = `run doctor with the config of the backup: "cdk8s-backup doctor --manifest FILE --job ${cronJob}", or a Job of CronJob ${cronJob} with the argument "doctor"`;
  return [
    unchecked('database', 'neither the database nor its programs, memory and scratch space are known here', advice),
    unchecked('stores', 'whether a backup can write to them, delete there and has room is not known here, where they are only read', advice),
  ];
}

async function checkMemory(dumps: readonly Dump[], signal: AbortSignal): Promise<DoctorFinding[]> {
  const outlook = await memoryOutlook(dumps, memoryLimit(), signal);
  if (outlook === null) return [];
  return [outlook.enough ? ok('memory', outlook.message) : warning('memory', outlook.message, outlook.advice)];
}

/** What `pg_dump` does not know it does in another way. */
function otherCompression({ compression: { algorithm, level } }: BackupConfig, dumps: readonly Dump[]): DoctorFinding[] {
  const other = dumps.find(({ compressedInside }) => compressedInside !== null && compressedInside.algorithm !== algorithm)?.compressedInside;
  if (!other) return [];
  return [ok('compression', `${algorithm} at level ${level} is not known to pg_dump of the server's version, which compresses with ${other.algorithm} at level ${other.level}`)];
}

async function checkLeft({ scratch }: BackupConfig): Promise<DoctorFinding[]> {
  const { dead, unknown } = await leftScratch(scratch);
  return [
    ...dead.length === 0 ? [] : [warning('scratch', `runs that were killed have left ${describeLeft(dead)} in ${scratch.directory}`, 'the next backup, restore, drill or verification with this scratch directory removes that')],
    ...unknown.length === 0 ? [] : [warning('scratch', `${describeLeft(unknown)} of other runs in ${scratch.directory}, a file system on which nobody can know whether they live`, `if none does, remove ${unknown.map(left => left.path).join(' and ')}`)],
  ];
}

/** @param needed while the largest of the dumps is made: what is copied as a whole, as SQLite */
async function checkScratch({ scratch }: BackupConfig, needed: number): Promise<DoctorFinding> {
  const { directory } = scratch;
  try {
    const room = await roomIn(scratch);
    const message = `${directory} has room for ${formatBytes(room)}`;
    if (room < needed) {
      return fault('scratch', `${message}, and the copy of the database needs up to ${formatBytes(needed)}`, 'raise \'scratchSize\', or free some disk of the node', ExitCode.NO_SPACE);
    }
    return room < 16_000_000 ? warning('scratch', message, 'free some disk of the node') : ok('scratch', message);
  } catch (error) {
    return fault('scratch', `${directory} can't be used: ${messageOf(error)}`, 'give \'scratch.directory\' another value with --set', ExitCode.NOT_FOUND);
  }
}
