/*
 * Volumes that are lost together with a node.
 */
import { IConstruct } from 'constructs';
import { show } from '../../core/check';
import { StoreLocation } from '../../recovery/store-location';

/**
 * Names that the provisioners' own manifests and charts give to classes whose volumes are directories or disks of a node: local-path
 * (k3s, Rancher), static local volumes, OpenEBS (hostpath, device, LVM, ZFS), TopoLVM and LVM Storage of OpenShift, hostpath
 * (MicroK8s, Docker Desktop, KubeVirt, minikube's and the CSI example's).
 */
const NODE_LOCAL = [
  /^local(-path|-storage|-volume|-hostpath|-disks?|-ssd|-nvme|-lvm|-zfs)?$/,
  /(^|-)hostpath(-|$)/,
  /^openebs-(hostpath|device|lvm|lvmpv|zfs|zfspv|localpv|local)(-|$)/,
  /^topolvm(-|$)/,
  /^lvms-/,
];

/** Where the volumes of a storage class are, as far as its name says; the default class has none. */
export function locationOfClass(storageClassName: string | undefined): StoreLocation {
  if (storageClassName === undefined) return StoreLocation._assumedInCluster();
  if (!NODE_LOCAL.some(form => form.test(storageClassName))) return StoreLocation.CLUSTER;
  return StoreLocation._on(`a node, as volumes of storage class ${show(storageClassName)} are (set 'location' if yours are not)`);
}

/** The same of a claim; of one that is defined elsewhere only the name is known. */
export function locationOfClaim(claim: IConstruct): StoreLocation {
  return locationOfClass((claim as { readonly storageClassName?: string } & IConstruct).storageClassName);
}
