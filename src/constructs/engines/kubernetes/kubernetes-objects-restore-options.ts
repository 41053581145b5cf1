/** Options for `RestoreMode.kubernetesObjects()`. */
export interface KubernetesObjectsRestoreOptions {
  /**
   * Replace Secrets and ConfigMaps that are there and differ from the backup.
   *
   * @default false
   */
  readonly replace?: boolean;
}
