import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { until } from './_process';

/** A control group with a memory limit, as a container has one. */
export interface MemoryGroup {
  /** What to put in front of a program that is to run in it. */
  readonly through: readonly string[];
  limit(bytes: number): void;
  remove(): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
let groups = 0;

/** Needs root, and a control group of version 1 or 2 in which others can be made. */
export function makeMemoryGroup(): MemoryGroup {
  const v2 = existsSync(path.join(ROOT, 'cgroup.controllers'));
  const group = path.join(ROOT, v2 ? '' : 'memory', `cdk8s-backup-test-${process.pid}-${++groups}`);
  mkdirSync(group);
  const processes = path.join(group, 'cgroup.procs');
  return {
    through: ['sh', '-c', `echo $$ > ${processes}; exec "$@"`, 'sh'],
    limit: bytes => writeFileSync(path.join(group, v2 ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes)),
    remove: async () => {
      await until('the control group is empty', 10_000, async () => readFileSync(processes, 'utf8') === '');
      rmdirSync(group);
    },
  };
}
