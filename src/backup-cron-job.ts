import { ApiObject, Chart, Duration, JsonPatch, Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { checkBackupName, toCronJobName } from './_backup-name';
import { checkLabels, checkText, checkWholeNumber, isDnsLabel, mebibytes, show, showSeconds, wholeSeconds } from './_check';
import { podFailurePolicy } from './_pod-failure-policy';
import { SCRATCH } from './_pod-parts';
import { defaultImage } from './_runner-image';
import { StoreParts } from './_store-parts';
import { checkTimeZone } from './_time-zones';
import { runnerDeadlineSeconds, timing } from './_timing';
import { BackupCronJobProps } from './backup-cron-job-props';
import { BackupStore } from './backup-store';
import { Compression } from './compression';
import { BackupConfig, CONFIG_ENV, CONFIG_VERSION, renderConfig } from './contract/config';
import { Retention } from './retention';

const CONTAINER = 'backup';

/** Kubernetes appends 11 characters to name a Job, and 63 is what a label may have. */
const MAX_NAME_LENGTH = 52;

/**
 * Backs up one database, on a schedule or on demand.
 *
 * Defines a `CronJob` whose pod runs the runner image once per run, a `ServiceAccount` without rights, and the claims of volume
 * stores that are to be made. The pod meets the "restricted" level of Pod Security.
 */
export class BackupCronJob extends Construct {
  /**
   * The `CronJob`, for anything this construct does not cover: where its pods run is said through `cronJob.scheduling`, and what
   * cdk8s-plus lacks is a JSON patch away, through `ApiObject.of(backup.cronJob)`.
   */
  public readonly cronJob: kplus.CronJob;

  /** The identity of the pod. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Name of the CronJob. */
  public readonly cronJobName: string;

  /** First part of the names of everything that is stored. */
  public readonly backupName: string;

  private readonly stores: readonly StoreParts[];

  constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);

    this.cronJobName = checkCronJobName(id, props.cronJobName);
    this.backupName = checkBackupName(props.backupName, props.source._backupName);
    const { schedule, deadlineSeconds, startingDeadlineSeconds } = timing(props);
    const timeZone = checkTimeZone(props.timeZone ?? 'Etc/UTC');
    const suspectBelowPercent = checkWholeNumber('suspectBelowPercent', props.suspectBelowPercent ?? 50, 0, 100, '0 switches the check off');
    const labels = props.labels ?? { component: 'backup' };
    checkLabels('labels', labels);
    const image = checkImage(props.image ?? defaultImage());
    const backoffLimit = checkWholeNumber('backoffLimit', props.backoffLimit ?? 2, 0, 100);
    const successfulJobsRetained = checkWholeNumber('successfulJobsRetained', props.successfulJobsRetained ?? 3, 0, 1000);
    const failedJobsRetained = checkWholeNumber('failedJobsRetained', props.failedJobsRetained ?? 3, 0, 1000);
    const terminationGracePeriod = props.terminationGracePeriod ?? Duration.seconds(30);
    wholeSeconds('terminationGracePeriod', terminationGracePeriod, 6, 'the runner needs 5 to abort its uploads');
    const scratchSize = props.scratchSize ?? props.source._scratchSize;
    checkScratchSize(scratchSize);
    const user = checkId('user', props.user ?? 10_001);
    const group = checkId('group', props.group ?? user);
    const fsGroup = checkId('fsGroup', props.fsGroup ?? group);
    if (props.priorityClassName !== undefined) checkText('priorityClassName', props.priorityClassName);
    checkStores(props.stores);

    const source = props.source._bind(this);
    this.stores = props.stores.map(store => store._bind(this, props.stores.every(other => other === store || other._kind !== store._kind)));
    checkLocations(this.stores);
    const config: BackupConfig = {
      version: CONFIG_VERSION,
      kind: 'backup',
      name: this.backupName,
      source: source.config,
      stores: this.stores.map(store => store.config),
      compression: (props.compression ?? Compression.DEFAULT)._toConfig(),
      retention: (props.retention ?? Retention.FOREVER)._toConfig(),
      suspectBelowPercent,
      deadlineSeconds: runnerDeadlineSeconds(deadlineSeconds),
      scratch: { directory: SCRATCH, limitBytes: scratchSize.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR }) * 1024 },
    };
    checkLockTimeout(config);

    const scratch = kplus.Volume.fromEmptyDir(this, 'Scratch', 'scratch', { sizeLimit: scratchSize });
    const parts = [source, ...this.stores];
    const metadata = { name: this.cronJobName, labels };
    this.serviceAccount = props.serviceAccount ?? new kplus.ServiceAccount(this, 'ServiceAccount', {
      metadata: { ...metadata, annotations: mergeAnnotations(this.stores) },
    });
    if (props.serviceAccount) checkOwnServiceAccount(props.serviceAccount, this.stores);

    this.cronJob = new kplus.CronJob(this, 'Resource', {
      metadata,
      podMetadata: { labels },
      schedule,
      timeZone,
      suspend: props.onDemand ?? false,
      // Two runs at a time would compete for the same name; the runner has a claim against the ones started by hand.
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      activeDeadline: Duration.seconds(deadlineSeconds),
      startingDeadline: Duration.seconds(startingDeadlineSeconds),
      backoffLimit,
      successfulJobsRetained,
      failedJobsRetained,
      terminationGracePeriod,
      restartPolicy: kplus.RestartPolicy.NEVER,
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: false,
      dockerRegistryAuth: props.imagePullSecret,
      securityContext: {
        user,
        group,
        ensureNonRoot: true,
        ...(parts.some(part => part.mountsClaim) ? { fsGroup } : {}),
        // "Always" would visit every file of the claim before each run.
        fsGroupChangePolicy: kplus.FsGroupChangePolicy.ON_ROOT_MISMATCH,
      },
      containers: [{
        name: CONTAINER,
        image,
        imagePullPolicy: props.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT,
        args: ['backup'],
        envVariables: Object.assign({ [CONFIG_ENV]: kplus.EnvValue.fromValue(renderConfig(config)) }, ...parts.map(part => part.env)),
        resources: props.resources ?? {
          cpu: { request: kplus.Cpu.millis(100) },
          memory: { request: Size.mebibytes(256), limit: Size.gibibytes(1) },
        },
        securityContext: {
          user,
          group,
          ensureNonRoot: true,
          privileged: false,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: [kplus.Capability.ALL] },
          seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
        },
        volumeMounts: [{ path: SCRATCH, volume: scratch }, ...parts.flatMap(part => part.mounts)],
      }],
    });
    this.patch(labels, props.priorityClassName);
    this.node.addValidation({ validate: () => this.conflicts() });
  }

  /** Adds what cdk8s-plus has no property for. */
  private patch(labels: { readonly [key: string]: string }, priorityClassName: string | undefined): void {
    const job = '/spec/jobTemplate';
    const pod = `${job}/spec/template/spec`;
    ApiObject.of(this.cronJob).addJsonPatch(
      // A Job has these labels, and nothing of the CronJob's own.
      JsonPatch.add(`${job}/metadata`, { labels }),
      JsonPatch.add(`${job}/spec/podFailurePolicy`, podFailurePolicy(CONTAINER)),
      JsonPatch.add(`${pod}/securityContext/seccompProfile`, { type: 'RuntimeDefault' }),
      // Otherwise every Service of the namespace puts variables such as POSTGRES_PORT into the pod.
      JsonPatch.add(`${pod}/enableServiceLinks`, false),
      ...priorityClassName === undefined ? [] : [JsonPatch.add(`${pod}/priorityClassName`, priorityClassName)],
    );
  }

  /** What this backup and others of the app can't both have; each pair is reported once. */
  private conflicts(): string[] {
    const all = this.node.root.node.findAll().filter((construct): construct is BackupCronJob => construct instanceof BackupCronJob);
    return all.slice(0, all.indexOf(this)).flatMap(other => {
      const conflicts: string[] = [];
      if (other.cronJobName === this.cronJobName && Chart.of(other).namespace === Chart.of(this).namespace) {
        conflicts.push(`'cronJobName' ${show(this.cronJobName)} is that of ${other.node.path} too: give one of them another name`);
      }
      const shared = this.stores.find(store => other.stores.some(({ location }) => location === store.location));
      if (other.backupName === this.backupName && shared) {
        conflicts.push(`'backupName' ${show(this.backupName)} is that of ${other.node.path} too, and both write to ${shared.location}: give one of them another name, or another prefix`);
      }
      return conflicts;
    });
  }
}

