import { show } from '../../core/check';

/**
 * Storage class of the objects.
 *
 * Only classes whose objects can be read at once: an object in an archive has to be thawed for hours, and then a restore, a
 * verification and even the list of backups would wait for it. To archive old backups use a lifecycle rule of the bucket.
 */
export class S3StorageClass {
  /**
   * For backups that are replaced within a month.
   */
  public static readonly STANDARD = new S3StorageClass('STANDARD');

  /**
   * Cheaper to keep, dearer to read. At least 30 days and 128 KiB an object are billed.
   */
  public static readonly INFREQUENT_ACCESS = new S3StorageClass('STANDARD_IA');

  /**
   * As `INFREQUENT_ACCESS`, in one data centre: never for the only copy.
   */
  public static readonly ONE_ZONE_INFREQUENT_ACCESS = new S3StorageClass('ONEZONE_IA');

  /**
   * S3 moves objects between classes by itself. Leave its archive tiers switched off.
   */
  public static readonly INTELLIGENT_TIERING = new S3StorageClass('INTELLIGENT_TIERING');

  /**
   * Glacier Instant Retrieval: cheap to keep and read at once. At least 90 days and 128 KiB an object are billed.
   */
  public static readonly GLACIER_INSTANT_RETRIEVAL = new S3StorageClass('GLACIER_IR');

  /**
   * A class of another provider.
   *
   * @param name as the S3 API of the provider spells it.
   */
  public static of(name: string): S3StorageClass {
    if (['GLACIER', 'DEEP_ARCHIVE'].includes(name.toUpperCase())) {
      throw new Error(`'storageClass' must be a class whose objects can be read at once, got ${show(name)}: use GLACIER_INSTANT_RETRIEVAL, or a lifecycle rule of the bucket that archives old backups`);
    }
    if (!/^[A-Z0-9_-]+$/.test(name)) {
      throw new Error(`'storageClass' must be upper-case letters, digits, "_" or "-", got ${show(name)}`);
    }
    return new S3StorageClass(name);
  }

  private constructor(
    /** The name in the S3 API. */
    public readonly name: string,
  ) {}
}
