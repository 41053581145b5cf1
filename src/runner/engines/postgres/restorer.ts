import { PostgresBesideRestorer } from './restorer-beside';
import { PostgresInPlaceRestorer } from './restorer-in-place';
import { PostgresTargetConfig } from '../../../contract/config';
import { Restorer, RestorerContext } from '../../engine-api/restorer';

/** The restorer for the mode of the target. Reads its password, touches nothing else. */
export function openPostgresRestorer(target: PostgresTargetConfig, context: RestorerContext): Restorer {
  return target.mode === 'in-place' ? new PostgresInPlaceRestorer(target, context) : new PostgresBesideRestorer(target, context);
}
