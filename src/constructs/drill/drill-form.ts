import { DrillVolume } from './drill-volume';
import { DrillFreshness, RestoreDrillOptions, RestoreDrillProps } from './restore-drill-props';
import { BACKUP } from '../backup/takes';
import { Form, needed } from '../core/form';
import { CRON, DURATION, instance, listOf, NUMBER, SIZE, struct, text } from '../core/takes';
import { REDIS_ASSERTION } from '../engines/redis/takes';
import { DECRYPTION, LABELS, NETWORK, RESOURCES, RUNNER_POD } from '../pod/takes';
import { S3_CREDENTIALS_BY_STORE } from '../stores/takes';

const FRESHNESS: Form<DrillFreshness> = { sql: needed(text('SELECT max(created_at) FROM orders')), maxAge: needed({ ...DURATION, example: 'Duration.days(1)' }) };

export const DRILL_OPTIONS: Form<RestoreDrillOptions> = {
  ...RUNNER_POD,
  ...NETWORK,
  s3Credentials: S3_CREDENTIALS_BY_STORE,
  decryption: DECRYPTION,
  timeZone: text('Europe/Berlin'),
  cronJobName: text('db-drill'),
  databaseName: text('orders'),
  assertions: listOf(text('SELECT count(*) > 0 FROM users')),
  keys: listOf(REDIS_ASSERTION),
  freshness: listOf(struct(FRESHNESS)),
  tablesThatMayBeEmpty: listOf(text('public.queue')),
  parallelJobs: NUMBER,
  serverImage: text('postgres:17'),
  serverArgs: listOf(text('-c')),
  serverResources: RESOURCES,
  serverUser: NUMBER,
  serverStartTimeout: DURATION,
  dataVolume: instance(DrillVolume, 'a DrillVolume', 'DrillVolume.claim(Size.gibibytes(20))'),
  scratchSize: SIZE,
  keepDrills: NUMBER,
  activeDeadline: DURATION,
  startingDeadline: DURATION,
  backoffLimit: NUMBER,
  successfulJobsRetained: NUMBER,
  failedJobsRetained: NUMBER,
  labels: LABELS,
  resources: RESOURCES,
  terminationGracePeriod: { ...DURATION, example: 'Duration.seconds(30)' },
};

/** What the props of a drill take. */
export const DRILL_FORM: Form<RestoreDrillProps> = {
  ...DRILL_OPTIONS,
  backup: needed(BACKUP),
  member: text('db'),
  schedule: needed({ ...CRON, example: 'Cron.weekly()' }),
};
