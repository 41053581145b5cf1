import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Made by `test/integration/install/image.sh`. */
export const BASE_TAR = path.join(
  process.env.CDK8S_BACKUP_TEST_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'cdk8s-backup-test'),
  'image', 'trixie-slim.tar',
);

const PROGRAMS = ['/usr/bin/podman', '/usr/bin/buildah', '/usr/sbin/runc', '/usr/bin/docker', '/usr/sbin/dockerd'];

/** Why images can't be built and run on this machine; `undefined` if they can. */
export function whyNot(): string | undefined {
  if (process.getuid!() !== 0) return 'images are built and run by root: volumes get the owners that a kubelet gives them';
  const missing = [...PROGRAMS, BASE_TAR].filter(file => !existsSync(file));
  return missing.length === 0 ? undefined : `${missing.join(', ')} missing: run test/integration/install.sh`;
}

/** `describe` for what needs images. What can't run is reported as skipped, with the reason in its name; on CI `_setup.ts` has failed before. */
export function describeImage(name: string, tests: () => void): void {
  const reason = whyNot();
  if (reason === undefined) describe(name, tests);
  else describe.skip(`${name} (SKIPPED: ${reason})`, tests);
}
