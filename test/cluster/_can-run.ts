import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { CGROUPS, hierarchies } from './_cgroups';
import { program, server } from './_paths';
import { whyNot as whyNoImages } from '../image/_can-run';

const PROGRAMS = [
  '/usr/bin/containerd', '/usr/sbin/iptables', '/usr/sbin/ipset', '/usr/lib/cni/bridge', '/usr/bin/catatonit',
  ...['hyper', 'kubectl', 'coredns', 'netpol'].map(program), ...['etcd', 'versitygw'].map(server),
];

/** What the kernel must be able to do, each as a command in namespaces of its own. */
const ABILITIES = {
  'make namespaces': 'true',
  'mount layers': 'mkdir -p /run/l /run/u /run/w /run/m && mount -t overlay overlay -o lowerdir=/run/l,upperdir=/run/u,workdir=/run/w /run/m',
  'make bridges': 'ip link add bridge0 type bridge',
  'translate addresses': 'iptables -t nat -A POSTROUTING -j MASQUERADE',
  'filter by sets of addresses': 'ipset create addresses hash:ip && iptables -A FORWARD -m set --match-set addresses src -j DROP',
};

/** Why a cluster can't run on this machine, in one line; `undefined` if it can. */
export function whyNot(): string | undefined {
  const reason = whyNever() ?? whyNoImages();
  if (reason !== undefined) return reason;
  const missing = PROGRAMS.filter(file => !existsSync(file));
  return missing.length === 0 ? undefined : `${missing.join(', ')} missing: run "npx projen test:cluster", which installs it`;
}

/** Why not, whatever is installed besides what `test/integration/install.sh` does. */
export function whyNever(): string | undefined {
  if (process.getuid!() !== 0) return 'namespaces and mounts are made by root';
  if (!['memory', 'pids', 'cpu'].every(controller => hierarchies().includes(controller))) {
    return `the kubelet is set up for version 1 of cgroups with memory, pids and cpu, and ${CGROUPS} is not that`;
  }
  const lacking = Object.entries(ABILITIES).filter(([, command]) => !works(command)).map(([ability]) => ability);
  return lacking.length === 0 ? undefined : `the kernel ${readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()} can't ${lacking.join(', ')} for us`;
}

function works(command: string): boolean {
  try {
    execFileSync('unshare', ['--mount', '--net', 'sh', '-c', `mount -t tmpfs tmpfs /run && ${command}`], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** `describe` for what needs the cluster. What can't run is reported as skipped, with the reason in its name; on CI `_setup.ts` has failed before. */
export function describeCluster(name: string, tests: () => void): void {
  const reason = whyNot();
  if (reason === undefined) describe(name, tests);
  else describe.skip(`${name} (SKIPPED: ${reason})`, tests);
}
