import { PodParts } from './_pod-parts';
import { StoreConfig } from './contract/config';

/** What a store brings to the pod. */
export interface StoreParts extends PodParts<StoreConfig> {
  /** For the service account. */
  readonly annotations: { readonly [name: string]: string };
  /** Equal for two stores exactly if they hold their files at the same place. */
  readonly location: string;
  /** The Secret that holds the keys, if there is one. */
  readonly secretName?: string;
  /** The claim that is mounted, if there is one. */
  readonly claimName?: string;
}
