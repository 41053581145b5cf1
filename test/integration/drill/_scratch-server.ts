import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, RunningProcess, startProcess, tempDir } from '../servers/_process';
import { clientBin, serverUser } from '../servers/postgres';

/*
 * The scratch server of a drill's pod without its image: the real program with the command, the arguments and the environment of the manifest,
 * through the entry point of the cluster's tests, which does what the official one does. Port and directory are the test's own.
 */

export interface ScratchContainer {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

export interface ScratchServer {
  readonly server: RunningProcess;
  readonly port: number;
  /** Where the volume is mounted. */
  readonly directory: string;
}

/** The server beside the runner in the pod spec of a drill. */
export function scratchContainerOf(podSpec: any): ScratchContainer {
  const { command, args, env = [] } = podSpec.initContainers[0];
  return { command, args, env: Object.fromEntries(env.map(({ name, value }: any) => [name, value])) };
}

/**
 * @param binDir of the server
 * @param directory of an earlier server, which has been killed
 */
export async function startScratchPostgres(
  { command, args, env }: ScratchContainer, binDir: string, directory = tempDir('server'),
): Promise<ScratchServer & { psql(sql: string): string }> {
  const sockets = tempDir('sockets');
  const as = asServerUser(directory, sockets);
  const port = await freePort();
  const here = (text: string) => text.replaceAll('/scratch-server', directory).replace('port=5432', `port=${port}`);
  const [file, ...rest] = [...command, ...args].map(here);
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  const psql = (sql: string) => execFileSync(path.join(clientBin(17), 'psql'), ['-XAtqw', ...connection, '-c', sql], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const server = await startProcess({
    file: file!,
    args: rest,
    ...as,
    env: {
      ...env,
      PATH: `${entryPointOf('postgres')}:${binDir}:${process.env.PATH}`,
      PGDATA: here(env.PGDATA!),
      PG_MAJOR: '17', // as in the image
      // The image sets a locale, and this machine may have any, or none that works; and it has its own directory for the socket, which is mounted.
      POSTGRES_INITDB_ARGS: `--encoding=UTF8 --locale=C --set unix_socket_directories=${sockets}`,
    },
    logFile: path.join(tempDir('log'), 'log'),
    // The entry point listens to nobody until the server is made.
    readiness: async () => psql('select 1') === '1',
    timeoutMs: 60_000,
    stopSignal: 'SIGINT', // that of the image
  });
  return { server, port, directory, psql };
}

/** A server in the place of the image's that takes no signal which a program can take, and has written something. */
export async function startStubbornServer({ command, args }: ScratchContainer): Promise<Omit<ScratchServer, 'port'>> {
  const directory = tempDir('server');
  const bin = tempDir('bin');
  const entryPoint = path.join(bin, 'docker-entrypoint.sh');
  writeFileSync(entryPoint, `#!/bin/sh\ntrap '' TERM QUIT INT\ntouch '${directory}/restored'\nwhile :; do sleep 0.1; done\n`);
  chmodSync(entryPoint, 0o755);
  const [file, ...rest] = [...command, ...args].map(argument => argument.replaceAll('/scratch-server', directory));
  const server = await startProcess({
    file: file!,
    args: rest,
    env: { PATH: `${bin}:${process.env.PATH}` },
    logFile: path.join(tempDir('log'), 'log'),
    readiness: async () => existsSync(path.join(directory, 'restored')),
    timeoutMs: 60_000,
  });
  return { server, directory };
}

export async function startScratchRedis({ command, args }: ScratchContainer): Promise<ScratchServer & { cli(...command: string[]): string }> {
  const directory = tempDir('server');
  const port = await freePort();
  const cli = (...words: string[]) => execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const [file, ...rest] = [...command, ...args].map(argument => argument === '6379' ? String(port) : argument.replaceAll('/scratch-server', directory));
  const server = await startProcess({
    file: file!,
    args: rest,
    ...asServerUser(directory),
    env: { PATH: `${entryPointOf('redis')}:${process.env.PATH}` },
    logFile: path.join(tempDir('log'), 'log'),
    readiness: async () => cli('ping') === 'PONG',
    timeoutMs: 30_000,
  });
  return { server, port, directory, cli };
}

/** Never root, as in the pod: the entry points would change to a user of the image. */
function asServerUser(...directories: string[]) {
  const owner = serverUser();
  for (const directory of owner ? directories : []) chownSync(directory, owner!.uid, owner!.gid);
  return { ...owner, cwd: directories[0] };
}

/** A directory with the entry point of an image, whose server dies with the shell that has started it: nothing outlives the tests. */
function entryPointOf(image: string): string {
  const directory = tempDir('bin');
  const file = path.join(directory, 'docker-entrypoint.sh');
  const script = path.resolve('test/cluster/images', image, 'entrypoint.sh');
  writeFileSync(file, `#!/bin/sh\nexec setpriv --pdeathsig KILL bash '${script}' "$@"\n`);
  chmodSync(directory, 0o755);
  chmodSync(file, 0o755);
  return directory;
}
