import * as z from 'zod';
import { Store } from './store';
import { S3StoreConfig, StoreConfig, StoreType } from '../../contract/config';

/** A type of stores. */
export interface StoreKind<Type extends StoreType> {
  readonly schema: z.ZodType<StoreConfig<Type>>;

  /**
   * Opens the store of a config. Nothing is reached yet; `Store.check` does that.
   *
   * @param env holds the secrets that the config names
   * @param warn is told, in a sentence for people, what is odd but does not stand in the way
   */
  open(config: StoreConfig<Type>, env: NodeJS.ProcessEnv, warn: (message: string) => void): Store;

  /** The bucket whose own lifecycle may delete and move what is in it; `null` where nobody deletes but this program. */
  bucketOf(config: StoreConfig<Type>): S3StoreConfig | null;

  /** Where it is, such as `s3://BUCKET/PREFIX`, if other clusters may have it too; `null` where only those have it that mount a volume. */
  sharedPlaceOf(config: StoreConfig<Type>): string | null;
}
