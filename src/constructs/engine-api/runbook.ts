import { EngineName, SourceConfig, TargetConfig } from '../../contract/config';

/** What a runbook says of an engine. Commands are lines of a shell. */
export interface EngineRunbook<Engine extends EngineName = EngineName> {
  /** What is backed up: `PostgreSQL database orders on postgres`. */
  describe(source: SourceConfig<Engine>): string;

  /** How a restore reaches the target from a machine outside of the cluster. */
  fromOutside(target: TargetConfig<Engine>, route: Route): OutsideRestore;

  /** How a restore in a container beside the server reaches the target; `null`: it needs the API of a cluster. */
  besideContainer(target: TargetConfig<Engine>, route: Route): ContainerRestore | null;

  /** Whether what a restore replaces is kept, so that there is a way back. */
  keepsPrevious(target: TargetConfig<Engine>): boolean;

  /** How a part of what was lost comes back while the rest stays as it is; `null` where only all of it can. */
  partOf(target: TargetConfig<Engine>, route: Route): PartialRestore | null;

  /**
   * Lines that bring a backup back with the programs of the engine alone.
   *
   * @param files begins the names of its artifacts, in front of the dot: opened and unpacked, in the working directory
   */
  stockTools(source: SourceConfig<Engine>, files: string): readonly string[];
}

/** Where a server of the cluster answers outside of it. */
export type Route = (host: string, port: number) => { readonly host: string; readonly port: number };

export interface OutsideRestore {
  /** Whether it asks the API server. */
  readonly api: boolean;
  /** What differs from inside, each `PROPERTY=VALUE` of the target, as a shell reads it. */
  readonly settings: readonly string[];
  /** What the reader has to know, in sentences. */
  readonly notes: readonly string[];
}

export interface ContainerRestore {
  /** What differs from the pod, as in `OutsideRestore`. */
  readonly settings: readonly string[];
  /** Whether servers are reached over the network of the containers. */
  readonly network: boolean;
  /** Files that it restores, which have to be on a volume. */
  readonly files: readonly string[];
}

/** The way to get back one table, with the backup restored beside. */
export interface PartialRestore {
  /** The variable with the password; `null`: there is none. */
  readonly passwordEnv: string | null;
  /** With which settings of the target the backup is restored beside what is live. */
  readonly beside: readonly string[];
  /** Lines that bring back what `$TABLE` names. */
  readonly copy: readonly string[];
  /** Lines that remove what was restored beside. */
  readonly remove: readonly string[];
}
