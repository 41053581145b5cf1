import { setTimeout as sleep } from 'node:timers/promises';
import { accessTo, observe, Observation } from './observe';
import { Shelf } from './shelf';
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
export interface Watched {
  readonly config: ExportedBackupConfig;
  readonly observation: Observation;
}

/**
 * Looks at the stores of all backups again and again, and keeps what was seen. Each store is looked at on its own, so that one that is
 * slow or gone leaves the others as fresh as ever.
 */
export class Watch {
  private readonly entries: readonly { readonly config: ExportedBackupConfig; readonly shelves: readonly Shelf[] }[];
  private readonly byStore: readonly (readonly Shelf[])[];
  private readonly observations = new Map<string, Observation>();
  private readonly looked = new Set<readonly Shelf[]>();

  constructor(
    private readonly config: Pick<ExporterConfig, 'backups' | 'refreshSeconds'>, open: (store: StoreConfig) => Store, private readonly reporter: Reporter,
  ) {
    const stores = new Map<string, { readonly store: Store; readonly shelves: Shelf[] }>();
    this.entries = config.backups.map(backup => ({
      config: backup,
      shelves: backup.stores.map(storeConfig => {
        const key = JSON.stringify(storeConfig);
        const entry = stores.get(key) ?? { store: open(storeConfig), shelves: [] };
        stores.set(key, entry);
        const shelf = new Shelf(backup.name, entry.store);
        entry.shelves.push(shelf);
        return shelf;
      }),
    }));
    this.byStore = [...stores.values()].map(({ shelves }) => shelves);
  }

  /** What was last seen, in the order of the config. Asks no store. */
  public watched(): readonly Watched[] {
    return this.entries.map(({ config, shelves }) =>
      ({ config, observation: this.observations.get(config.name) ?? nothingYet(config.name, shelves) }));
  }

  /** Whether every store was looked at, successfully or not. */
  public get complete(): boolean {
    return this.looked.size === this.byStore.length;
  }

  /** Looks until it is aborted; rejects then. */
  public async run(signal: AbortSignal): Promise<never> {
    await Promise.all(this.byStore.map(async shelves => {
      for (;;) {
        await this.look(shelves, signal);
        await sleep(Math.min(this.config.refreshSeconds * 1000, LONGEST_TIMER_MS), undefined, { signal });
      }
    }));
    throw signal.reason;
  }

  /** Looks once at everything. */
  public async lookOnce(signal: AbortSignal): Promise<void> {
    await Promise.all(this.byStore.map(shelves => this.look(shelves, signal)));
  }

  /** Looks at all shelves of one store. */
  private async look(shelves: readonly Shelf[], signal: AbortSignal): Promise<void> {
    let gone: RunnerError | undefined;
    await sideBySide(shelves, CONCURRENT_LOOKS, async shelf => {
      const before = shelf.trouble;
      // Where the server does not answer for one backup, asking for hundreds of others would take hours.
      let changed = false;
      if (gone) shelf.failed(gone);
      else changed = await shelf.refresh(signal);
      if (shelf.trouble?.error.exitCode === ExitCode.UNAVAILABLE) gone ??= shelf.trouble.error;
      this.tell(shelf, before);
      await this.update(shelf, changed, signal);
    });
    this.looked.add(shelves);
  }

  /** Reads a shelf again if it is another than it was. */
  private async update(shelf: Shelf, changed: boolean, signal: AbortSignal): Promise<void> {
    const { config: { name }, shelves } = this.entries.find(entry => entry.shelves.includes(shelf))!;
    const known = this.observations.get(name);
    if (changed || !known || known.ahead) {
      this.observations.set(name, await observe(name, shelves, signal));
    } else {
      const stores = known.stores.map((store, i) => shelves[i] === shelf ? { ...store, ...accessTo(shelf) } : store);
      this.observations.set(name, { ...known, stores });
    }
  }

  /** Logs when a store goes and when it is back, and not every look in between. */
  private tell(shelf: Shelf, before: Shelf['trouble']): void {
    const { trouble, name, backupName } = shelf;
    const facts = { backup: backupName, store: name };
    if (trouble && !before) this.reporter.warn('store.down', `${backupName}: ${trouble.error.message}; the last known values are shown until it can be read again`, facts);
    if (!trouble && before) this.reporter.info('store.up', `${backupName}: ${name} can be read again`, facts);
  }
}

function nothingYet(name: string, shelves: readonly Shelf[]): Observation {
  return {
    name,
    catalog: null,
    stores: shelves.map(shelf => ({
      name: shelf.name,
      location: shelf.location,
      readAt: null,
      trouble: shelf.trouble ? { message: shelf.trouble.error.message, since: shelf.trouble.since } : null,
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
