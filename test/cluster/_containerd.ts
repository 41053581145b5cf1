import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { PAUSE } from './_paths';
import { succeed } from '../image/_lab';
import { startProcess, tempDir } from '../integration/servers/_process';

export interface ContainerdPlace {
  /** Images and containers. */
  readonly root: string;
  /** What is running. */
  readonly state: string;
  readonly socket: string;
}

/** For storing images only: it runs no container, and needs no namespaces. */
export async function startContainerd(root: string) {
  const directory = tempDir('containerd');
  const socket = path.join(directory, 'socket');
  const config = path.join(directory, 'config.toml');
  writeFileSync(config, `disabled_plugins = ["io.containerd.grpc.v1.cri"]\n${place({ root, state: path.join(directory, 'state'), socket })}`);
  const ctr = (...args: string[]) => succeed('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args]);
  const server = await startProcess({
    file: '/usr/bin/containerd',
    args: ['--config', config],
    logFile: path.join(directory, 'log'),
    readiness: () => ctr('version').then(() => true),
    timeoutMs: 30_000,
  });
  return { ctr, stop: () => server.stop() };
}

/** For a kubelet. Without the right to lower anybody's `oom_score_adj`, which this machine may lack, no container would start otherwise. */
export function containerdOfNode(where: ContainerdPlace, cniDirectory: string): string {
  return `${place(where)}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${cniDirectory}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
`;
}

const place = ({ root, state, socket }: ContainerdPlace) => `version = 2
root = "${root}"
state = "${state}"
[grpc]
  address = "${socket}"
`;
