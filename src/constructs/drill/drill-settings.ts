import { Duration } from 'cdk8s';
import { RestoreDrillProps } from './restore-drill-props';
import { BackupCronJob } from '../backup/backup-cron-job';
import { checkWholeNumber, showSeconds, wholeSeconds } from '../core/check';
import { checkJobName } from '../core/job-name';
import { checkCronJobProps, CronJobSettings } from '../pod/cron-job-settings';
import { RecoveryScenario } from '../recovery/recovery-scenario';
import { checkNotABackup } from '../restore/not-a-backup';

/** What the props of a drill say, checked, and with the defaults applied. */
export interface DrillSettings {
  readonly cronJobName: string;
  readonly labels: { [key: string]: string };
  readonly job: CronJobSettings;
  readonly keepDrills: number;
  readonly serverStartSeconds: number;
  /** What is promised; `undefined` where nothing is. */
  readonly rtoSeconds: number | undefined;
}

export function checkDrillProps(id: string, props: RestoreDrillProps): DrillSettings {
  const cronJobName = checkJobName('cronJobName', id, props.cronJobName);
  // A claim is there for as long as its Job, and costs what it has reserved, however empty.
  const { dataVolume, successfulJobsRetained: succeeded, failedJobsRetained: failed } = props;
  const retained = dataVolume?._isClaim ? 1 : undefined;
  const job = checkCronJobProps({ ...props, successfulJobsRetained: succeeded ?? retained, failedJobsRetained: failed ?? retained });
  const labels = props.labels ?? { component: 'restore-drill' };
  checkNotABackup(labels, props.backup._labels);
  const keepDrills = checkWholeNumber('keepDrills', props.keepDrills ?? 100, 1, 10_000);
  const serverStartSeconds = wholeSeconds('serverStartTimeout', props.serverStartTimeout ?? Duration.minutes(5), 1, 'a server needs some time to start');
  const rtoSeconds = rtoOf(props.backup);
  checkDeadline(job.deadlineSeconds, serverStartSeconds, rtoSeconds);
  return { cronJobName, labels, job, keepDrills, serverStartSeconds, rtoSeconds };
}

/** What is promised for the case that a drill rehearses: the data are damaged, and everything else is there. */
function rtoOf(backup: BackupCronJob): number | undefined {
  return backup.recoveryReport().scenarios.find(({ scenario }) => scenario === RecoveryScenario.CORRUPTION)?.rtoSeconds;
}

function checkDeadline(deadlineSeconds: number, serverStartSeconds: number, rtoSeconds: number | undefined): void {
  if (serverStartSeconds >= deadlineSeconds) {
    throw new Error(`'serverStartTimeout' must be less than the 'activeDeadline' of ${showSeconds(deadlineSeconds)}, got ${showSeconds(serverStartSeconds)}: shorten it, or set a longer 'activeDeadline'`);
  }
  if (rtoSeconds !== undefined && deadlineSeconds <= rtoSeconds) {
    throw new Error(`'activeDeadline' must be more than the declared RTO of the backup, ${showSeconds(rtoSeconds)}, got ${showSeconds(deadlineSeconds)}: a drill that is stopped before can't tell how long a restore takes`);
  }
}
