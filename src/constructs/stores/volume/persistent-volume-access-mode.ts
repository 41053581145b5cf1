/** How a claim can be mounted. In TypeScript `PersistentVolumeAccessMode` of any cdk8s-plus is taken for it. */
export enum PersistentVolumeAccessMode {
  /** By the pods of one node, for reading and writing. */
  READ_WRITE_ONCE = 'ReadWriteOnce',

  /** By any pods, for reading. */
  READ_ONLY_MANY = 'ReadOnlyMany',

  /** By any pods, for reading and writing. */
  READ_WRITE_MANY = 'ReadWriteMany',

  /** By one pod, for reading and writing. */
  READ_WRITE_ONCE_POD = 'ReadWriteOncePod',
}
