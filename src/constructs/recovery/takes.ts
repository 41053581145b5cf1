/*
 * What properties about recovery take.
 */
import { ClusterLocation, RecoveryObjective, RecoveryObjectives, RestoreEstimate } from './recovery-objectives';
import { Retention } from './retention';
import { StoreLocation } from './store-location';
import { Form, needed, Takes } from '../core/form';
import { DURATION, instance, listOf, SIZE, struct, text } from '../core/takes';

export const RETENTION: Takes<Retention> = instance(Retention, 'a Retention', 'Retention.days(30)');
export const LOCATION: Takes<StoreLocation> = instance(StoreLocation, 'a StoreLocation', 'StoreLocation.region(\'eu-central-1\')');

const OBJECTIVE: Form<RecoveryObjective> = { rpo: DURATION, rto: DURATION, preparation: DURATION };

const CLUSTER: Form<ClusterLocation> = { region: text('eu-central-1'), zones: listOf(text('eu-central-1a')) };

const ESTIMATE: Form<RestoreEstimate> = {
  backupSize: needed(SIZE),
  downloadPerSecond: needed({ ...SIZE, example: 'Size.mebibytes(100)' }),
  restorePerSecond: needed({ ...SIZE, example: 'Size.mebibytes(20)' }),
  slack: DURATION,
};

const SCENARIO: Takes<RecoveryObjective> = struct('{ rpo: Duration.hours(26) }', OBJECTIVE);

export const OBJECTIVES: Takes<RecoveryObjectives> = struct<RecoveryObjectives>('{ corruption: { rpo: Duration.hours(26) } }', {
  rpo: DURATION,
  rto: DURATION,
  corruption: SCENARIO,
  nodeLoss: SCENARIO,
  zoneLoss: SCENARIO,
  regionLoss: SCENARIO,
  clusterLoss: SCENARIO,
  cluster: struct('{ region: \'eu-central-1\' }', CLUSTER),
  restore: struct('{ backupSize: Size.gibibytes(10), downloadPerSecond: Size.mebibytes(100), restorePerSecond: Size.mebibytes(20) }', ESTIMATE),
  alertDelay: DURATION,
  humanDelay: DURATION,
  restoreHorizon: DURATION,
});
