import { RestoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { Store } from '../store-api/store';

/** The stores that a restore reads from: all, or the one that somebody has named. What is there before is stored in all of them. */
export function readFrom({ store }: Pick<RestoreConfig, 'store'>, stores: readonly Store[]): readonly Store[] {
  const found = store === null ? stores : stores.filter(({ name }) => name === store);
  if (found.length > 0) return found;
  throw new RunnerError(`there is no store ${store}; the config has ${stores.map(({ name }) => name).join(', ')}`, ExitCode.USAGE);
}
