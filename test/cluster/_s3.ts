import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inNodeNetwork, place } from './_cluster';
import { inNode, listens } from './_node';
import { NODE_IP, server } from './_paths';
import { RunningProcess, startProcess, tempDir } from '../integration/servers/_process';

/** An S3 server outside of the cluster, at the address of the node. */
export interface ClusterS3 {
  readonly endpoint: string;
  /** What the pods need in their Secret. */
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string; readonly AWS_DEFAULT_REGION: string };
  /** Where objects are files: DIRECTORY/BUCKET/KEY. */
  readonly dataDirectory: string;
  /** Asks for these about the bucket, one after the other, with the keys of the pods, which are those of the root account. */
  send(...requests: S3Request[]): Promise<S3Answer[]>;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the data it had. */
  restart(): Promise<void>;
  /** Starts it again with another secret key, and no longer takes the one before. */
  rotate(): Promise<void>;
}

/** Name of a command of the SDK, without "Command", and what it needs besides the bucket. */
export type S3Request = readonly [command: string, input?: object];

/** What was answered, or with which error it was refused. */
export interface S3Answer {
  readonly answer?: any;
  readonly error?: string;
}

const PORTS = { first: 9000, last: 9099 };

export interface ClusterS3Options {
  /** Whether the bucket has Object Lock, and with it versions. */
  readonly objectLock?: boolean;
}

/** Starts a server with one bucket, which ends with the cluster. */
export async function startClusterS3(bucket: string, { objectLock = false }: ClusterS3Options = {}): Promise<ClusterS3> {
  const node = place();
  const directory = tempDir('s3');
  for (const name of ['iam', 'versions', 'data', ...objectLock ? [] : [`data/${bucket}`]]) mkdirSync(path.join(directory, name), { recursive: true });
  let keys = { AWS_ACCESS_KEY_ID: 'versity-root', AWS_SECRET_ACCESS_KEY: 'versity-secret-0123456789', AWS_DEFAULT_REGION: 'eu-west-1' };
  let port = PORTS.first + Number(process.env.JEST_WORKER_ID ?? 0) * 10; // workers don't look at the same ones
  while (listens(node.pid, port)) port++;
  if (port > PORTS.last) throw new Error('there are too many S3 servers');
  const [enter, ...enterArgs] = inNode(node);
  const start = () => startProcess({
    file: enter!,
    args: [
      ...enterArgs, server('versitygw'), '--port', `${NODE_IP}:${port}`, '--region', keys.AWS_DEFAULT_REGION, '--quiet', '--health', '/health',
      '--iam-dir', path.join(directory, 'iam'), 'posix', ...objectLock ? ['--versioning-dir', path.join(directory, 'versions')] : [], path.join(directory, 'data'),
    ],
    env: { ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY },
    logFile: path.join(directory, 'log'),
    readiness: async () => listens(node.pid, port),
    timeoutMs: 20_000,
  });
  let running: RunningProcess = await start();
  const endpoint = `http://${NODE_IP}:${port}`;
  const send = async (...requests: S3Request[]): Promise<S3Answer[]> => {
    const input = JSON.stringify(requests.map(([command, about]) => [command, { Bucket: bucket, ...about }]));
    return JSON.parse(await inNodeNetwork([process.execPath, path.join(__dirname, 's3-requests.ts'), endpoint], { env: keys, input }));
  };
  if (objectLock) {
    const [made] = await send(['CreateBucket', { ObjectLockEnabledForBucket: true }]);
    if (made?.error !== undefined) throw new Error(made.error);
  }
  const kill = async () => {
    running.kill('SIGKILL');
    await running.exited;
  };
  return {
    endpoint,
    get keys() {
      return keys;
    },
    send,
    dataDirectory: path.join(directory, 'data'),
    kill,
    restart: async () => {
      running = await start();
    },
    rotate: async () => {
      await kill();
      keys = { ...keys, AWS_SECRET_ACCESS_KEY: `${keys.AWS_SECRET_ACCESS_KEY}-another` };
      running = await start();
    },
  };
}
