import { isIP } from 'node:net';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/** Whether a host is this machine, which in a pod is that pod. A list of hosts, which libpq takes as well, is not. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.startsWith('/')) return true; // a directory with a Unix socket in it, to libpq
  return isIP(host) === 4 ? host.startsWith('127.') : ['::1', '0:0:0:0:0:0:0:1'].includes(host);
}

/** A drill fills what it is pointed at, and empties it: that must be nothing that is shared with anybody. */
export function refuseAfar(host: string, port: number): void {
  if (isLoopback(host)) return;
  throw new RunnerError(
    `${host}:${port} is no server for a drill: it has to be on this machine, in the pod that is the server beside the runner. Set target.host to 127.0.0.1, where an empty server runs`,
    ExitCode.BAD_CONFIG,
  );
}
