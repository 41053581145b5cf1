import { Duration } from 'cdk8s';
import { BackupCronJob } from '../backup/backup-cron-job';
import { RestoreDrill } from '../drill/restore-drill';
import { ContainerResources } from '../pod/container-resources';
import { NetworkOptions } from '../pod/network-options';
import { RunnerPodOptions } from '../pod/runner-pod-options';
import { RestoreJob } from '../restore/restore-job';
import { S3Credentials } from '../stores/s3/s3-credentials';

/** How an exporter works, whatever it watches. */
export interface BackupExporterOptions extends RunnerPodOptions, NetworkOptions {
  /**
   * Name of the Deployment and of the Service: up to 52 lower-case letters, digits and `-`. It may be that of a CronJob, as in
   * `kubectl exec deploy/db-backup`: the ServiceAccount and the NetworkPolicy have `-exporter` behind it.
   *
   * @default - the construct's id in kebab-case
   */
  readonly exporterName?: string;

  /**
   * Name of the cluster, at the top of every page: up to 60 characters.
   *
   * @default - the pages name none
   */
  readonly cluster?: string;

  /**
   * Name of the environment, such as `production`, at the top of every page: up to 60 characters.
   *
   * @default - the pages name none
   */
  readonly environment?: string;

  /**
   * Where the runbook is published: the address of one of the files of `RecoveryRunbook`. Pages lead to its section on the restore, and on each problem.
   *
   * @default - pages lead to no runbook
   */
  readonly runbookUrl?: string;

  /**
   * Whether the volumes of the backups are mounted, for reading. Without them only buckets are looked at.
   *
   * A claim that is `ReadWriteOnce` can be mounted on one node at a time: with the exporter on it, every backup and restore that mounts the
   * claim has to run on the exporter's node, and waits if that is full. Set this to false, or take a class with `ReadWriteMany`, where that
   * is a danger; `deployment.scheduling` says which node it is.
   *
   * @default true
   */
  readonly volumes?: boolean;

  /**
   * Other credentials for S3 stores, by the name of the store: such as may only list and read.
   *
   * @default - those of the backups, which may write
   */
  readonly s3Credentials?: { [storeName: string]: S3Credentials };

  /**
   * Time between two looks at the stores: at least 10 seconds. Whatever asks in between is answered from memory.
   *
   * @default Duration.minutes(1)
   */
  readonly refresh?: Duration;

  /**
   * Age of the last good verification from which on one is missing.
   *
   * @default - what the schedule of `verify` allows; without one none is expected: how old it is, is shown and not judged
   */
  readonly maxVerificationAge?: Duration;

  /**
   * Age of the last restore drill that passed from which on one is missing.
   *
   * @default - what the schedules of `drills` allow; without one none is expected: how old it is, is shown and not judged
   */
  readonly maxDrillAge?: Duration;

  /**
   * Port of the pod and of the Service.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Defines a `ServiceMonitor` of the Prometheus operator with these labels, by which a Prometheus selects it:
   * `{ release: 'kube-prometheus-stack' }`.
   *
   * @default - none: the pod has the annotations `prometheus.io/scrape`, `prometheus.io/port` and `prometheus.io/path`
   */
  readonly serviceMonitorLabels?: { [key: string]: string };

  /**
   * Labels of the Deployment, its pod, the Service and the ServiceAccount.
   *
   * @default { component: 'backup-exporter' }
   */
  readonly labels?: { [key: string]: string };

  /**
   * Resources of the pod. What you give replaces the default as a whole. Records are held in memory, about 5 kB for each backup.
   *
   * @default - requests of 10m CPU and 96 MiB, a limit of 512 MiB of memory and none of CPU
   */
  readonly resources?: ContainerResources;
}

/** Properties of `BackupExporter`. */
export interface BackupExporterProps extends BackupExporterOptions {
  /**
   * The backups to watch: at least one. Each has another `backupName`, by which pages, metrics and `--name` tell them apart.
   */
  readonly backups: BackupCronJob[];

  /**
   * Restore templates, so that the page of a backup says how it is restored.
   *
   * @default - none
   */
  readonly restores?: RestoreJob[];

  /**
   * The drills of the backups, whose schedules say when one is missing.
   *
   * @default - none
   */
  readonly drills?: RestoreDrill[];
}
