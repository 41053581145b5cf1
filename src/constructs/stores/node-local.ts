/*
 * Volumes that are lost together with what they are to save: those on the disk of one node, and the database's own.
 */
import * as kplus from 'cdk8s-plus-28';
import { show } from '../core/check';
import { StoreParts } from '../parts/store-parts';
import { StoreLocation } from '../recovery/store-location';

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
export function locationOfClaim(claim: kplus.IPersistentVolumeClaim): StoreLocation {
  return locationOfClass((claim as Partial<kplus.PersistentVolumeClaim>).storageClassName);
}

/** Where a store is that lies on a claim of the database itself: wherever that is, both are lost together. */
export function besideData(claimName: string | undefined, dataClaims: readonly string[] = []): StoreLocation | undefined {
  return claimName !== undefined && dataClaims.includes(claimName) ? StoreLocation._on(`claim ${show(claimName)}, where the database itself is`) : undefined;
}

export function warnBesideData(stores: readonly StoreParts[], dataClaims: readonly string[] | undefined): string[] {
  return stores.filter(({ claimName }) => besideData(claimName, dataClaims) !== undefined).map(({ config: { name }, claimName }) =>
    `store ${show(name)} is on claim ${show(claimName)}, where the database itself is: what takes one takes both, and backups take the room that the database needs; give the backups a claim of their own, or a bucket`);
}
