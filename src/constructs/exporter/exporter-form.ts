import { BackupExporterOptions, BackupExporterProps } from './backup-exporter-props';
import { BACKUP } from '../backup/takes';
import { Form, needed } from '../core/form';
import { DURATION, FLAG, instance, listOf, mapOf, NUMBER, text } from '../core/takes';
import { DRILLS } from '../drill/takes';
import { LABELS, NETWORK, RESOURCES, RUNNER_POD } from '../pod/takes';
import { RestoreJob } from '../restore/restore-job';
import { S3_CREDENTIALS_BY_STORE } from '../stores/takes';

export const EXPORTER_OPTIONS: Form<BackupExporterOptions> = {
  ...RUNNER_POD,
  ...NETWORK,
  exporterName: text('backup-exporter'),
  cluster: text('eu-1'),
  environment: text('production'),
  runbookUrl: text('https://git.example.com/shop/dist/RUNBOOK.md'),
  volumes: FLAG,
  s3Credentials: S3_CREDENTIALS_BY_STORE,
  refresh: DURATION,
  maxVerificationAge: DURATION,
  maxDrillAge: DURATION,
  port: { ...NUMBER, example: '8080' },
  serviceMonitorLabels: mapOf(text('kube-prometheus-stack'), 'release'),
  labels: LABELS,
  resources: RESOURCES,
};

/** What the props of an exporter take. */
export const EXPORTER_FORM: Form<BackupExporterProps> = {
  ...EXPORTER_OPTIONS,
  backups: needed(listOf(BACKUP)),
  restores: listOf(instance(RestoreJob, 'a RestoreJob', 'a RestoreJob that the app defines')),
  drills: DRILLS,
};
