import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, RunningProcess, startProcess, tempDir } from './_process';
import { answers, makeBucket, S3Server } from './_s3';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');

const run = promisify(execFile);

export interface VersitygwOptions {
  /** Whether buckets can keep versions, and delete markers, rather than one object for each key. */
  readonly versions?: boolean;
}

export interface Versitygw extends S3Server {
  /** Where objects are files: DIRECTORY/BUCKET/KEY. */
  readonly dataDirectory: string;
  /** Adds an account that may do what the policies of the buckets say. They name it as it is named here. */
  addUser(name: string): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the data it had. */
  restart(): Promise<void>;
}

/** Starts versitygw: objects are files in a directory, signatures and checksums are verified. */
export async function startVersitygw({ versions = false }: VersitygwOptions = {}): Promise<Versitygw> {
  const file = join(CACHE, 'bin', 'versitygw');
  if (!existsSync(file)) throw new Error(`${file} is missing: run test/integration/install/versitygw.sh`);
  const directory = tempDir('versitygw');
  for (const name of ['data', 'iam', 'versions']) mkdirSync(join(directory, name));
  const port = await freePort();
  const server = {
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId: 'versity-root',
    secretAccessKey: 'versity-secret-0123456789',
    region: 'us-east-1',
  };
  const start = () => startProcess({
    file,
    args: [
      '--port', `127.0.0.1:${port}`, '--region', server.region, '--quiet', '--health', '/health', '--iam-dir', join(directory, 'iam'), '--iam-cache-disable',
      'posix', ...versions ? ['--versioning-dir', join(directory, 'versions')] : [], join(directory, 'data'),
    ],
    env: { ROOT_ACCESS_KEY: server.accessKeyId, ROOT_SECRET_KEY: server.secretAccessKey },
    cwd: directory,
    logFile: join(directory, 'log'),
    readiness: () => answers(`${server.endpoint}/health`),
    timeoutMs: 20_000,
  });
  let running: RunningProcess;
  try {
    running = await start();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    ...server,
    dataDirectory: join(directory, 'data'),
    makeBucket: name => makeBucket(server, name),
    addUser: async name => {
      const secretAccessKey = randomBytes(20).toString('hex');
      const env = { ADMIN_ACCESS_KEY_ID: server.accessKeyId, ADMIN_SECRET_ACCESS_KEY: server.secretAccessKey, ADMIN_ENDPOINT_URL: server.endpoint };
      await run(file, ['admin', 'create-user', '--access', name, '--secret', secretAccessKey, '--role', 'user'], { env, timeout: 20_000 });
      return { accessKeyId: name, secretAccessKey };
    },
    kill: async () => {
      running.kill('SIGKILL');
      await running.exited;
    },
    restart: async () => {
      running = await start();
    },
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
