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
  /** Runs `aws s3api … --bucket BUCKET` with the keys of the pods, which are those of the root account. */
  aws(...args: string[]): Promise<string>;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the data it had. */
  restart(): Promise<void>;
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
  const keys = { AWS_ACCESS_KEY_ID: 'versity-root', AWS_SECRET_ACCESS_KEY: 'versity-secret-0123456789', AWS_DEFAULT_REGION: 'eu-west-1' };
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
  const aws = (...args: string[]) => inNodeNetwork(['aws', '--endpoint-url', endpoint, '--output', 'json', 's3api', ...args, '--bucket', bucket], { env: keys });
  if (objectLock) await aws('create-bucket', '--object-lock-enabled-for-bucket');
  return {
    endpoint,
    keys,
    aws,
    dataDirectory: path.join(directory, 'data'),
    kill: async () => {
      running.kill('SIGKILL');
      await running.exited;
    },
    restart: async () => {
      running = await start();
    },
  };
}
