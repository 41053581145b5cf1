import { PostgresScratch } from './postgres/drill-target';
import { RedisScratch } from './redis/drill-target';
import { SqliteScratch } from './sqlite/drill-target';
import { Scratch, ScratchContext } from '../engine-api/drill-target';

/** What the config says to restore into. Refuses what is no place for a drill; touches nothing. */
export function openScratch(context: ScratchContext): Scratch {
  const { target } = context.config;
  switch (target.engine) {
    case 'postgres': return new PostgresScratch(target, context);
    case 'redis': return new RedisScratch(target, context);
    case 'sqlite': return new SqliteScratch(target, context);
  }
}
