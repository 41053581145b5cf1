import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';

/**
 * Refuses a backup that can't have room on the volume of the scratch server.
 *
 * The server's volume can't be looked at from here, so its declared size has to do; and how large a dump becomes can't be known before:
 * what is refused is what is too large for certain.
 *
 * @param leastBytes that it takes
 */
export function refuseTooLarge(id: string, leastBytes: number, dataBytes: number | null): void {
  if (dataBytes === null || leastBytes <= dataBytes) return;
  throw new RunnerError(
    `${id} needs ${formatBytes(leastBytes)} and more on the volume of the scratch server, which has ${formatBytes(dataBytes)}: give the drill a larger 'dataVolume'`,
    ExitCode.NO_SPACE,
  );
}
