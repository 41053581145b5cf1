import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, RunningProcess, startProcess, tempDir } from '../servers/_process';
import { clientBin, serverUser } from '../servers/postgres';

/*
 * The scratch server of a drill's pod without its image: the real program with the arguments and the environment of the manifest, as the
 * entry point of the official image would pass them on. Port and directory are the test's own.
 */

export interface ScratchContainer {
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

export interface ScratchServer {
  readonly server: RunningProcess;
  readonly port: number;
  readonly directory: string;
}

/** The server beside the runner in the pod spec of a drill. */
export function scratchContainerOf(podSpec: any): ScratchContainer {
  const { args, env = [] } = podSpec.initContainers[0];
  return { args, env: Object.fromEntries(env.map(({ name, value }: any) => [name, value])) };
}

/** @param binDir of the server */
export async function startScratchPostgres(
  { args: [program, ...args], env }: ScratchContainer, binDir: string,
): Promise<ScratchServer & { psql(sql: string): string }> {
  const directory = tempDir('server');
  const owner = serverUser();
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const port = await freePort();
  const here = (text: string) => text.replace('/scratch-server', directory).replace('port=5432', `port=${port}`);
  const PGDATA = here(env.PGDATA!);
  const as = { uid: owner?.uid, gid: owner?.gid, cwd: directory };

  // What the entry point does where the directory is empty, but for the locale: the image sets one, and this machine may have any, or none that works.
  mkdirSync(path.join(directory, 'run'), { mode: 0o777 });
  if (owner) chownSync(path.join(directory, 'run'), owner.uid, owner.gid);
  writeFileSync(path.join(directory, 'password'), '\n', { mode: 0o644 });
  execFileSync(path.join(binDir, 'initdb'), ['--username=postgres', `--pwfile=${path.join(directory, 'password')}`, '--encoding=UTF8', '--locale=C'], { ...as, env: { ...process.env, PGDATA }, stdio: 'pipe' });
  appendFileSync(path.join(PGDATA, 'pg_hba.conf'), `\nhost all all all ${env.POSTGRES_HOST_AUTH_METHOD}\n`);

  if (program !== 'postgres') throw new Error(`the container starts ${program} and not postgres`);
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  const psql = (sql: string) => execFileSync(path.join(clientBin(17), 'psql'), ['-XAtqw', ...connection, '-c', sql], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const server = await startProcess({
    ...as,
    file: path.join(binDir, program),
    // The image has its own directory for the socket, which is mounted.
    args: [...args.map(here), '-c', `unix_socket_directories=${path.join(directory, 'run')}`],
    env: { ...env, PGDATA },
    logFile: path.join(directory, 'log'),
    readiness: async () => psql('select 1') === '1',
    timeoutMs: 30_000,
    stopSignal: 'SIGQUIT',
  });
  return { server, port, directory, psql };
}

export async function startScratchRedis(
  { args: [program, ...args] }: ScratchContainer,
): Promise<ScratchServer & { cli(...command: string[]): string }> {
  const directory = tempDir('server');
  const port = await freePort();
  const cli = (...command: string[]) => execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const server = await startProcess({
    file: program!,
    args: args.map(argument => argument === '6379' ? String(port) : argument.replace('/scratch-server', directory)),
    logFile: path.join(tempDir('log'), 'log'),
    readiness: async () => cli('ping') === 'PONG',
    timeoutMs: 30_000,
  });
  return { server, port, directory, cli };
}