function checkCronJobName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, MAX_NAME_LENGTH)) {
    const wayOut = given === undefined ? `: it comes from the construct's id ${show(id)}, set 'cronJobName'` : '';
    throw new Error(`'cronJobName' must be up to ${MAX_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)} with ${name.length}${wayOut}`);
  }
  return name;
}

function checkImage(image: string): string {
  if (image === '' || /\s/.test(image) || image.includes('://')) {
    throw new Error(`'image' must be the name of an image, without spaces and without "https://", got ${show(image)}`);
  }
  return image;
}

function checkId(property: string, value: number): number {
  return checkWholeNumber(property, value, 1, 2_147_483_647, '0 is root, which Pod Security refuses');
}

function checkScratchSize(size: Size): void {
  const amount = mebibytes(size);
  if (!Number.isInteger(amount) || amount < 16) {
    throw new Error(`'scratchSize' must be a whole number of MiB, at least 16, got ${size.asString()}`);
  }
}

function checkStores(stores: readonly BackupStore[]): void {
  if (stores.length === 0) throw new Error('\'stores\' must have at least one store, got []: BackupStore.s3 or BackupStore.volume');
  const names = stores.map(store => store.storeName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new Error(`'stores' must have different names, got ${show(names)}: set 'storeName' of one of the stores called ${show(twice)}`);
  }
}

