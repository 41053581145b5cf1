import { BackupAlertRulesOptions, BackupAlertRulesProps } from './backup-alert-rules-props';
import { BACKUP } from '../backup/takes';
import { Form, needed } from '../core/form';
import { FLAG, listOf, mapOf, text } from '../core/takes';
import { DRILLS } from '../drill/takes';
import { LABELS } from '../pod/takes';

export const ALERTS_OPTIONS: Form<BackupAlertRulesOptions> = {
  ruleName: text('backup-alerts'),
  prometheusRule: FLAG,
  ruleLabels: mapOf(text('kube-prometheus-stack'), 'release'),
  alertLabels: LABELS,
  runbookUrl: text('https://wiki.example.com/backups'),
  runnerMetrics: FLAG,
  namespace: text('shop'),
  namespaceLabel: text('namespace'),
  kubeletNamespaceLabel: text('namespace'),
  matchLabels: LABELS,
  dashboardLabels: LABELS,
  dashboardConfigMap: FLAG,
  folder: text('monitoring'),
};

/** What the props of alert rules take. */
export const ALERTS_FORM: Form<BackupAlertRulesProps> = { ...ALERTS_OPTIONS, backups: needed(listOf(BACKUP)), drills: DRILLS };
