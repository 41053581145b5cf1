import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';

export const CGROUPS = '/sys/fs/cgroup';

/** The hierarchies of version 1: one directory for each controller. */
export function hierarchies(): string[] {
  if (!existsSync(CGROUPS)) return [];
  return readdirSync(CGROUPS, { withFileTypes: true }).filter(entry => entry.isDirectory() && existsSync(path.join(CGROUPS, entry.name, 'tasks'))).map(({ name }) => name);
}

/** Makes a group in every hierarchy, below which the kubelet makes its own. */
export function makeCgroup(name: string): void {
  for (const hierarchy of hierarchies()) mkdirSync(path.join(CGROUPS, hierarchy, name), { recursive: true });
}

/** Removes the group and those below, in which nobody runs any more, also where containers have one that was not made here: in that of version 2 beside the others. */
export function removeCgroup(name: string): void {
  for (const hierarchy of readdirSync(CGROUPS)) removeTree(path.join(CGROUPS, hierarchy, name));
}

function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(path.join(directory, entry.name));
  }
  rmdirSync(directory);
}