function checkLocations(stores: readonly StoreParts[]): void {
  const locations = stores.map(store => store.location);
  const twice = locations.findIndex((location, i) => locations.indexOf(location) !== i);
  if (twice >= 0) {
    throw new Error(`'stores' must be different places, got ${show(stores[twice].config.name)} at ${locations[twice]}, where another one is already: drop one of them`);
  }
}

function checkLockTimeout({ source, deadlineSeconds }: BackupConfig): void {
  if (source.engine !== 'redis' && source.lockTimeoutSeconds >= deadlineSeconds) {
    throw new Error(`'lockTimeout' must be less than the time that a run has, ${showSeconds(deadlineSeconds)}, got ${showSeconds(source.lockTimeoutSeconds)}: shorten it, or set a longer 'deadline'`);
  }
}

function mergeAnnotations(stores: readonly StoreParts[]): { [name: string]: string } {
  const merged: { [name: string]: string } = {};
  for (const [name, value] of stores.flatMap(store => Object.entries(store.annotations))) {
    if ((merged[name] ?? value) !== value) {
      throw new Error(`'serviceAccountAnnotations' of two stores differ in ${show(name)}, got ${show(merged[name])} and ${show(value)}: a pod has one identity, so give one that may write to both`);
    }
    merged[name] = value;
  }
  return merged;
}

function checkOwnServiceAccount(serviceAccount: kplus.IServiceAccount, stores: readonly StoreParts[]): void {
  const names = Object.keys(mergeAnnotations(stores));
  if (names.length > 0) {
    throw new Error(`'serviceAccount' is your own, ${show(serviceAccount.name)}, and can't be given ${show(names)}: put the annotations on it, and leave them out of the credentials`);
  }
}
