import * as kplus from 'cdk8s-plus-28';
import { ProtectedParts } from './protected-parts';
import { BackupAlertRules } from '../alerts/backup-alert-rules';
import { BackupBucketLifecycle } from '../bucket/backup-bucket-lifecycle';
import { S3AccessPolicy } from '../bucket/s3-access-policy';
import { showSeconds } from '../core/check';
import { BackupExporter } from '../exporter/backup-exporter';
import { RecoveryRunbook } from '../runbook/recovery-runbook';

/** What is made once for a plan. */
interface Shared {
  readonly exporter?: BackupExporter;
  readonly alerts?: BackupAlertRules;
  readonly lifecycles: readonly BackupBucketLifecycle[];
  readonly policies: readonly S3AccessPolicy[];
  readonly runbook?: RecoveryRunbook;
}

/** A line for each part. */
export function describePlan(parts: readonly ProtectedParts[], { exporter, alerts, lifecycles, policies, runbook }: Shared): string {
  return [
    ...parts.flatMap(part => [describeBackup(part), ...describeProof(part)]),
    ...exporter ? [`Deployment ${exporter.exporterName}: status page, metrics and command line for all of it`] : [],
    ...alerts ? [`${alerts.ruleFile}: alerts that say when a promise is broken`] : [],
    ...lifecycles.map(({ fileName, bucketName }) => `${fileName}: rules that clean up the bucket ${bucketName}; put them there with "cdk8s-backup lifecycle apply"`),
    ...policies.map(({ fileName }) => `${fileName}: the policy of one role`),
    ...runbook ? [`${runbook.markdownFile}, ${runbook.htmlFile}: what to do in an emergency`] : [],
  ].join('\n');
}

function describeBackup({ backup }: ProtectedParts): string {
  const {
    schedule, timeZone, longestGapSeconds, startingDeadlineSeconds, activeDeadlineSeconds, worstDataAgeSeconds, retentionSeconds, scenarios,
  } = backup.recoveryReport();
  const kept = retentionSeconds === undefined ? 'kept for ever' : `kept ${showSeconds(retentionSeconds)}`;
  if (schedule === undefined) return `CronJob ${backup.cronJobName}: backs up when somebody asks for it; ${kept}`;
  const rpo = scenarios.find(({ rpoSeconds }) => rpoSeconds !== undefined)?.rpoSeconds;
  const promise = rpo === undefined ? '' : `, within the RPO of ${showSeconds(rpo)}`;
  return `CronJob ${backup.cronJobName}: backs up at "${schedule}" ${timeZone}, ${kept}. The newest backup is at most ${showSeconds(worstDataAgeSeconds!)} old${promise}: `
    + `${showSeconds(longestGapSeconds!)} from run to run, ${showSeconds(startingDeadlineSeconds)} until it starts, ${showSeconds(activeDeadlineSeconds)} for the run`;
}

function describeProof({ name, backup, restore, drills }: ProtectedParts): string[] {
  return [
    ...backup.verifyCronJob ? [`CronJob ${backup.verifyCronJob.name}: reads backups back ${at(backup.verifyCronJob)}`] : [],
    ...backup.pruneCronJob ? [`CronJob ${backup.pruneCronJob.name}: removes what is past its retention ${at(backup.pruneCronJob)}`] : [],
    ...restore ? [`CronJob ${restore.resourceName}: restores, when somebody starts it`] : [],
    ...drills.map(drill => `CronJob ${drill.cronJobName}: rehearses the restore ${at(drill.cronJob)}`),
    ...drills.length === 0 ? [`no drill of ${name}`] : [],
  ];
}

function at({ schedule }: kplus.CronJob): string {
  return `at "${schedule.expressionString}"`;
}
