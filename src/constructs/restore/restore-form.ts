import { RestoreJobOptions, RestoreJobProps } from './restore-job-props';
import { RestorePoint } from './restore-point';
import { RestoreTrigger } from './restore-trigger';
import { RestoreWorkload } from './restore-workload';
import { BACKUP } from '../backup/takes';
import { Form } from '../core/form';
import { DURATION, instance, listOf, NUMBER, SIZE, text } from '../core/takes';
import { MODE, SOURCE } from '../engines/takes';
import { DECRYPTION, ENCRYPTION, LABELS, NETWORK, RESOURCES, RUNNER_POD } from '../pod/takes';
import { S3_CREDENTIALS_BY_STORE, STORES } from '../stores/takes';

export const WORKLOADS = listOf(instance(RestoreWorkload, 'a RestoreWorkload', 'RestoreWorkload.fromDeploymentName("api")'));
export const HEALTH_URL = text('http://backend:8080/health');

export const RESTORE_OPTIONS: Form<RestoreJobOptions> = {
  ...RUNNER_POD,
  ...NETWORK,
  target: SOURCE,
  stores: STORES,
  s3Credentials: S3_CREDENTIALS_BY_STORE,
  backupName: text('orders'),
  restorePoint: instance(RestorePoint, 'a RestorePoint', 'RestorePoint.named("orders_20261122_020000")'),
  mode: MODE,
  decryption: DECRYPTION,
  encryption: ENCRYPTION,
  trigger: instance(RestoreTrigger, 'a RestoreTrigger', 'RestoreTrigger.TEMPLATE'),
  workloads: WORKLOADS,
  healthUrl: HEALTH_URL,
  cronJobName: text('db-restore'),
  labels: LABELS,
  resources: RESOURCES,
  activeDeadline: DURATION,
  backoffLimit: NUMBER,
  scratchSize: SIZE,
  terminationGracePeriod: { ...DURATION, example: 'Duration.seconds(30)' },
};

/** What the props of a restore take. */
export const RESTORE_FORM: Form<RestoreJobProps> = { ...RESTORE_OPTIONS, backup: BACKUP };
