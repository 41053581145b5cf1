import { renderSamples, Sample } from './metrics';
import { Metrics } from '../../contract/metrics';
import { BackupRecord } from '../../contract/record';
import { bytesOf } from '../catalog/sizes';
import { messageOf } from '../core/errors';
import { Reporter } from '../core/reporter';

/** A Pushgateway that does not answer holds up no run. */
const PUSH_MS = 2000;
const SHOWN_CHARS = 200;

/** Whose end it is; the namespace is `null` where it is not known. */
export interface NamespacedBackup {
  readonly namespace: string | null;
  readonly name: string;
}

/**
 * Tells a Pushgateway how a run has ended. Adds to what is there (POST) and never replaces it (PUT): what the last good run has said must
 * outlive the bad ones. A Pushgateway that is down is a warning, and no failure of the run.
 *
 * @param url of the Pushgateway; `null` if there is none
 * @param backup with the job, its namespace and name are what the values are grouped by
 */
export async function push(url: string | null, { namespace, name }: NamespacedBackup, samples: readonly Sample[], reporter: Reporter): Promise<void> {
  if (url === null) return;
  const group = `${namespace === null ? '' : `/backup_namespace/${encodeURIComponent(namespace)}`}/backup/${encodeURIComponent(name)}`;
  const target = `${url.replace(/\/+$/, '')}/metrics/job/cdk8s-backup${group}`;
  try {
    const answer = await fetch(target, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain; version=0.0.4' },
      body: await renderSamples(samples),
      redirect: 'error',
      signal: AbortSignal.timeout(PUSH_MS),
    });
    const text = (await beginningOf(answer)).trim();
    if (!answer.ok) throw new Error(`it answers ${answer.status}${text === '' ? '' : `: ${text}`}`);
  } catch (error) {
    const cause = (error as { readonly cause?: unknown }).cause;
    reporter.warn('push.failed', `The end of this run of ${name} can't be told to the Pushgateway ${url}: ${messageOf(cause ?? error)}; alerts that need it will miss this run`,
      { backup: name });
  }
}

/** What of an answer stands in a message, of which there may be no end. */
async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= SHOWN_CHARS) break; // which ends the connection
  }
  return text.slice(0, SHOWN_CHARS);
}

/** How a backup run has ended: what it says of the run always, and of the backup if there is one. */
export function backupEnd({ namespace, name }: NamespacedBackup, stores: readonly string[], finishedAt: Date, record: BackupRecord | null): Sample[] {
  return stores.flatMap(store => {
    const sample = (metric: Sample['metric'], value: number): Sample => ({ metric, namespace, backup: name, store, value });
    const run = [sample(Metrics.LAST_RUN, finishedAt.getTime() / 1000), sample(Metrics.LAST_RUN_FAILED, record ? 0 : 1)];
    if (!record) return run;
    const [started, finished] = [Date.parse(record.startedAt) / 1000, Date.parse(record.finishedAt) / 1000];
    return [
      ...run,
      sample(Metrics.LAST_SIZE, bytesOf(record.artifacts)),
      sample(Metrics.LAST_SUSPECT, record.suspect === null ? 0 : 1),
      // A suspect backup is no success: what the last good one has said stays.
      ...record.suspect === null
        ? [
          sample(Metrics.LAST_SUCCESS, finished),
          sample(Metrics.LAST_RECOVERY_POINT, started),
          sample(Metrics.LAST_DURATION, Math.max(0, finished - started)),
        ]
        : [],
    ];
  });
}
