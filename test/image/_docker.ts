import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { BASE_TAR } from './_can-run';
import { nodeContext, storageDriver, succeed, tool } from './_lab';
import { RunningProcess, startProcess, tempDir } from '../integration/servers/_process';

export interface Docker {
  /** What a program needs in its environment to find this daemon, and Debian's client: one that is installed beside it may lack BuildKit. */
  readonly env: NodeJS.ProcessEnv;
  docker(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a Docker engine of the tests' own, which leaves the network of the host alone, with the base image under its usual name. */
export async function startDocker(): Promise<Docker> {
  const directory = tempDir('docker');
  mkdirSync(path.join(directory, 'config'));
  const host = `unix://${directory}/socket`;
  const env = {
    PATH: `/usr/bin:/usr/sbin:${process.env.PATH}`,
    DOCKER_HOST: host,
    DOCKER_BUILDKIT: '1',
    DOCKER_CONFIG: path.join(directory, 'config'),
  };
  const docker = (...args: string[]) => succeed('/usr/bin/docker', args, env);
  const daemon: RunningProcess = await startProcess({
    file: '/usr/sbin/dockerd',
    args: [
      '--host', host, '--data-root', path.join(directory, 'data'), '--exec-root', path.join(directory, 'exec'), '--pidfile', path.join(directory, 'pid'),
      '--storage-driver', storageDriver() === 'vfs' ? 'vfs' : 'overlay2', '--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false',
    ],
    logFile: path.join(directory, 'log'),
    readiness: () => docker('version').then(() => true),
    timeoutMs: 60_000,
  });
  const stop = async () => {
    await daemon.stop();
    await tool('umount', [path.join(directory, 'exec', 'netns', 'default')]); // which it leaves behind, so that the directory could not be removed
  };
  try {
    await docker('import', '--change', 'CMD ["bash"]', BASE_TAR, 'debian:trixie-slim');
    await docker('build', '--quiet', '--network', 'none', '--tag', 'node:24-trixie-slim', nodeContext());
  } catch (error) {
    await stop();
    throw error;
  }
  return { docker, env, stop };
}
