/*
 * What properties about recovery take.
 */
import { ClusterLocation, RecoveryObjective, RecoveryObjectives, RestoreEstimate } from './recovery-objectives';
import { Retention } from './retention';
import { StoreLocation } from './store-location';
import { Form, needed, Takes } from '../core/form';
import { DURATION, instance, listOf, SIZE, struct, text } from '../core/takes';

export const RETENTION: Takes<Retention> = instance(Retention, 'a Retention', 'Retention.days(30)');
export const LOCATION: Takes<StoreLocation> = instance(StoreLocation, 'a StoreLocation', 'StoreLocation.region("eu-central-1")');

const OBJECTIVE: Form<RecoveryObjective> = { rpo: DURATION, rto: DURATION, preparation: DURATION };

export const CLUSTER: Takes<ClusterLocation> = struct<ClusterLocation>({
  region: text('eu-central-1'),
  zones: listOf(text('eu-central-1a')),
});

export const ESTIMATE: Takes<RestoreEstimate> = struct<RestoreEstimate>({
  backupSize: needed(SIZE),
  downloadPerSecond: needed({ ...SIZE, example: 'Size.mebibytes(100)' }),
  restorePerSecond: needed({ ...SIZE, example: 'Size.mebibytes(20)' }),
  slack: DURATION,
});

const SCENARIO: Takes<RecoveryObjective> = struct(OBJECTIVE);

export const OBJECTIVES: Takes<RecoveryObjectives> = struct<RecoveryObjectives>({
  rpo: DURATION,
  rto: DURATION,
  corruption: SCENARIO,
  nodeLoss: SCENARIO,
  zoneLoss: SCENARIO,
  regionLoss: SCENARIO,
  clusterLoss: SCENARIO,
  cluster: CLUSTER,
  restore: ESTIMATE,
  alertDelay: DURATION,
  humanDelay: DURATION,
  restoreHorizon: DURATION,
}, 'corruption');
