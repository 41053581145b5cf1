import { totalmem } from 'node:os';
import { messageOf } from '../core/errors';
import { formatBytes } from '../core/format';
import { Dump, MemoryNeed } from '../engine-api/source';

const MiB = 1024 ** 2;
/** Of the runner itself at its peak, with four parts of an upload. */
const RUNNER_BYTES = 256 * MiB;
/** For all databases together: a backup does not wait longer for an estimate. */
const LOOK_MS = 30_000;
/** Limits are advised in steps of this, and with a tenth more than is expected. */
const STEP_BYTES = 64 * MiB;
const RESERVE = 1.1;

/** Whether the memory is enough for a backup, as a sentence, and what to do if it is not. */
export interface MemoryOutlook {
  readonly enough: boolean;
  readonly message: string;
  /** `null` if nothing has to be done. */
  readonly advice: string | null;
}

/** What the container may use; `null` where nothing limits it but the machine. */
export function memoryLimit(): number | null {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : null;
}

/**
 * Compares what the dumps are expected to need with the limit of the container. Dumps are taken one after the other, so the largest counts.
 *
 * @returns `null` where no dump needs memory of its own
 */
export async function memoryOutlook(dumps: readonly Dump[], limit: number | null, signal: AbortSignal): Promise<MemoryOutlook | null> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  let largest: MemoryNeed | null = null;
  let unknown: string | null = null;
  for (const { memory, database } of dumps) {
    if (!memory) continue;
    try {
      const need = await memory(within);
      if (largest === null || need.bytes > largest.bytes) largest = need;
    } catch (error) {
      signal.throwIfAborted();
      unknown = `how much memory the dump of ${database} needs can't be estimated: ${within.aborted ? `${LOOK_MS / 1000} s are not enough to look` : messageOf(error)}`;
      if (within.aborted) break;
    }
  }
  const known = largest && outlook(largest, limit);
  if (unknown === null || known?.enough === false) return known;
  return { enough: true, message: known ? `${known.message}; ${unknown}` : unknown, advice: null };
}

function outlook({ bytes, what }: MemoryNeed, limit: number | null): MemoryOutlook {
  const needed = bytes + RUNNER_BYTES;
  const estimate = `about ${formatBytes(needed)} are needed, by an estimate: ${formatBytes(bytes)} by ${what}, and ${formatBytes(RUNNER_BYTES)} by the runner`;
  if (limit === null) return { enough: true, message: `${estimate}; the container has no limit`, advice: null };
  const fitting = Math.ceil(needed * RESERVE / STEP_BYTES) * STEP_BYTES / MiB;
  return needed <= limit
    ? { enough: true, message: `${estimate}; the container may use ${formatBytes(limit)}`, advice: null }
    : {
      enough: false,
      message: `${estimate}; the container may use ${formatBytes(limit)}, and what needs more is killed`,
      advice: `raise the limit to ${fitting}Mi, which is 'resources.memory.limit'`,
    };
}
