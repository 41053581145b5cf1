import { chmodSync, chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/*
 * What a kubelet does to volumes before a pod starts: who owns them decides whether a pod without rights can work, and "podman kube play"
 * gives all of them to the pod's user.
 */

const SETGID = 0o2000;
const GROUP_READS = 0o440;
const GROUP_WRITES = 0o660;
const GROUP_ENTERS = 0o110;

/** A directory on the node that a container mounts; one in memory is made by the container engine. */
export type Volume = { readonly directory: string } | { readonly memoryBytes: number };

export interface VolumeOptions {
  /** Where claims are, by their names: what is in them outlives the pod. */
  readonly claims: string;
  /** Where everything else of the pod is. */
  readonly pod: string;
  readonly secrets: { readonly [name: string]: { readonly [key: string]: string } };
}

/** Lays out one volume of a pod spec. */
export function layOut(volume: any, { fsGroup, fsGroupChangePolicy }: any, { claims, pod, secrets }: VolumeOptions): Volume {
  const own = path.join(pod, volume.name);
  if (volume.persistentVolumeClaim) {
    const directory = claim(claims, volume.persistentVolumeClaim.claimName);
    if (fsGroup !== undefined && !(fsGroupChangePolicy === 'OnRootMismatch' && isOf(directory, fsGroup))) giveTo(directory, fsGroup, GROUP_WRITES);
    return { directory };
  }
  if (volume.ephemeral) {
    const directory = claim(pod, volume.name);
    if (fsGroup !== undefined) giveTo(directory, fsGroup, GROUP_WRITES);
    return { directory };
  }
  if (volume.emptyDir) {
    if (volume.emptyDir.medium === 'Memory') return { memoryBytes: bytesOf(volume.emptyDir.sizeLimit) };
    make(own, 0o777);
    if (fsGroup !== undefined) giveTo(own, fsGroup, GROUP_WRITES);
    return { directory: own };
  }
  if (volume.secret) {
    const { secretName, items, defaultMode = 0o644 } = volume.secret;
    const data = secrets[secretName];
    if (data === undefined) throw new Error(`volume ${volume.name}: there is no Secret ${secretName}`);
    make(own, 0o755);
    for (const { key, path: file, mode = defaultMode } of items ?? Object.keys(data).map(name => ({ key: name, path: name }))) {
      if (data[key] === undefined) throw new Error(`volume ${volume.name}: the Secret ${secretName} has no key ${key}`);
      writeFileSync(path.join(own, file), data[key]!);
      chmodSync(path.join(own, file), mode);
    }
    if (fsGroup !== undefined) giveTo(own, fsGroup, GROUP_READS);
    return { directory: own };
  }
  throw new Error(`the player does not know this volume: ${JSON.stringify(volume)}`);
}

/** A claim; a new one is a fresh ext4 file system, which root owns. */
export function claim(claims: string, name: string): string {
  const directory = path.join(claims, name);
  if (!existsSync(directory)) {
    make(directory, 0o755);
    mkdirSync(path.join(directory, 'lost+found'), { mode: 0o700 });
  }
  return directory;
}

function make(directory: string, mode: number): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, mode);
}

function giveTo(file: string, fsGroup: number, rights: number): void {
  const found = lstatSync(file);
  if (found.isSymbolicLink()) {
    lchownSync(file, found.uid, fsGroup);
    return;
  }
  chownSync(file, found.uid, fsGroup);
  const more = found.isDirectory() ? [rights, GROUP_ENTERS, SETGID] : [rights];
  chmodSync(file, more.reduce(withBits, found.mode % 0o10000));
  if (found.isDirectory()) for (const name of readdirSync(file)) giveTo(path.join(file, name), fsGroup, rights);
}

/** Whether the directory is the group's already, which spares a visit to every file. */
function isOf(directory: string, fsGroup: number): boolean {
  const { gid, mode } = statSync(directory);
  return gid === fsGroup && [GROUP_WRITES, GROUP_ENTERS, SETGID].reduce(withBits, mode % 0o10000) === mode % 0o10000;
}

function withBits(mode: number, bits: number): number {
  return mode | bits; // eslint-disable-line no-bitwise
}

/** Of a quantity such as `256Mi`. */
export function bytesOf(quantity: string): number {
  const [, number, unit] = /^(\d+)(Ki|Mi|Gi|)$/.exec(quantity) ?? [];
  if (number === undefined) throw new Error(`the player does not know this quantity: ${quantity}`);
  return Number(number) * 1024 ** ['', 'Ki', 'Mi', 'Gi'].indexOf(unit!);
}
