import { ProtectedData, ProtectionOptions, RecoveryPlanPart, RecoveryPlanProps } from './recovery-plan-props';
import { ALERTS_OPTIONS } from '../alerts/alerts-form';
import { BACKUP_OPTIONS } from '../backup/backup-form';
import { FOR_BACKUPS_FORM } from '../bucket/bucket-forms';
import { Form, needed } from '../core/form';
import { CRON, DURATION, FLAG, listOf, mapOf, oneOf, struct } from '../core/takes';
import { DRILL_OPTIONS } from '../drill/drill-form';
import { SOURCE } from '../engines/takes';
import { EXPORTER_OPTIONS } from '../exporter/exporter-form';
import { DECRYPTION, ENCRYPTION } from '../pod/takes';
import { RecoveryScenario } from '../recovery/recovery-scenario';
import { CLUSTER, ESTIMATE, RETENTION } from '../recovery/takes';
import { HEALTH_URL, RESTORE_OPTIONS, WORKLOADS } from '../restore/restore-form';
import { RUNBOOK_FORM } from '../runbook/runbook-form';
import { STORES } from '../stores/takes';

const PROTECTION: Form<ProtectionOptions> = {
  rpo: { ...DURATION, example: 'Duration.hours(27)' },
  rto: DURATION,
  estimate: ESTIMATE,
  scenarios: listOf(oneOf(RecoveryScenario, 'RecoveryScenario')),
  noticedWithin: { ...DURATION, example: 'Duration.days(3)' },
  onDemand: FLAG,
  retention: RETENTION,
  encryption: ENCRYPTION,
  decryption: DECRYPTION,
  application: WORKLOADS,
  healthUrl: HEALTH_URL,
  drillSchedule: { ...CRON, example: 'Cron.weekly()' },
  backup: struct(BACKUP_OPTIONS, 'image'),
  restore: struct(RESTORE_OPTIONS, 'healthUrl'),
  drill: struct(DRILL_OPTIONS, 'assertions'),
};

const DATA: Form<ProtectedData> = { ...PROTECTION, source: needed(SOURCE) };

/** What the props of a plan take. */
export const PLAN_FORM: Form<RecoveryPlanProps> = {
  ...PROTECTION,
  data: mapOf(struct(DATA, 'rpo'), 'db'),
  source: SOURCE,
  stores: needed(STORES),
  cluster: CLUSTER,
  exporter: struct(EXPORTER_OPTIONS, 'serviceMonitorLabels'),
  alerts: struct(ALERTS_OPTIONS, 'ruleLabels'),
  lifecycle: struct(FOR_BACKUPS_FORM, 'provider'),
  runbook: struct(RUNBOOK_FORM, 'url'),
  without: listOf(oneOf(RecoveryPlanPart, 'RecoveryPlanPart')),
};
