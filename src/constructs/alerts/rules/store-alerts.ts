import { CronJobQueries } from './cron-job-queries';
import { AlertRule, alertRule, series } from './rule';
import { AlertContext, AlertTarget, rememberedSeconds, storeTooOldSeconds } from './target';
import { Metrics } from '../../../contract/metrics';
import { showSeconds } from '../../core/check';

/** A dump can be this much larger than the one before. */
const ROOM = 1.2;

/** Alerts on what is in the stores, from the runner's own metrics. */
export function storeRules(context: AlertContext, target: AlertTarget): AlertRule[] {
  const { backup, cronJob, namespace } = target;
  const labels = { namespace, cronjob: cronJob, backup };
  const of = (metric: { readonly name: string }, store?: string) =>
    series(metric.name, { ...context.matchLabels, backup_namespace: namespace, backup, ...store === undefined ? {} : { store } });
  const list = `cdk8s-backup list --manifest FILE --job ${cronJob}`;
  const rules = [
    alertRule(context, {
      alert: 'BackupStoreUnreadable',
      severity: 'warning',
      for: '30m',
      expr: `max by (backup, store) (${of(Metrics.STORE_UP)}) == 0`,
      summary: `Store {{ $labels.store }} of backup ${cronJob} can't be read`,
      description: `Nobody knows its content, and a restore from it would fail as well. First: cdk8s-backup doctor --manifest FILE --job ${cronJob}`,
      labels,
    }),
    alertRule(context, {
      alert: 'BackupVerificationFailed',
      severity: 'critical',
      for: '1m',
      expr: `max by (backup, store) (${of(Metrics.VERIFICATION_FAILED)}) > 0`,
      summary: `Store {{ $labels.store }} has damaged copies of backup ${cronJob}`,
      description: `{{ $value }} of them did not stand their last verification. First: ${list}; then cdk8s-backup verify --all --repair --manifest FILE --job ${cronJob}, which copies from a store that has a good one`,
      labels,
    }),
    ...target.stores.some(({ claimName }) => claimName !== undefined) ? [alertRule(context, {
      alert: 'BackupVolumeTooSmall',
      severity: 'critical',
      for: '5m',
      expr: `
        min by (backup, store) (${of(Metrics.FREE_BYTES)})
        < on (backup, store)
        ${ROOM} * max by (backup, store) (${of(Metrics.LAST_SIZE)})`,
      summary: `The next backup of ${cronJob} does not fit into store {{ $labels.store }}`,
      description: `{{ $value | humanize1024 }}B are free, and the newest backup has more than ${Math.round(100 / ROOM)} % of that. The next run fails, and harms no older backup. Expand the claim, or keep fewer: cdk8s-backup usage --manifest FILE --job ${cronJob}, then cdk8s-backup prune --dry-run`,
      labels,
    })] : [],
    ...target.rtoSeconds === undefined ? [] : [alertRule(context, {
      alert: 'BackupRtoExceeded',
      severity: 'warning',
      for: '5m',
      expr: `max by (backup) (${of(Metrics.MEASURED_RTO)}) > ${target.rtoSeconds}`,
      summary: `A restore of ${cronJob} takes longer than promised`,
      description: `The last drill took {{ $value | humanizeDuration }}, and ${showSeconds(target.rtoSeconds)} is the recovery time objective. Restore in parallel, move the store closer, or promise less: cdk8s-backup drills --manifest FILE --job ${cronJob}`,
      labels,
    })],
    alertRule(context, {
      alert: 'BackupSuspect',
      severity: 'critical',
      for: '1m',
      expr: `max by (backup) (${of(Metrics.LAST_SUSPECT)}) == 1`,
      summary: `The newest backup of ${cronJob} is suspect`,
      description: `It is empty or much smaller than the one before, so it is not the latest that a restore takes. Look at the database before anything else: has it lost data? Then: ${list}`,
      labels,
    }),
    ...target.suspectBelowPercent === 0 ? [] : [alertRule(context, {
      alert: 'BackupShrinking',
      severity: 'warning',
      for: '5m',
      expr: `
        max by (backup, store) (${of(Metrics.LAST_SIZE)})
        / on (backup, store)
        max by (backup, store) (quantile_over_time(0.5, ${of(Metrics.LAST_SIZE)}[7d]))
        < ${target.suspectBelowPercent / 100}`,
      summary: `Backups of ${cronJob} shrink`,
      description: `The newest one has {{ $value | humanizePercentage }} of the bytes that were usual in the last 7 days. Compare: ${list}`,
      labels,
    })],
    alertRule(context, {
      alert: 'BackupFromFuture',
      severity: 'warning',
      for: '5m',
      expr: `max by (backup, store) (${of(Metrics.AHEAD)}) > 0`,
      summary: `Store {{ $labels.store }} has backups of ${cronJob} that say they are from the future`,
      description: `{{ $value }} of them, and none is the latest that a restore takes. Set the clocks of the nodes by NTP, then start a backup. Which: ${list}. A restore takes one where it is named. The alert clears when none is left: prune removes one when its time is old, or remove its files by hand`,
      labels,
    }),
    ...target.stores.length < 2 ? [] : [alertRule(context, {
      alert: 'BackupRecordsDiffer',
      severity: 'critical',
      for: '1m',
      expr: `max by (backup) (${of(Metrics.DIFFERING)}) > 0`,
      summary: `The stores of ${cronJob} have records that differ for one backup`,
      description: `{{ $value }} backups: somebody changed a record, and nothing is restored of them until a store is named. First: cdk8s-backup doctor --manifest FILE --job ${cronJob}, which names them; compare ID.json in the stores, find out who wrote to the wrong one, and remove it there. Until then: cdk8s-backup restore ID --store STORE`,
      labels,
    })],
  ];
  if (target.gapSeconds === undefined) return rules;
  const seconds = storeTooOldSeconds(target);
  rules.push(alertRule(context, {
    alert: 'BackupFromFuture',
    severity: 'critical',
    for: '15m',
    expr: `
      max by (backup, store) (${of(Metrics.AHEAD)}) > 0
      unless on (backup, store)
      (time() - max by (backup, store) (${of(Metrics.LAST_RECOVERY_POINT)})) <= ${seconds}`,
    summary: `Backups of ${cronJob} in store {{ $labels.store }} say they are from the future, and the others are too old`,
    description: `Runs succeed, but a restore of the latest takes data that are more than ${showSeconds(seconds)} old, or finds none. Set the clocks of the nodes by NTP, then start a backup: kubectl create job --from=cronjob/${cronJob} ${cronJob}-now -n ${namespace}. A restore takes one of the others where it is named: ${list}`,
    labels,
  }));
  const queries = new CronJobQueries(context, namespace, cronJob);
  const created = queries.ofCronJob('kube_cronjob_created');
  // A backup that was made just now has no copy yet. Where that is not known, one that had succeeded a while ago has.
  return [...rules, ...target.stores.filter(({ outside }) => outside).map(({ name }) => alertRule(context, {
    alert: 'BackupOffsiteStale',
    severity: 'critical',
    for: '15m',
    expr: `
      (time() - max by (backup, store) (${of(Metrics.LAST_RECOVERY_POINT, name)})) > ${seconds}
      or
      (
        absent(${of(Metrics.LAST_RECOVERY_POINT, name)})
        and on ()
        (
          time() - ${created} > ${seconds} unless on () (${queries.suspendedFromTheStart(seconds)})
          or
          ${queries.ago('kube_cronjob_status_last_successful_time', rememberedSeconds(target))} unless on () ${created}
        )
      )`,
    summary: `Store ${name} has no recent backup of ${cronJob}`,
    description: `More than ${showSeconds(seconds)} old, none at all, or nobody looks: the copy that outlives the cluster can't be counted on. First: ${list}`,
    labels: { ...labels, store: name },
  }))];
}
