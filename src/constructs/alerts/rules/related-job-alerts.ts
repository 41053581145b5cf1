import { CronJobQueries } from './cron-job-queries';
import { AlertRule, alertRule } from './rule';
import { RelatedJob, AlertContext, AlertTarget, overdueSeconds } from './target';
import { showSeconds } from '../../core/check';

/** Names of the alerts, and what they say about what is wrong and where to look. */
const TEXTS = {
  verification: {
    failed: 'BackupVerificationFailed',
    stale: 'BackupVerificationStale',
    failedSummary: (backup: string) => `A copy of backup ${backup} did not stand its verification`,
    failedMeaning: 'names the backup and the store whose copy is damaged or missing, and what to do about it',
    staleSummary: (backup: string) => `Nobody has read backup ${backup} back`,
    staleMeaning: 'a damaged copy would not be noticed',
  },
  drill: {
    failed: 'BackupDrillFailed',
    stale: 'BackupDrillStale',
    failedSummary: (backup: string) => `The restore drill of ${backup} failed`,
    failedMeaning: 'says which check did not hold: until that is mended, count on no restore',
    staleSummary: (backup: string) => `No restore of ${backup} was rehearsed`,
    staleMeaning: 'whether a restore would succeed is not known',
  },
} as const;

/** Alerts on the verification or the drills of a backup, from kube-state-metrics: there with and without the runner's own metrics. */
export function relatedJobRules(context: AlertContext, target: AlertTarget, companion: RelatedJob): AlertRule[] {
  const { namespace, cronJob: backup } = target;
  const { cronJob, kind } = companion;
  const texts = TEXTS[kind];
  const queries = new CronJobQueries(context, namespace, cronJob);
  const labels = { namespace, cronjob: cronJob, backup: target.backup };
  const seconds = overdueSeconds(companion);
  const runNow = `kubectl create job --from=cronjob/${cronJob} ${cronJob}-now -n ${namespace}`;
  return [
    alertRule(context, {
      alert: texts.failed,
      severity: 'critical',
      for: '1m',
      expr: queries.newestFailed(),
      summary: texts.failedSummary(backup),
      description: `The ${kind} that started at {{ $value | humanizeTimestamp }} failed, and none has succeeded since. First: kubectl get jobs -n ${namespace}, then kubectl logs job/NAME -n ${namespace} of the newest ${cronJob} that is Failed: it ${texts.failedMeaning}. Then again: ${runNow}`,
      labels,
    }),
    alertRule(context, {
      alert: texts.stale,
      severity: 'warning',
      for: '5m',
      expr: queries.noSuccessFor(seconds),
      summary: texts.staleSummary(backup),
      description: `No ${kind} has succeeded for {{ $value | humanizeDuration }}; ${showSeconds(seconds)} is what schedule and deadline allow. Until then ${texts.staleMeaning}. First: kubectl describe cronjob/${cronJob} -n ${namespace}; then: ${runNow}`,
      labels,
    }),
  ];
}

/** The two alerts of a companion, as tests name them. */
export function companionAlerts({ kind }: RelatedJob): { readonly failed: string; readonly stale: string } {
  return { failed: `${TEXTS[kind].failed}/critical`, stale: `${TEXTS[kind].stale}/warning` };
}
