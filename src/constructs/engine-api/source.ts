import { Size } from 'cdk8s';
import { Construct } from 'constructs';
import { EngineName, SourceConfig } from '../../contract/config';
import { ApiRights } from '../parts/api-rights';
import { Endpoint } from '../parts/endpoint';
import { PodParts, SourceSlot } from '../parts/pod-parts';

/** A source: its options are checked, and no pod is there yet. */
export interface SourceDefinition<Engine extends EngineName = EngineName> {
  /** First part of the names of its backups, where nobody gives one. */
  readonly backupName: string;

  /** Of the volume for temporary files, where nobody gives one. */
  readonly scratchSize: Size;

  /** Defines, in `scope`, what the pod needs to reach it. */
  bind(scope: Construct, slot: SourceSlot): SourceParts<Engine>;
}

/** What a source brings to the pod. Nothing of it is optional: who adds an engine answers each question. */
export interface SourceParts<Engine extends EngineName = EngineName> extends PodParts<SourceConfig<Engine>>, Reach {
  /** Names of the claims that have the database's own files. */
  readonly dataClaims: readonly string[];

  /** How many seconds it may wait for a lock, and then for another one: less than a run has. */
  readonly lockTimeouts: readonly number[];
}

/** What a source and a target have in common beside their configs. */
export interface Reach {
  /** What the pod connects to, the API server left aside. */
  readonly endpoints: readonly Endpoint[];

  /** Rights at the API server, for which the pod gets a token; `null`: it gets none. */
  readonly api: ApiRights | null;

  /** Why nothing of it is stored in the clear, and what to give: a message; `null` where it may be. */
  readonly neverInTheClear: string | null;
}
