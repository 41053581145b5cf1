import { Size } from 'cdk8s';
import { PodParts } from './pod-parts';
import { StorePlace } from './store-place';
import { StoreConfig } from '../../contract/config';

/** What a store brings to the pod. */
export interface StoreParts extends PodParts<StoreConfig> {
  /** For the service account. */
  readonly annotations: { readonly [name: string]: string };
  /** Where it is, for messages. */
  readonly location: string;
  /** Where it is, to be compared. */
  readonly place: StorePlace;
  /** The Secret that holds the keys, if there is one. */
  readonly secretName?: string;
  /** How much fits into it; `undefined`: nobody knows. */
  readonly capacity?: Size;
  /** The claim that is mounted, if there is one. */
  readonly claimName?: string;
}
