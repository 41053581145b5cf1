/**
 * Options for `BackupSource.kubernetesSecrets()`: names, or labels, or neither for all of a namespace.
 *
 * With names the pod may read exactly those objects. A list can't be restricted by name: with labels, or with neither, it may read all
 * Secrets and ConfigMaps of the namespace.
 */
export interface KubernetesSecretsOptions {
  /**
   * The namespace they are in. In another one than the backup's, a Role is made there.
   *
   * @default - that of the chart
   */
  readonly namespace?: string;

  /**
   * Names of Secrets. One that is not there fails the backup.
   *
   * @default - none
   */
  readonly secretNames?: string[];

  /**
   * Names of ConfigMaps. One that is not there fails the backup.
   *
   * @default - none
   */
  readonly configMapNames?: string[];

  /**
   * Secrets and ConfigMaps with all of these labels. Not together with names.
   *
   * Releases of Helm, tokens of service accounts and the cluster's own certificate are left out: elsewhere they would be wrong.
   *
   * @default - with names, those; otherwise all Secrets and ConfigMaps of the namespace
   */
  readonly matchLabels?: { [key: string]: string };
}
