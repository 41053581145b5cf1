import { BackupCronJobOptions, BackupCronJobProps } from './backup-cron-job-props';
import { BackupPruneOptions } from './backup-prune-options';
import { BackupVerifyOptions } from './backup-verify-options';
import { Form, needed } from '../core/form';
import { CRON, DURATION, FLAG, NUMBER, SERVICE_ACCOUNT, SIZE, struct, text } from '../core/takes';
import { SOURCE } from '../engines/takes';
import { COMPRESSION, ENCRYPTION, LABELS, NETWORK, RESOURCES, RUNNER_POD } from '../pod/takes';
import { OBJECTIVES, RETENTION } from '../recovery/takes';
import { S3_CREDENTIALS_BY_STORE, STORES } from '../stores/takes';

const TIME_ZONE = text('Europe/Berlin');

const PRUNE: Form<BackupPruneOptions> = {
  schedule: needed(CRON),
  timeZone: TIME_ZONE,
  activeDeadline: DURATION,
  serviceAccount: SERVICE_ACCOUNT,
  s3Credentials: S3_CREDENTIALS_BY_STORE,
};

const VERIFY: Form<BackupVerifyOptions> = {
  schedule: needed(CRON),
  timeZone: TIME_ZONE,
  olderPercent: { ...NUMBER, example: '10' },
  repair: FLAG,
  activeDeadline: DURATION,
  s3Credentials: S3_CREDENTIALS_BY_STORE,
};

export const BACKUP_OPTIONS: Form<BackupCronJobOptions> = {
  ...RUNNER_POD,
  ...NETWORK,
  schedule: CRON,
  onDemand: FLAG,
  timeZone: TIME_ZONE,
  backupName: text('orders'),
  cronJobName: text('db-backup'),
  retention: RETENTION,
  prune: struct(PRUNE),
  verify: struct(VERIFY),
  objectives: OBJECTIVES,
  compression: COMPRESSION,
  encryption: ENCRYPTION,
  suspectBelowPercent: { ...NUMBER, example: '50' },
  pushgatewayUrl: text('http://pushgateway:9091'),
  labels: LABELS,
  resources: RESOURCES,
  activeDeadline: DURATION,
  startingDeadline: DURATION,
  backoffLimit: NUMBER,
  successfulJobsRetained: NUMBER,
  failedJobsRetained: NUMBER,
  scratchSize: SIZE,
  terminationGracePeriod: { ...DURATION, example: 'Duration.seconds(30)' },
};

/** What the props of a backup take. */
export const BACKUP_FORM: Form<BackupCronJobProps> = { ...BACKUP_OPTIONS, source: needed(SOURCE), stores: needed(STORES) };
