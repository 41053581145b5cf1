import { inspectBackups } from './inspect-backups';
import { samplesOf } from './metrics';
import { NamespacedBackup, push } from './push';
import { messageOf } from '../core/errors';
import { Reporter } from '../core/reporter';
import { Store } from '../store-api/store';

const LOOK_MS = 30_000;

/** Tells a Pushgateway what the stores hold after a verification, a drill or a prune, as the exporter would. Does not fail. */
export async function pushState(url: string | null, backup: NamespacedBackup, stores: readonly Store[], reporter: Reporter): Promise<void> {
  const { name, namespace } = backup;
  if (url === null) return;
  try {
    await push(url, backup, samplesOf(await inspectBackups(name, stores, AbortSignal.timeout(LOOK_MS)), { namespace }), reporter);
  } catch (error) {
    reporter.warn('push.failed', `The stores of ${name} can't be read for the Pushgateway: ${messageOf(error)}`, { backup: name });
  }
}
