import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** Each part is kept in memory until the service has it, for a retry: services would take larger ones. */
const MAX_PART_BYTES = GiB;
/** Small enough to be cheap to repeat, large enough that 10,000 of them hold 156 GiB. */
const MIN_PART_BYTES = 16 * MiB;
/** Memory for parts. Of parts up to half of the second, two have room: one is filled while the other is sent. A larger one has its own size. */
const MEMORY_BYTES = 256 * MiB;
const MAX_MEMORY_BYTES = 512 * MiB;
/** Four on their way, and the one that is being filled. */
const MAX_BUFFERS = 5;

/** What a service takes for one object. */
export interface PartLimits {
  readonly maxParts: number;
  readonly maxObjectBytes: number;
  /** How to have more parts, for the end of a message, with its comma; empty where there is no way. */
  readonly moreParts: string;
}

/** How a body is cut into parts. */
export interface PartPlan {
  readonly partBytes: number;
  /** How many of them are in memory, all together: on their way, or being filled. */
  readonly buffers: number;
  readonly maxParts: number;
  /** See {@link PartLimits}. */
  readonly moreParts: string;
}

/**
 * Chooses the size of the parts.
 *
 * @param expectedBytes estimate of the whole; `null` for small bodies
 */
export function planParts(expectedBytes: number | null, { maxParts, maxObjectBytes, moreParts }: PartLimits): PartPlan {
  const expected = expectedBytes ?? 0;
  const most = Math.min(maxObjectBytes, maxParts * MAX_PART_BYTES);
  if (expected > most) {
    throw new RunnerError(
      `about ${Math.ceil(expected / GiB)} GiB are expected, and an object of ${maxParts} parts can have ${Math.floor(most / GiB)} GiB: ` +
        `back the databases up one by one or leave tables out,${moreParts} or use a volume`,
      ExitCode.BAD_CONFIG,
    );
  }
  // Twice as large as the estimate asks for: an upload that runs out of parts after hours is worth nothing.
  const wanted = Math.ceil(2 * expected / maxParts / MiB) * MiB;
  const partBytes = Math.min(Math.max(wanted, MIN_PART_BYTES), MAX_PART_BYTES);
  const buffers = Math.min(MAX_BUFFERS, Math.max(Math.floor(MEMORY_BYTES / partBytes), 2 * partBytes <= MAX_MEMORY_BYTES ? 2 : 1));
  return { partBytes, buffers, maxParts, moreParts };
}
