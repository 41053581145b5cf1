import { Construct } from 'constructs';
import { Role } from './rights';
import { StoreConfig, StoreType } from '../../contract/config';
import { isDnsLabel, show } from '../core/check';
import { StoreLayout } from '../parts/store-layout';
import { StoreParts } from '../parts/store-parts';
import { StoreLocation } from '../recovery/store-location';

/** One store: its options are checked, and no pod is there yet. */
export interface StoreDefinition<Credentials = unknown> {
  readonly type: StoreType;
  readonly name: string;
  readonly location: StoreLocation;
  readonly layout: StoreLayout | undefined;

  /** What its own credentials may do; `undefined` where it has none, as a volume. */
  readonly role: Role | undefined;

  /**
   * The store as a whole, as the runner is told of it. Nothing is defined.
   *
   * @param alone whether no other store of the pod is of its type
   * @param credentials instead of its own
   */
  config(alone: boolean, credentials?: Credentials): StoreConfig;

  /** Defines, in `scope`, what a pod needs to reach the store as a whole. */
  bind(scope: Construct, alone: boolean, credentials?: Credentials): StoreParts;

  /**
   * Defines, in `scope`, what a pod needs to read it beside others.
   *
   * @param tag its name in the pod, which no other store has there
   */
  bindForReading(scope: Construct, tag: string, credentials?: Credentials): StoreParts;
}

export function checkStoreName(name: string): string {
  if (!isDnsLabel(name, 30)) {
    throw new Error(`'storeName' must be up to 30 lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)}`);
  }
  return name;
}
