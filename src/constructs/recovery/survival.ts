import { ClusterLocation } from './recovery-objectives';
import { RecoveryScenario } from './recovery-scenario';
import { isSamePlace } from './regions';

/** A location as the rules below see it. */
export interface Place {
  readonly kind: 'node' | 'cluster' | 'zone' | 'region' | 'unknown';
  readonly region?: string;
  readonly zone?: string;
}

export interface Survival {
  readonly survives: boolean;
  /** What has to be said before the question can be answered. */
  readonly missing?: string;
}

const YES: Survival = { survives: true };
const NO: Survival = { survives: false };

/** Whether a store at `place` is there after the scenario. What nobody said counts as lost. */
export function survival(place: Place, scenario: RecoveryScenario, cluster: ClusterLocation): Survival {
  switch (scenario) {
    case RecoveryScenario.CORRUPTION: return YES;
    case RecoveryScenario.NODE_LOSS: return place.kind === 'node' ? NO : YES;
    default:
  }
  if (place.kind === 'node' || place.kind === 'cluster') return NO;
  if (place.kind === 'unknown') return unknown('the \'location\' of the store');
  switch (scenario) {
    case RecoveryScenario.ZONE_LOSS:
      if (place.kind === 'region') return YES;
      if (place.zone === undefined) return unknown('the zone of the store, in its \'location\'');
      if (cluster.zones === undefined || cluster.zones.length === 0) return unknown('\'cluster.zones\' of the objectives');
      return cluster.zones.some(zone => isSamePlace(zone, place.zone!)) ? NO : YES;
    case RecoveryScenario.REGION_LOSS:
      if (place.region === undefined) return unknown('the \'region\' of the store');
      if (cluster.region === undefined) return unknown('\'cluster.region\' of the objectives');
      return isSamePlace(cluster.region, place.region) ? NO : YES;
    default:
      return YES;
  }
}

function unknown(missing: string): Survival {
  return { survives: false, missing };
}
