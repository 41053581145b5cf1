import { Construct } from 'constructs';
import { BackupCronJob } from '../backup/backup-cron-job';
import { BACKUP } from '../backup/takes';
import { show } from '../core/check';
import { checkForm, Form, needed } from '../core/form';
import { located } from '../core/located';
import { jsonText, SynthFile } from '../core/synth-file';
import { listOf, oneOf, struct, text } from '../core/takes';
import { warn } from '../core/warnings';
import { inOneContainer, placeOfBucket } from '../parts/store-place';
import { BackupStore } from '../stores/backup-store';
import { bucketPolicy, identityPolicy, PolicyBackup } from '../stores/s3/policy';
import { S3Access } from '../stores/s3/s3-access';
import { isBucket } from '../stores/s3/store-type';
import { STORE } from '../stores/takes';

/** Who may do what, in the policy of a bucket. */
export interface S3AccessGrant {
  /** The role. */
  readonly access: S3Access;

  /** Who has it: ARNs such as `arn:aws:iam::111122223333:role/backup`, or what a compatible service has instead. At least one. */
  readonly principals: string[];
}

/** Properties of `S3AccessPolicy`. */
export interface S3AccessPolicyProps {
  /** The backups that the policy is about: at least one. Others in the bucket can't be touched with it. */
  readonly backups: BackupCronJob[];

  /**
   * The bucket.
   *
   * @default - the one that the backups write to, if it is only one
   */
  readonly store?: BackupStore;

  /**
   * The role, for a policy of IAM that is attached to the identity which has it. Give either this or `grants`.
   *
   * @default - none: `grants` must be given
   */
  readonly access?: S3Access;

  /**
   * All roles and who has them, for the policy of the bucket. It can't allow the use of a KMS key: that is up to the key's own policy.
   *
   * @default - none: `access` must be given
   */
  readonly grants?: S3AccessGrant[];

  /**
   * Path of the file inside the output folder.
   *
   * @default - `s3-policies/BUCKET.ACCESS.json`, and `s3-policies/BUCKET.json` for the policy of the bucket
   */
  readonly fileName?: string;
}

const ACCESS = oneOf(S3Access, 'S3Access');
const GRANT: Form<S3AccessGrant> = { access: needed(ACCESS), principals: needed(listOf(text('arn:aws:iam::111122223333:role/backup'))) };
const POLICY_FORM: Form<S3AccessPolicyProps> = {
  backups: needed(listOf(BACKUP)),
  store: STORE,
  access: ACCESS,
  grants: listOf(struct(GRANT)),
  fileName: text('s3-policies/shop.json'),
};

/** What a managed policy of IAM may have, white space left out, and what the policy of a bucket may have. */
const MAX_IDENTITY_POLICY = 6144;
const MAX_BUCKET_POLICY = 20 * 1024;

/**
 * The smallest policy with which a role works: no action too many, and only the objects of these backups.
 *
 * `app.synth()` writes it as JSON, for `aws iam create-policy --policy-document file://…`, for
 * `aws s3api put-bucket-policy --policy file://…`, or for what a compatible service has instead.
 */
export class S3AccessPolicy extends Construct {
  /** The document, as it stands in the file. */
  public readonly json: string;

  /** Path of the file inside the output folder. */
  public readonly fileName: string;

  constructor(scope: Construct, id: string, props: S3AccessPolicyProps) {
    super(scope, id);
    try {
      checkForm(props, POLICY_FORM);
      const { access, grants } = props;
      if ((access === undefined) === (grants === undefined)) throw new Error(`give either 'access' or 'grants', got ${access ? 'both' : 'none'}`);
      if (grants) checkGrants(grants);
      const inBucket = backupsIn(props.backups, props.store);
      const document = access ? identityPolicy(access, inBucket) : bucketPolicy(grants!, inBucket);
      this.json = jsonText(document);
      const { bucketName: bucket } = inBucket[0].store;
      this.fileName = props.fileName ?? (access ? `s3-policies/${bucket}.${access}.json` : `s3-policies/${bucket}.json`);
      new SynthFile(this, 'File', { fileName: this.fileName, content: () => this.json });

      const [size, most] = [JSON.stringify(document).length, access ? MAX_IDENTITY_POLICY : MAX_BUCKET_POLICY];
      if (size > most) warn(this, `${this.fileName} has ${size} characters, and AWS takes ${most} for ${access ? 'a managed policy' : 'the policy of a bucket'}: give the backups fewer policies each, or put them under one prefix and write the policy for that`);
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}

function checkGrants(grants: readonly S3AccessGrant[]): void {
  if (grants.length === 0) throw new Error('\'grants\' must have at least one role, got []');
  for (const { access, principals } of grants) {
    if (principals.length === 0) throw new Error(`'principals' of S3Access.${access.toUpperCase()} must name somebody, got []: an ARN of IAM`);
    // A bucket that everybody may write to, or delete from.
    const bad = principals.find(principal => principal.includes('*') || !/^\S+$/.test(principal));
    if (bad !== undefined) throw new Error(`'principals' must name somebody each, without spaces and "*", got ${show(bad)}: as in "arn:aws:iam::111122223333:role/backup"`);
  }
}

/** The backups as they are in the one bucket. */
function backupsIn(backups: readonly BackupCronJob[], store: BackupStore | undefined): PolicyBackup[] {
  if (backups.length === 0) throw new Error('\'backups\' must have at least one backup, got []');
  const found = backups.map(backup => ({ backup, stores: bucketsOf(backup, store) }));
  const missing = found.find(({ stores }) => stores.length === 0);
  if (missing) {
    throw new Error(`'backups' must write to ${store ? `the bucket of 'store', ${show(store.storeName)}` : 'a bucket'}, got ${show(missing.backup.cronJobName)}, which does not: leave it out`);
  }
  const inBuckets = found.flatMap(({ backup, stores }) => stores.map(({ config, place }) => ({ name: backup.backupName, store: config, place })));
  const buckets = [...new Set(inBuckets.map(({ store: { bucketName: name, endpoint } }) => `${endpoint ?? ''} ${name}`.trim()))];
  if (inBuckets.some(({ place }) => !inOneContainer(place, inBuckets[0].place))) throw new Error(`'store' is missing and the backups write to several buckets, ${show(buckets)}: say which one is meant, each has a policy of its own`);
  return inBuckets;
}

/** The stores of a backup that are the bucket of `store`, in whichever folder of it; all of its buckets, where none is named. */
function bucketsOf(backup: BackupCronJob, store: BackupStore | undefined) {
  const stores = backup._config.stores.flatMap((config, i) =>
    isBucket(config) ? [{ config, store: backup._backupStores[i], place: backup._places[i] }] : []);
  if (store === undefined) return stores;
  const itself = stores.filter(each => each.store === store);
  const bucket = store._toConfig();
  return itself.length > 0 || !isBucket(bucket) ? itself : stores.filter(({ place }) => inOneContainer(placeOfBucket(bucket), place));
}
