import { show } from '../core/check';

/**
 * Where a lifecycle rule moves objects to: unlike `S3StorageClass` also the archives, whose objects have to be thawed before they can be
 * read.
 */
export class LifecycleStorageClass {
  /** Cheaper to keep, dearer to read. At least 30 days are billed. */
  public static readonly INFREQUENT_ACCESS = new LifecycleStorageClass('STANDARD_IA');

  /** As `INFREQUENT_ACCESS`, in one data centre: never for the only copy. */
  public static readonly ONE_ZONE_INFREQUENT_ACCESS = new LifecycleStorageClass('ONEZONE_IA');

  /** S3 moves objects between classes by itself. Leave its archive tiers switched off. */
  public static readonly INTELLIGENT_TIERING = new LifecycleStorageClass('INTELLIGENT_TIERING');

  /** Glacier Instant Retrieval: cheap to keep and read at once. At least 90 days are billed. */
  public static readonly GLACIER_INSTANT_RETRIEVAL = new LifecycleStorageClass('GLACIER_IR');

  /** Glacier Flexible Retrieval: 3 to 5 hours until an object can be read. At least 90 days are billed. */
  public static readonly GLACIER = new LifecycleStorageClass('GLACIER');

  /** Glacier Deep Archive: 12 hours until an object can be read. At least 180 days are billed. */
  public static readonly DEEP_ARCHIVE = new LifecycleStorageClass('DEEP_ARCHIVE');

  /**
   * A class of another provider, or a remote tier of MinIO.
   *
   * @param name as the S3 API of the provider spells it.
   */
  public static of(name: string): LifecycleStorageClass {
    if (!/^[A-Z0-9][A-Z0-9_-]*$/.test(name)) {
      throw new Error(`'storageClass' must be upper-case letters, digits, "_" or "-", got ${show(name)}`);
    }
    return new LifecycleStorageClass(name);
  }

  private constructor(
    /** The name in the S3 API. */
    public readonly name: string,
  ) {}
}
