import { databaseOf, engineOf } from './table';
import { ScratchConfig, SourceConfig } from '../../contract/config';
import { DrillTarget, DrillTargetContext } from '../engine-api/drill-target';
import { Restorer, RestorerContext } from '../engine-api/restorer';
import { Source } from '../engine-api/source';

/** The source that `config` describes. Reads its password, touches nothing else. */
export function openSource(config: SourceConfig, env: NodeJS.ProcessEnv, scratch: ScratchConfig): Source {
  return engineOf(config).openSource(config, { env, scratch });
}

/** The restorer for the target of the config. Reads its password, touches nothing else. */
export function openRestorer(context: RestorerContext): Restorer {
  const { target } = context.config;
  return engineOf(target).openRestorer(target, context);
}

/** What the config says to restore into. Refuses what is no place for a drill; touches nothing. */
export function openDrillTarget(context: DrillTargetContext): DrillTarget {
  const { target } = context.config;
  return databaseOf(target).openDrillTarget(target, context);
}
