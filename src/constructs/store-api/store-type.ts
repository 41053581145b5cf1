import { StoreConfig, StoreType } from '../../contract/config';

/**
 * What the constructs have to know of a type of store, beside what one of them brings to a pod. Each type answers all of it, in its own
 * folder, and nobody else asks which type a store is of.
 */
export interface ConstructStoreType<T extends StoreType = StoreType> {
  /** What messages call one of them: `the volume`, before its name. */
  readonly title: string;

  /**
   * By what a pod reaches it that is of the pod's own namespace. A claim is mounted, so whoever can do without it leaves it out; a Secret
   * may be another one.
   */
  readonly reachedBy: 'claim' | 'Secret';

  /**
   * How an exporter does without what is of another namespace, for the end of a message.
   *
   * @param namespace of the exporter
   */
  elsewhere(storeName: string, namespace: string): string;

  /** The same store, as it is for one backup that has a folder in it to itself. */
  inFolder(store: StoreConfig<T>, backupName: string): StoreConfig<T>;

  /** Storage class of what is written; `undefined` where there are none. */
  storageClass(store: StoreConfig<T>): string | undefined;

  /** What a pod connects to; `undefined`: nothing, for it is mounted. */
  network(store: StoreConfig<T>): StoreNetwork | undefined;

  /**
   * What it is, for the runbook: `bucket your-backup-bucket`.
   *
   * @param claim that a pod mounts for it, where that is known
   */
  describe(store: StoreConfig<T>, claim: string | undefined): string;

  /** The environment variables with the secrets by which it is reached from any machine. */
  secretVariables(store: StoreConfig<T>): readonly string[];

  /** How long it keeps what is written from being deleted, against how long backups are kept. */
  checkLock(store: StoreConfig<T>, kept: Kept): LockProblems;
}

/** What a pod connects to for a store. */
export interface StoreNetwork {
  readonly url: string;
  /** Whom it asks who it is, where it has no keys: for the first that answers. */
  readonly identityAgents: readonly IdentityAgent[];
}

/** What gives a pod its identity in the cloud. It is on every node, at an address that is the same everywhere, or anywhere. */
export interface IdentityAgent {
  readonly cidr: string;
  readonly ports: readonly number[];
}

/** How long backups are kept, in seconds. */
export interface Kept {
  /** The one that is kept longest. */
  readonly longest: number;
  /** Each of them, by its age; `undefined`: age does not count. */
  readonly byAge: number | undefined;
}

export interface LockProblems {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}
