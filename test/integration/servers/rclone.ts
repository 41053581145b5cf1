import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess, tempDir } from './_process';
import { answers, makeBucket, S3Server } from './_s3';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');

/** Starts `rclone serve s3`, which lists no unfinished uploads, and takes no notice of conditions and checksums. */
export async function startRclone(): Promise<S3Server> {
  const file = join(CACHE, 'bin', 'rclone');
  if (!existsSync(file)) throw new Error(`${file} is missing: run test/integration/install/rclone.sh`);
  const directory = tempDir('rclone');
  mkdirSync(join(directory, 'data'));
  const port = await freePort();
  const server = { endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'rclone-key', secretAccessKey: 'rclone-secret-0123456789', region: 'us-east-1' };
  const running = await startProcess({
    file,
    args: ['serve', 's3', '--addr', `127.0.0.1:${port}`, '--auth-key', `${server.accessKeyId},${server.secretAccessKey}`, '--config', join(directory, 'none'), join(directory, 'data')],
    // Its lists have the local time, and call it UTC.
    env: { ...process.env, TZ: 'UTC' },
    logFile: join(directory, 'log'),
    readiness: () => answers(server.endpoint),
    timeoutMs: 20_000,
  });
  return {
    ...server,
    makeBucket: name => makeBucket(server, name),
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
