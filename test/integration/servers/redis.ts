import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Authority, Certificate } from './_certificate';
import { freePort, startProcess, tempDir } from './_process';

/** Servers of the tests: Redis 7 is among the Debian packages, the others are installed by install/valkey.sh. */
export type RedisProgram = 'redis-7' | 'redis-8' | 'valkey-8' | 'valkey-9';

export const REDIS_PROGRAMS: readonly RedisProgram[] = ['redis-7', 'redis-8', 'valkey-8', 'valkey-9'];

export interface RedisOptions {
  /** What it is; `redis-7` if not given. */
  readonly program?: RedisProgram;
  /** Whether it writes an append-only file. */
  readonly aof?: boolean;
  /** Of the default user. */
  readonly password?: string;
  /** Lines of an ACL file, such as `backup on >password +ping`. */
  readonly users?: readonly string[];
  /** TLS only, without certificates of clients. */
  readonly tls?: { readonly authority: Authority; readonly certificate: Certificate };
  /** More lines of `redis.conf`. */
  readonly config?: readonly string[];
  /** Where its files are, for a server that is started again; an empty directory if not given. */
  readonly directory?: string;
}

export interface RedisServer {
  readonly program: RedisProgram;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** Runs a command as the default user. */
  cli(args: readonly string[]): Promise<string>;
  kill9(): Promise<void>;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/** Starts an empty server on a port of its own. It does not wait before it sends a snapshot, unless told otherwise in `config`. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { program = 'redis-7', aof = false, password, users = [], tls, config = [], directory = tempDir('redis') } = options;
  const port = await freePort();
  writeFileSync(join(directory, 'redis.conf'), [
    'bind 127.0.0.1',
    `port ${tls ? 0 : port}`,
    `dir ${directory}`,
    'save ""',
    `appendonly ${aof ? 'yes' : 'no'}`,
    'repl-diskless-sync-delay 0',
    'enable-debug-command yes',
    ...password === undefined ? [] : [`requirepass ${password}`],
    ...users.map(user => `user ${user}`),
    ...tls ? [
      `tls-port ${port}`,
      `tls-cert-file ${tls.certificate.certFile}`,
      `tls-key-file ${tls.certificate.keyFile}`,
      `tls-ca-cert-file ${tls.authority.caFile}`,
      'tls-auth-clients no',
    ] : [],
    ...config,
    '',
  ].join('\n'));

  const cli = async (args: readonly string[]) => {
    const connection = ['-p', String(port), ...tls ? ['--tls', '--cacert', tls.authority.caFile] : []];
    const { stdout } = await promisify(execFile)('redis-cli', [...connection, ...args], {
      env: { ...process.env, ...password === undefined ? {} : { REDISCLI_AUTH: password } },
    });
    return stdout.trim();
  };
  const server = await startProcess({
    file: programFile(program, 'server'),
    args: [join(directory, 'redis.conf')],
    logFile: join(directory, 'log'),
    readiness: async () => await cli(['ping']) === 'PONG',
    timeoutMs: 30_000,
  });
  return {
    program,
    host: '127.0.0.1',
    port,
    pid: server.pid,
    directory,
    cli,
    kill9: async () => {
      server.kill('SIGKILL');
      await server.exited;
    },
    stop: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The program of a server, or the one beside it that checks snapshots. */
export function programFile(program: RedisProgram, what: 'server' | 'check-rdb'): string {
  const [name] = program.split('-');
  return program === 'redis-7' ? `redis-${what}` : join(cacheDirectory(), program, 'usr', 'bin', `${name}-${what}`);
}

/** As install/valkey.sh finds it. */
function cacheDirectory(): string {
  return process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');
}
