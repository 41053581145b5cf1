import { ageLimit, Chosen, chosenBackups, chosenCronJobs } from './chosen';
import { Column, tablePanel, until } from './panels';
import { NEAR, restorable, RESTORABLE_STEPS, RESTORABLE_WORDS, shareOf } from './tiles';
import { Metrics } from '../../../contract/metrics';
import { AlertContext, AlertTarget } from '../rules/target';

/** The table below the tiles: which backup it is. */
export function eachBackup(context: AlertContext, targets: readonly AlertTarget[]): object {
  return context.runnerMetrics ? byExporter(context, targets) : byCronJobs(context, targets);
}

function byExporter(context: AlertContext, targets: readonly AlertTarget[]): object {
  const backups = chosenBackups(context, targets);
  const max = (metric: { readonly name: string }) => backups.max(metric.name);
  const age = `time() - ${max(Metrics.LAST_RECOVERY_POINT)}`;
  return tablePanel('Each backup', 'As the BackupExporter sees it; whatever the store.', [['backup_namespace', 'Namespace'], ['backup', 'Backup']], [
    { title: 'Restorable', unit: 'short', expr: restorable(backups), words: RESTORABLE_WORDS, steps: RESTORABLE_STEPS },
    { title: 'Age', unit: 's', expr: age },
    ...share(backups, age),
    { title: 'Restore takes', unit: 's', expr: max(Metrics.MEASURED_RTO) },
    { title: 'Last drill', unit: 's', expr: `time() - ${max(Metrics.LAST_DRILL)}` },
    { title: 'Drill failed', unit: 'short', expr: max(Metrics.LAST_DRILL_FAILED), words: { 0: 'no', 1: 'yes' }, steps: until(1) },
    { title: 'Read back', unit: 's', expr: `time() - ${max(Metrics.LAST_VERIFICATION)}` },
    { title: 'Damaged', unit: 'short', expr: max(Metrics.VERIFICATION_FAILED), steps: until(1) },
    { title: 'Backups', unit: 'short', expr: max(Metrics.BACKUPS) },
    { title: 'Newest', unit: 'bytes', expr: max(Metrics.LAST_SIZE) },
  ]);
}

function byCronJobs(context: AlertContext, targets: readonly AlertTarget[]): object {
  const jobs = chosenCronJobs(context, targets);
  const age = `time() - ${jobs.max('kube_cronjob_status_last_successful_time')}`;
  return tablePanel('Each backup', 'As kube-state-metrics sees its CronJob.', [[context.namespaceLabel, 'Namespace'], ['cronjob', 'CronJob']], [
    { title: 'Age', unit: 's', expr: age },
    ...share(jobs, age),
  ]);
}

function share(chosen: Chosen, seconds: string): Column[] {
  const limits = chosen.limits(ageLimit);
  return limits === undefined ? [] : [{ title: 'Of its limit', unit: 'percentunit', expr: shareOf(chosen, seconds, limits), steps: until(1, NEAR) }];
}
