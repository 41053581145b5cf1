/** What has been lost when a backup is needed. */
export enum RecoveryScenario {
  /** The data: somebody or something wrote nonsense. All machines are fine. */
  CORRUPTION = 'corruption',

  /** One node of the cluster, with its disks. */
  NODE_LOSS = 'nodeLoss',

  /** One zone, a data centre, with all that is in it. */
  ZONE_LOSS = 'zoneLoss',

  /** One region, with all its zones. */
  REGION_LOSS = 'regionLoss',

  /** The cluster, with its volumes and its Secrets; the cloud around it is fine. */
  CLUSTER_LOSS = 'clusterLoss',
}
