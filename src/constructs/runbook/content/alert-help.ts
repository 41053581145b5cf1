import { look, newestLog } from './shell';
import { AlertRuleFacts, Subject } from '../facts/runbook-facts';

/** One rule, and what it is about. */
export interface Alarm extends AlertRuleFacts {
  readonly kubectl: string;
  /** `undefined`: the rule is about a claim, or about a backup that is not in this runbook. */
  readonly subject: Subject | undefined;
}

export interface AlertHelp {
  /** What is so when it fires, and what that means for a restore. */
  readonly meaning: string;
  /** What is typed first. */
  readonly first: (alarm: Alarm) => readonly string[];
  /** What is done then. */
  readonly then: string;
  /** Whether that may be a run that is started by hand. */
  readonly startsRun?: boolean;
}

const describeCronJob = ({ kubectl, cronJob }: Alarm) => [`${kubectl} describe cronjob/${cronJob}`];
const logOfCronJob = ({ kubectl, cronJob }: Alarm) => [newestLog(kubectl, cronJob!)];
const list = ({ subject }: Alarm) => subject ? look(subject, 'list') : [];
const doctor = ({ subject }: Alarm) => subject ? look(subject, 'doctor') : [];
const describeClaim = ({ kubectl, claim }: Alarm) => [`${kubectl} describe pvc/${claim}`];

/** By the name of the alert. A test compares it with the rules that there are. */
export const ALERT_HELP: { readonly [alert: string]: AlertHelp } = {
  BackupJobFailed: {
    meaning: 'The newest run failed, and none has succeeded since. Older backups are as good as before.',
    first: logOfCronJob,
    then: 'The last line says what failed and whether trying again helps. If it does, start a run.',
    startsRun: true,
  },
  BackupJobMissing: {
    meaning: 'No run has succeeded for longer than the schedule allows. Where it is critical, a restore now would lose more than was promised.',
    first: describeCronJob,
    then: 'The events say why no run was started, or which one failed. Take a backup at once.',
    startsRun: true,
  },
  BackupJobRunningTooLong: {
    meaning: 'A run has used 80 % of its time. At its deadline it is stopped, and there is no backup of it.',
    first: logOfCronJob,
    then: 'The log says how many bytes are done. Raise activeDeadline in the app if the data have grown.',
  },
  BackupJobSuspended: {
    meaning: 'Somebody has suspended the CronJob. Nothing is backed up until it is resumed.',
    first: ({ kubectl, cronJob }) => [`${kubectl} get cronjob/${cronJob} -o yaml`],
    then: 'Ask who did it and why. Set spec.suspend to false when the reason is gone.',
  },
  BackupJobNeverScheduled: {
    meaning: 'The CronJob is there, and no run of it was ever started. There is no backup.',
    first: describeCronJob,
    then: 'The events say why not. Then take a backup.',
    startsRun: true,
  },
  BackupMetricsAbsent: {
    meaning: 'Either the CronJob is gone or kube-state-metrics is. Without it no other alert on this backup can fire.',
    first: ({ kubectl, cronJob }) => [`${kubectl} get cronjob/${cronJob}`],
    then: 'If the CronJob is there, look at kube-state-metrics. If it is gone, apply the manifest again.',
  },
  BackupMetricsIncomplete: {
    meaning: 'A metric that alerts need is missing. Its name is the label metric. Alerts that need it are silent, or wrong.',
    first: describeCronJob,
    then: 'Look at the targets of Prometheus: kube-state-metrics, the kubelet, the exporter of backups.',
  },
  BackupAlertsAmbiguous: {
    meaning: 'This Prometheus sees the backup in several clusters. Whatever is fresh in one hides what is old in the other.',
    first: describeCronJob,
    then: 'Set matchLabels of BackupAlertRules, with one set of rules for each cluster.',
  },
  BackupVolumeFillingUp: {
    meaning: 'The volume of the backups has little space. A run for which there is no room fails, and harms no older backup.',
    first: describeClaim,
    then: 'Raise the size of the store in the app if the storage class can expand, or keep fewer backups.',
  },
  BackupVolumeFullSoon: {
    meaning: 'The volume of the backups is full in some days if it goes on like this.',
    first: describeClaim,
    then: 'Raise the size of the store in the app if the storage class can expand, or keep fewer backups.',
  },
  BackupVolumeTooSmall: {
    meaning: 'The next backup does not fit into a store. The next run fails, and harms no older backup.',
    first: ({ subject }) => subject ? look(subject, 'usage') : [],
    then: 'Raise the size of the store in the app if the storage class can expand, or keep fewer backups.',
  },
  BackupStoreUnreadable: {
    meaning: 'A store could not be read for half an hour. Nobody knows its content, and a restore from it would fail as well.',
    first: doctor,
    then: 'The checks say what is wrong: the network, the keys, or the place itself.',
  },
  BackupVerificationFailed: {
    meaning: 'A copy of a backup is damaged or missing in a store.',
    first: list,
    then: 'Read them back. Where another store has a good copy, a verification that repairs replaces the bad one.',
    startsRun: true,
  },
  BackupVerificationStale: {
    meaning: 'Backups were not read back for longer than the schedule allows. A damaged copy would not be noticed.',
    first: describeCronJob,
    then: 'Read them back now. If that fails, its log names the copy and what to do about it.',
    startsRun: true,
  },
  BackupDrillFailed: {
    meaning: 'The newest backup was restored for a test, and did not stand the checks; or the test could not run. Until that is mended, count on no restore.',
    first: logOfCronJob,
    then: 'The log says which check did not hold. Mend it, and rehearse again.',
    startsRun: true,
  },
  BackupDrillStale: {
    meaning: 'No restore was rehearsed for longer than the schedule allows. Whether a restore would succeed is not known.',
    first: describeCronJob,
    then: 'Rehearse it now. If that fails, its log says which check did not hold.',
    startsRun: true,
  },
  BackupRtoExceeded: {
    meaning: 'The last drill took longer than the promised time. Data are right, and a restore now would be late.',
    first: ({ subject }) => subject ? look(subject, 'drills') : [],
    then: 'Restore in parallel, move the store closer, or promise less.',
  },
  BackupSuspect: {
    meaning: 'The newest backup is empty, or much smaller than the one before. It is kept, and no restore takes it unless it is named.',
    first: list,
    then: 'Look at the database before anything else: has it lost data?',
  },
  BackupShrinking: {
    meaning: 'The newest backup has much less bytes than was usual in the last 7 days.',
    first: list,
    then: 'Look at the database: has it lost data, or was something removed on purpose?',
  },
  BackupFromFuture: {
    meaning: 'Backups say that they are from later than now. None of them is the newest that a restore takes.',
    first: list,
    then: 'Set the clocks of the nodes, then take a backup. A restore takes one of these where it is named.',
  },
  BackupRecordsDiffer: {
    meaning: 'Two stores have different records of one backup: somebody has changed one. Nothing is restored of it until a store is named.',
    first: doctor,
    then: 'Find out who wrote to the wrong one, and remove it there. Treat it as an attack until you know better.',
  },
  BackupOffsiteStale: {
    meaning: 'The store outside of the cluster has no recent backup. The copy that outlives the cluster can\'t be counted on.',
    first: list,
    then: 'If the newest backup is in one store only, the log of the last run says why.',
  },
};
