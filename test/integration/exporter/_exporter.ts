import { ChildProcess } from 'node:child_process';
import { ExportedBackupConfig, ExporterConfig } from '../../../src/contract/config';
import { Ended, start } from '../_runner';
import { exporter } from './_stores';
import { freePort, until } from '../servers/_process';

export interface ExporterOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly refreshSeconds?: number;
  readonly changes?: Partial<ExporterConfig>;
  /** Whether to wait for the first look. */
  readonly wait?: boolean;
}

export interface RunningExporter {
  readonly url: string;
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  get(path: string): Promise<string>;
  stop(): Promise<Ended>;
}

/** Starts the exporter as its pod does, and waits until it has looked at every store once. */
export async function startExporter(
  backups: readonly ExportedBackupConfig[], { env = {}, refreshSeconds = 1, changes = {}, wait = true }: ExporterOptions = {},
): Promise<RunningExporter> {
  const port = await freePort();
  const running = start(['serve'], { config: exporter(backups, port, refreshSeconds, changes), env });
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => (await fetch(url + path)).text();
  const answers = async () => {
    if (running.process.exitCode !== null) throw new Error(`the exporter has ended:\n${(await running.ended).stderr}`);
    return get('/healthz').then(() => true, () => false);
  };
  await until('the exporter answers', 30_000, answers);
  if (wait) await until('the exporter has looked at everything', 60_000, async () => (JSON.parse(await get('/api/backups')) as { complete: boolean }).complete);
  return {
    url,
    process: running.process,
    ended: running.ended,
    get,
    stop: () => {
      running.process.kill('SIGTERM');
      return running.ended;
    },
  };
}
