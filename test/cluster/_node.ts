import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { makeCgroup, removeCgroup } from './_cgroups';
import { NODE_IP, SERVICES } from './_paths';
import { RunningProcess, startProcess, until } from '../integration/servers/_process';

/*
 * The machine that the cluster believes to have: namespaces of processes, mounts and network. Whatever it does to addresses, firewall rules,
 * mounts and settings of the kernel, this machine does not notice, and all of its programs and containers end with the first of them.
 */
export interface Node {
  /** Of the first program in it, as this machine sees it. */
  readonly pid: number;
  /** Everything that is written, images apart. */
  readonly directory: string;
  /** Name of the group of processes in which all pods are. */
  readonly cgroup: string;
}

/** Ways into the namespaces of the node. */
export const inNode = ({ pid }: Pick<Node, 'pid'>) => ['nsenter', '--target', String(pid), '--mount', '--net', '--pid', '--'];
/** For programs of this machine that only have to reach what listens there. */
export const inNetwork = ({ pid }: Pick<Node, 'pid'>) => ['nsenter', '--target', String(pid), '--net', '--'];

/** Waits until somebody in the node listens on a port. */
export async function untilListening({ pid }: Pick<Node, 'pid'>, port: number, timeoutMs: number): Promise<void> {
  await until(`port ${port} of the node is listened on`, timeoutMs, async () => listens(pid, port));
}

export function listens(pid: number, port: number): boolean {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const LISTEN = '0A';
  return ['tcp', 'tcp6'].some(family => readFileSync(`/proc/${pid}/net/${family}`, 'utf8').split('\n').slice(1).some(line => {
    const [, local, , state] = line.trim().split(/\s+/);
    return local?.endsWith(ending) && state === LISTEN;
  }));
}

export interface StartedNode extends Node {
  stop(): Promise<void>;
}

export async function startNode(directory: string): Promise<StartedNode> {
  mkdirSync(path.join(directory, 'logs'), { recursive: true });
  const cgroup = path.basename(process.env.TMPDIR!);
  makeCgroup(cgroup);
  let holder: RunningProcess;
  try {
    holder = await startProcess({
      file: 'unshare',
      args: [
        '--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc',
        'sh', path.join(__dirname, 'node.sh'), directory, NODE_IP, SERVICES,
      ],
      logFile: path.join(directory, 'logs', 'node'),
      readiness: async () => existsSync(path.join(directory, 'arranged')),
      timeoutMs: 20_000,
    });
  } catch (error) {
    removeCgroup(cgroup);
    throw error;
  }
  const [pid] = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').split(' ').map(Number);
  return {
    pid: pid!,
    directory,
    cgroup,
    stop: async () => {
      await holder.stop();
      await until('all programs of the node have ended', 30_000, async () => !existsSync(`/proc/${pid}`));
      await until('all groups of processes are empty', 30_000, async () => {
        try {
          removeCgroup(cgroup);
          return true;
        } catch {
          return false; // somebody in it is still ending
        }
      });
    },
  };
}

/** Runs a program in the node, and returns what it printed. */
export function runInNode(node: Pick<Node, 'pid'>, ...command: string[]): string {
  const [file, ...args] = [...inNode(node), ...command];
  return execFileSync(file!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
