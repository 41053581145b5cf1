import { IConstruct } from 'constructs';
import { ImagePullPolicy } from './image-pull-policy';

/**
 * What all constructs with a runner take for its pod. "Of the backup" is of the `BackupCronJob` that a restore, a drill or an exporter is
 * about (an exporter's: the first); what a restore without one has, is what a backup has. What the `BackupDefaults` of a scope say comes before
 * the defaults of a backup.
 */
export interface RunnerPodOptions {
  /**
   * Image of the runner, of the same release as this library.
   *
   * @default - that of the backup; for a backup that of this release, by its digest; as long as none is published, `cdk8s-backup-runner` with the version of this library as its tag, which you build and push to a registry of your own
   */
  readonly image?: string;

  /**
   * When the images of the pod are pulled.
   *
   * @default - as for the backup; for a backup ImagePullPolicy.IF_NOT_PRESENT
   */
  readonly imagePullPolicy?: ImagePullPolicy;

  /**
   * Secret with the login of the registry that has the images: of any cdk8s-plus, or an `ApiObject`.
   *
   * @default - that of the backup; for a backup none: the registry asks for no login, or the nodes have one
   */
  readonly imagePullSecret?: IConstruct;

  /**
   * The identity of the pod, a ServiceAccount: of any cdk8s-plus, or an `ApiObject`. Where a restore stops
   * workloads, or Kubernetes Secrets are read, it is given the rights to do so.
   *
   * @default - a ServiceAccount that is made, without other rights, and with the annotations that the stores' credentials ask for
   */
  readonly serviceAccount?: IConstruct;

  /**
   * Whether passwords and keys are files in the pod rather than environment variables, as benchmarks of CIS and policy checkers ask for. The
   * exporter follows a Secret that changes then. Volumes of Secrets need a cluster that lets pods have them.
   *
   * @default - as for the backup; for a backup false
   */
  readonly credentialsAsFiles?: boolean;

  /**
   * PriorityClass of the pod.
   *
   * @default - the cluster's default priority
   */
  readonly priorityClassName?: string;

  /**
   * Numeric user id that the runner runs as, never 0. For a SQLite source take the application's, so that the files which SQLite makes
   * beside the database belong to it; for a restored file on a claim, that of the program that reads it.
   *
   * @default - that of the backup; for a backup 10001
   */
  readonly user?: number;

  /**
   * Numeric group id that the runner runs as, never 0.
   *
   * @default - that of the backup; for a backup the same as `user`
   */
  readonly group?: number;

  /**
   * Group that mounted claims are given to, so that the pod can use them. For a SQLite source take the application's.
   *
   * @default - that of the backup; for a backup the same as `group`; none where no claim is mounted
   */
  readonly fsGroup?: number;
}
