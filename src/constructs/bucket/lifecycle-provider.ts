import { PROFILES, Profile } from './lifecycle-profiles';

/**
 * Whose rules a lifecycle configuration must keep. Each has a date: providers change theirs.
 */
export class LifecycleProvider {
  /** AWS, commercial regions: since 2026-07-16 objects may enter the infrequent-access classes before day 30. */
  public static readonly AWS = new LifecycleProvider('aws', PROFILES.aws);

  /** AWS in China, where objects enter the infrequent-access classes at day 30 or later. */
  public static readonly AWS_CHINA = new LifecycleProvider('aws-china', PROFILES.awsChina);

  /** MinIO: one transition in a rule, to a remote tier; the server discards unfinished uploads by itself. */
  public static readonly MINIO = new LifecycleProvider('minio', PROFILES.minio);

  /** The gateway of Ceph: any storage class of the placement. */
  public static readonly CEPH_RGW = new LifecycleProvider('ceph-rgw', PROFILES.cephRgw);

  /** Cloudflare R2: no versions, one move to infrequent access. */
  public static readonly CLOUDFLARE_R2 = new LifecycleProvider('cloudflare-r2', PROFILES.cloudflareR2);

  /** Scaleway: One Zone from day 30 on, Glacier from day 90 on. */
  public static readonly SCALEWAY = new LifecycleProvider('scaleway', PROFILES.scaleway);

  /** Backblaze B2: no storage classes, 100 rules. */
  public static readonly BACKBLAZE_B2 = new LifecycleProvider('backblaze-b2', PROFILES.backblazeB2);

  /** Refused: its lifecycle has a schema of its own. `gcloud storage buckets update --lifecycle-file` takes it. */
  public static readonly GOOGLE_CLOUD_STORAGE = new LifecycleProvider('google-cloud-storage', PROFILES.googleCloudStorage);

  /** What all of them take: expiry of objects by age, and the abort of uploads beside it. */
  public static readonly ANY = new LifecycleProvider('any', PROFILES.any);

  private constructor(
    /** Name of the provider. */
    public readonly name: string,
    /**
     * @internal
     */
    public readonly _profile: Profile,
  ) {}
}
