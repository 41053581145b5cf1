import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { BackupBucketLifecycleProps, BackupBucketOptions, LifecycleForBackupsOptions } from './backup-bucket-lifecycle-props';
import { BackupInBucket, backupsIn, storageClassesWithin } from './backup-in-bucket';
import { BACKUPS, FOR_BACKUPS_FORM, LIFECYCLE_FORM } from './bucket-forms';
import { checkBackups } from './lifecycle-backups';
import { BucketFacts, checkDocument } from './lifecycle-checks';
import { deriveRules } from './lifecycle-derive';
import { LifecycleFinding, showFinding } from './lifecycle-findings';
import { defineApplyJob } from './lifecycle-job';
import { ModelRule } from './lifecycle-model';
import { PROFILES, profileOfStore } from './lifecycle-profiles';
import { refuseErrors } from './lifecycle-refusal';
import { days, renderRules } from './lifecycle-render';
import * as messages from './messages';
import { S3StoreConfig } from '../../contract/config';
import { LIFECYCLE_ID_PREFIX, LIFECYCLE_VERSION, LifecycleDocument } from '../../contract/lifecycle';
import { BackupCronJob } from '../backup/backup-cron-job';
import { writeAsStored } from '../core/as-stored';
import { show } from '../core/check';
import { checkForm, checkGiven } from '../core/form';
import { at, located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { oncePerSynth } from '../core/once-per-synth';
import { refuseAtSynth } from '../core/spelling';
import { jsonText, SynthFile } from '../core/synth-file';
import { warn } from '../core/warnings';
import { inOneContainer, placeOfBucket, StorePlace } from '../parts/store-place';
import { checkAccess } from '../stores/access';
import { BackupStore } from '../stores/backup-store';
import { isBucket } from '../stores/s3/store-type';
import { storeType } from '../stores/store-types';

/**
 * The lifecycle configuration of a bucket with backups: which objects S3 moves to other storage classes, and which it deletes.
 *
 * Checked against the rules of the provider, and against all backups of the app that write to the bucket: their retention, their floor
 * and their objectives. `app.synth()` writes it as the JSON file that
 * `aws s3api put-bucket-lifecycle-configuration --lifecycle-configuration file://…` takes.
 */
export class BackupBucketLifecycle extends Construct {
  /**
   * What follows from the backups themselves, in one document: unfinished uploads and old versions are cleaned up, and with `expire`
   * backups that nobody promised to keep.
   *
   * The rules are about the objects of these backups, and about nothing else in the bucket. With `StoreLayout.FLAT` that holds only as long
   * as no other app has a backup there whose name begins with the same letters and `_`, as `shop` and `shop_eu` do.
   */
  public static forBackups(scope: Construct, id: string, backups: BackupCronJob[], options: LifecycleForBackupsOptions = {}): BackupBucketLifecycle {
    return at(`${scope.node.path}/${id}`, () => {
      checkGiven('backups', backups, BACKUPS);
      checkForm(options, FOR_BACKUPS_FORM);
      const { store = onlyBucketOf(backups), expire = false, transitions = [], otherRules = [], ...bucket } = options;
      const { config, place } = bucketOf(store);
      const inBucket = backups.flatMap(backup => backupsIn(place, backup));
      const missing = backups.find(backup => backupsIn(place, backup).length === 0);
      if (missing) throw new Error(`'backups' must write to the bucket ${show(config.bucketName)}, got ${show(missing.cronJobName)}, which does not: give each bucket a lifecycle of its own`);
      const derived = deriveRules(inBucket, factsOf(config, bucket), { expire, transitions });
      const lifecycle = new BackupBucketLifecycle(scope, id, { ...bucket, store, rules: [...derived, ...otherRules] });
      for (const { title, name, prefix } of inBucket.filter(({ isFlat }) => isFlat)) {
        if (!derived.some(rule => rule.prefix === prefix && (rule.expiration ?? rule.transitions))) continue;
        warn(lifecycle, `the rules for ${title} delete or move whatever begins with ${show(prefix)}, that of a backup ${show(`${name}_…`)} of another app too, which this one does not know: `
          + 'drop \'layout: StoreLayout.FLAT\' of the store, or give the app a \'prefix\' of its own');
      }
      return lifecycle;
    });
  }

  /** The document, as it stands in the file. */
  public readonly json: string;

  /** Path of the file inside the output folder. */
  public readonly fileName: string;

  /** Name of the bucket. */
  public readonly bucketName: string;

  /** The Job that puts the rules to the bucket, if one was asked for. */
  public readonly applyJob?: kplus.Job;

  /** Name of that Job, with a hash of its spec in it. */
  public readonly applyJobName?: string;

  private readonly config: S3StoreConfig;
  private readonly place: StorePlace;
  private readonly facts: BucketFacts;
  private readonly rules: readonly ModelRule[];
  private readonly known = new Set<BackupCronJob>();

  constructor(scope: Construct, id: string, props: BackupBucketLifecycleProps) {
    super(scope, id);
    try {
      checkForm(props, LIFECYCLE_FORM);
      const { config, place } = bucketOf(props.store);
      this.config = config;
      this.place = place;
      this.bucketName = this.config.bucketName;
      this.facts = factsOf(this.config, props);
      this.checkOnlyOne();
      const document = documentOf(props);
      const checked = checkDocument(document, this.facts);
      this.warnAbout(refuseErrors(`the lifecycle of bucket ${show(this.bucketName)}`, document, checked, this.facts));
      this.rules = checked.rules;
      if (this.facts.profile === PROFILES.unknown && this.rules.some(needsVersions)) warn(this, messages.assumedServer(this.config));

      this.json = jsonText(document);
      this.fileName = props.fileName ?? `s3-lifecycle/${this.bucketName}.json`;
      new SynthFile(this, 'File', { fileName: this.fileName, content: () => this.json });
      if (props.applyJob) {
        checkIds(this.rules);
        const { s3Credentials } = props.applyJob;
        checkAccess([props.store], s3Credentials ? { [props.store.storeName]: s3Credentials } : {}, [
          { right: 'lifecycle', why: '\'applyJob\' replaces the rules of the bucket', wayOut: 'set \'applyJob.s3Credentials\' to some of S3Access.LIFECYCLE' },
        ]);
        const parts = props.store._bind(s3Credentials ? new Construct(this, 'Applies') : this, true, s3Credentials);
        const { job, jobName } = defineApplyJob(this, {
          version: LIFECYCLE_VERSION,
          store: parts.config as S3StoreConfig,
          document: document as LifecycleDocument,
          transitionDefaultMinimumObjectSize: this.facts.minimumSize ?? null,
        }, parts, props.applyJob);
        this.applyJob = job;
        this.applyJobName = jobName;
        writeAsStored(this);
        refuseNamesakes(this, 'bucketName', this.bucketName);
      }

      this.tellBackups();
      // The root is validated first: backups that came later know of the storage classes before their objectives are checked.
      refuseAtSynth(this.node.root, () => this.tellBackups());
      refuseAtSynth(this, () => this.checkAgainstBackups());
    } catch (error) {
      throw located(this.node.path, error);
    }
  }

  private checkOnlyOne(): void {
    const other = this.node.root.node.findAll().find(construct => construct instanceof BackupBucketLifecycle && construct !== this
      && construct.place !== undefined && inOneContainer(this.place, construct.place));
    if (other) {
      throw new Error(`the bucket ${show(this.bucketName)} has the lifecycle ${other.node.path} already: S3 replaces the whole configuration, so put all rules into one`);
    }
  }

  /** Objectives are checked against the storage classes that backups are moved to. */
  private tellBackups(): string[] {
    for (const backup of allBackups(this.node.root)) {
      const places = backupsIn(this.place, backup);
      if (places.length === 0 || this.known.has(backup)) continue;
      this.known.add(backup);
      backup._recovery.addStorageClasses({
        storageClassesWithin: (storeName, age) => places.filter(place => place.storeName === storeName)
          .flatMap(place => storageClassesWithin(this.rules, place, age)),
      });
    }
    return [];
  }

  private checkAgainstBackups(): string[] {
    const inBucket: BackupInBucket[] = backupsOf(this).flatMap(backup => backupsIn(this.place, backup));
    const findings = checkBackups(this.rules, inBucket, this.facts);
    this.warnAbout(findings);
    return findings.filter(({ level }) => level === 'error').map(showFinding);
  }

  private warnAbout(findings: readonly LifecycleFinding[]): void {
    for (const finding of findings.filter(({ level }) => level === 'warning')) warn(this, showFinding(finding));
  }
}

function allBackups(root: IConstruct): BackupCronJob[] {
  return root.node.findAll().filter((construct): construct is BackupCronJob => construct instanceof BackupCronJob);
}

const backupsOf = oncePerSynth(allBackups);

/** Whether the rule is about what only some servers have. */
function needsVersions({ noncurrentExpiration, noncurrentTransitions, deleteMarkers }: ModelRule): boolean {
  return noncurrentExpiration !== undefined || noncurrentTransitions.length > 0 || deleteMarkers;
}

function bucketOf(store: BackupStore): { readonly config: S3StoreConfig; readonly place: StorePlace } {
  const config = store._toConfig();
  if (!isBucket(config)) throw new Error(`'store' must be a bucket, got ${storeType(config).title} ${show(config.name)}: BackupStore.s3`);
  // The lifecycle may be in another chart than the backups, and then the short name of a Service is not about its own namespace.
  return { config, place: placeOfBucket(config) };
}

function onlyBucketOf(backups: readonly BackupCronJob[]): BackupStore {
  const stores = backups.flatMap(backup => backup._backupStores.map((store, i) => ({ store, place: backup._places[i] })))
    .filter(({ store }) => isBucket(store._toConfig()));
  if (stores.length === 0) throw new Error(`'backups' must write to a bucket, got ${show(backups.map(({ cronJobName }) => cronJobName))}: only S3 stores have a lifecycle`);
  const buckets = [...new Set(stores.map(({ place }) => place.container))];
  if (stores.some(({ place }) => !inOneContainer(stores[0].place, place))) {
    throw new Error(`'store' is missing and the backups write to several buckets, ${show(buckets)}: say which one is meant, each has a lifecycle of its own`);
  }
  return stores[0].store;
}

function factsOf(config: S3StoreConfig, options: BackupBucketOptions): BucketFacts {
  const profile = options.provider?._profile ?? profileOfStore(config.endpoint, config.region);
  if (profile.refused !== undefined) throw new Error(`'provider' ${profile.title} can't be given a lifecycle: ${profile.refused}`);
  return {
    profile,
    versioned: options.versioned ?? true,
    mfaDelete: options.mfaDelete ?? false,
    objectLockDays: options.objectLockDefaultRetention && days('objectLockDefaultRetention', options.objectLockDefaultRetention),
    minimumSize: options.transitionDefaultMinimumObjectSize,
  };
}

/** The runner changes no rule that it can't tell from somebody else's. */
function checkIds(rules: readonly ModelRule[]): void {
  const foreign = rules.find(({ id }) => !id.startsWith(LIFECYCLE_ID_PREFIX));
  if (foreign) throw new Error(`'applyJob' needs rules whose ID begins with ${show(LIFECYCLE_ID_PREFIX)}, got ${show(foreign.id)} in 'document': rename it, by its ID the runner knows its own`);
}

function documentOf({ rules, document }: BackupBucketLifecycleProps): unknown {
  if ((rules === undefined) === (document === undefined)) throw new Error('give either \'rules\' or \'document\', got ' + (rules ? 'both' : 'none'));
  if (rules) return renderRules(rules);
  try {
    return JSON.parse(document!);
  } catch (error) {
    throw new Error(`'document' must be JSON as the AWS CLI takes it: ${(error as Error).message}`);
  }
}
