import { setTimeout as sleep } from 'node:timers/promises';
import { accessTo, observe, Observation } from './observe';
import { StoreSnapshot } from './store-snapshot';
import { ExportedBackupConfig, ExporterConfig, StoreConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { LONGEST_TIMER_MS } from '../core/deadline';
import { RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';
import { sideBySide } from '../core/side-by-side';
import { Store } from '../store-api/store';

/** Of one store; more at a time would be a burden for it, and win little. */
const CONCURRENT_LOOKS = 4;

/** A backup and what was last seen of it. */
export interface MonitoredBackup {
  readonly config: ExportedBackupConfig;
  readonly observation: Observation;
}

/**
 * Looks at the stores of all backups again and again, and keeps what was seen. Each store is looked at on its own, so that one that is
 * slow or gone leaves the others as fresh as ever.
 */
export class Monitor {
  private readonly entries: readonly { readonly config: ExportedBackupConfig; readonly snapshots: readonly StoreSnapshot[] }[];
  private readonly byStore: readonly (readonly StoreSnapshot[])[];
  private readonly observations = new Map<string, Observation>();
  private readonly looked = new Set<readonly StoreSnapshot[]>();

  constructor(
    private readonly config: Pick<ExporterConfig, 'backups' | 'refreshSeconds'>, open: (store: StoreConfig) => Store, private readonly reporter: Reporter,
  ) {
    const stores = new Map<string, { readonly store: Store; readonly snapshots: StoreSnapshot[] }>();
    this.entries = config.backups.map(backup => ({
      config: backup,
      snapshots: backup.stores.map(storeConfig => {
        const key = JSON.stringify(storeConfig);
        const entry = stores.get(key) ?? { store: open(storeConfig), snapshots: [] };
        stores.set(key, entry);
        const snapshot = new StoreSnapshot(backup.name, entry.store);
        entry.snapshots.push(snapshot);
        return snapshot;
      }),
    }));
    this.byStore = [...stores.values()].map(({ snapshots }) => snapshots);
  }

  /** What was last seen, in the order of the config. Asks no store. */
  public backups(): readonly MonitoredBackup[] {
    return this.entries.map(({ config, snapshots }) =>
      ({ config, observation: this.observations.get(config.name) ?? nothingYet(config.name, snapshots) }));
  }

  /** Whether every store was looked at, successfully or not. */
  public get complete(): boolean {
    return this.looked.size === this.byStore.length;
  }

  /** Looks until it is aborted; rejects then. */
  public async run(signal: AbortSignal): Promise<never> {
    await Promise.all(this.byStore.map(async snapshots => {
      for (;;) {
        await this.look(snapshots, signal);
        await sleep(Math.min(this.config.refreshSeconds * 1000, LONGEST_TIMER_MS), undefined, { signal });
      }
    }));
    throw signal.reason;
  }

  /** Looks once at everything. */
  public async lookOnce(signal: AbortSignal): Promise<void> {
    await Promise.all(this.byStore.map(snapshots => this.look(snapshots, signal)));
  }

  /** Looks at all snapshots of one store. */
  private async look(snapshots: readonly StoreSnapshot[], signal: AbortSignal): Promise<void> {
    let gone: RunnerError | undefined;
    await sideBySide(snapshots, CONCURRENT_LOOKS, async snapshot => {
      const before = snapshot.trouble;
      // Where the server does not answer for one backup, asking for hundreds of others would take hours.
      let changed = false;
      if (gone) snapshot.failed(gone);
      else changed = await snapshot.refresh(signal);
      if (snapshot.trouble?.error.exitCode === ExitCode.UNAVAILABLE) gone ??= snapshot.trouble.error;
      this.tell(snapshot, before);
      await this.update(snapshot, changed, signal);
    });
    this.looked.add(snapshots);
  }

  /** Reads a snapshot again if it is another than it was. */
  private async update(snapshot: StoreSnapshot, changed: boolean, signal: AbortSignal): Promise<void> {
    const { config: { name }, snapshots } = this.entries.find(entry => entry.snapshots.includes(snapshot))!;
    const known = this.observations.get(name);
    if (changed || !known || known.ahead) {
      this.observations.set(name, await observe(name, snapshots, signal));
    } else {
      const stores = known.stores.map((store, i) => snapshots[i] === snapshot ? { ...store, ...accessTo(snapshot) } : store);
      this.observations.set(name, { ...known, stores });
    }
  }

  /** Logs when a store goes and when it is back, and not every look in between. */
  private tell(snapshot: StoreSnapshot, before: StoreSnapshot['trouble']): void {
    const { trouble, name, backupName } = snapshot;
    const facts = { backup: backupName, store: name };
    if (trouble && !before) this.reporter.warn('store.down', `${backupName}: ${trouble.error.message}; the last known values are shown until it can be read again`, facts);
    if (!trouble && before) this.reporter.info('store.up', `${backupName}: ${name} can be read again`, facts);
  }
}

function nothingYet(name: string, snapshots: readonly StoreSnapshot[]): Observation {
  return {
    name,
    catalog: null,
    stores: snapshots.map(snapshot => ({
      name: snapshot.name,
      location: snapshot.location,
      readAt: null,
      trouble: snapshot.trouble ? { message: snapshot.trouble.error.message, since: snapshot.trouble.since } : null,
      objects: 0,
      bytes: 0,
      freeBytes: null,
      held: false,
      pinned: new Set(),
      verifications: new Map(),
      drills: [],
      failedRuns: [],
    })),
    drills: [],
    failedRuns: [],
    held: false,
    pinned: new Set(),
    unreadable: [],
    ahead: false,
  };
}
