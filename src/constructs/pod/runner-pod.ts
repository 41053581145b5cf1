import { ApiObject, Duration, JsonPatch, Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { BackupDefaults } from './backup-defaults';
import { ContainerResources } from './container-resources';
import { podFailurePolicy } from './failure-policy';
import { checkImage, defaultImage, warnWithoutRegistry } from './runner-image';
import { RunnerPodOptions } from './runner-pod-options';
import { asSecretFiles } from './secret-files';
import { Config, CONFIG_ENV, NAMESPACE_ENV, renderConfig, ScratchConfig } from '../../contract/config';
import { asResource } from '../core/any-version';
import { checkText, checkWholeNumber, mebibytes, show, wholeSeconds } from '../core/check';
import { defined } from '../core/defined';
import { PodParts, SCRATCH } from '../parts/pod-parts';
import { StoreParts } from '../parts/store-parts';
import { isOnePlace } from '../parts/store-place';
import { checkStoreNames, S3CredentialsByStore } from '../stores/access';
import { BackupStore } from '../stores/backup-store';

/** What the props of every construct with a runner have in common; they say what it means. */
export interface RunnerPodProps extends Omit<RunnerPodOptions, 'serviceAccount'> {
  readonly resources?: ContainerResources;
  readonly terminationGracePeriod?: Duration;
}

/** What the pod of a restore, a drill or an exporter takes over from that of the backup. */
export type InheritedPod = Pick<RunnerPodOptions, 'image' | 'imagePullPolicy' | 'imagePullSecret' | 'credentialsAsFiles' | 'user' | 'group' | 'fsGroup'>;

/** What is given, else what the backup has, and else the defaults of the scope. */
export function inheritPod(scope: IConstruct, given: RunnerPodProps, ofBackup: InheritedPod = {}): RunnerPodProps {
  const { networkPolicy, network, ...defaults } = BackupDefaults._for(scope);
  return { ...defaults, ...defined(ofBackup), ...defined(given) };
}

/** What stands in the manifest around the runner: a pod that meets the "restricted" level of Pod Security, and its Job. */
export class RunnerPod {
  private readonly image: string;
  private readonly terminationGracePeriod: Duration;
  private readonly user: number;
  private readonly group: number;
  private readonly fsGroup: number;

  /** Checks the props at once. */
  constructor(private readonly props: RunnerPodProps, private readonly scratchSize: Size) {
    this.image = checkImage('image', props.image ?? defaultImage());
    this.terminationGracePeriod = props.terminationGracePeriod ?? Duration.seconds(30);
    wholeSeconds('terminationGracePeriod', this.terminationGracePeriod, 6, 'the runner needs 5 to abort its uploads');
    checkScratchSize(scratchSize);
    this.user = checkId('user', props.user ?? 10_001);
    this.group = checkId('group', props.group ?? this.user);
    this.fsGroup = checkId('fsGroup', props.fsGroup ?? this.group);
    if (props.priorityClassName !== undefined) checkText('priorityClassName', props.priorityClassName);
  }

  public get inheritable(): InheritedPod {
    const { image, imagePullPolicy, imagePullSecret, credentialsAsFiles, user, group, fsGroup } = this.props;
    return { image, imagePullPolicy, imagePullSecret, credentialsAsFiles, user, group, fsGroup };
  }

  public get scratch(): ScratchConfig {
    return { directory: SCRATCH, limitBytes: this.scratchSize.toKibibytes({ rounding: SizeRoundingBehavior.FLOOR }) * 1024 };
  }

  /**
   * The pod's part of a Job's props.
   *
   * @param args of the runner; the first is its command, and the name of the container
   */
  public define(scope: Construct, args: readonly string[], config: Config, parts: readonly PodParts<unknown>[]) {
    const { user, group } = this;
    warnWithoutRegistry(scope, this.image);
    const env = Object.assign({}, ...parts.map(part => part.env)) as { readonly [name: string]: kplus.EnvValue };
    const secrets = this.props.credentialsAsFiles ? asSecretFiles(scope, env) : { env, mounts: [] };
    const scratch = kplus.Volume.fromEmptyDir(scope, 'Scratch', 'scratch', { sizeLimit: this.scratchSize });
    return {
      terminationGracePeriod: this.terminationGracePeriod,
      restartPolicy: kplus.RestartPolicy.NEVER,
      dockerRegistryAuth: asResource<kplus.ISecret>(this.props.imagePullSecret),
      securityContext: {
        user,
        group,
        ensureNonRoot: true,
        ...(parts.some(part => part.mountsClaim) || secrets.mounts.length > 0 ? { fsGroup: this.fsGroup } : {}),
        // "Always" would visit every file of the claim before each run.
        fsGroupChangePolicy: kplus.FsGroupChangePolicy.ON_ROOT_MISMATCH,
      },
      containers: [{
        name: args[0],
        image: this.image,
        imagePullPolicy: this.props.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT,
        args: [...args],
        envVariables: { [CONFIG_ENV]: kplus.EnvValue.fromValue(renderConfig(config)), ...namespaceEnv(config), ...secrets.env },
        resources: this.props.resources ?? {
          cpu: { request: kplus.Cpu.millis(100) },
          memory: { request: Size.mebibytes(256), limit: Size.gibibytes(1) },
        },
        securityContext: restricted(user, group),
        volumeMounts: [{ path: SCRATCH, volume: scratch }, ...parts.flatMap(part => part.mounts), ...secrets.mounts],
      }],
    };
  }

  /**
   * Adds to a Job what cdk8s-plus has no property for.
   *
   * @param job where the Job is in the object: empty for a Job itself
   */
  public patch(object: ApiObject, job: string, command: string): void {
    patchJob(object, job, command);
    this.patchPriority(object, `${job}/spec/template/spec`);
  }

  /**
   * Adds to a pod that is of no Job what cdk8s-plus has no property for.
   *
   * @param pod where its spec is in the object
   */
  public patchPod(object: ApiObject, pod: string): void {
    patchPod(object, pod);
    this.patchPriority(object, pod);
  }

  private patchPriority(object: ApiObject, pod: string): void {
    if (this.props.priorityClassName !== undefined) object.addJsonPatch(JsonPatch.add(`${pod}/priorityClassName`, this.props.priorityClassName));
  }
}

/** What is done about failed pods of a Job, and what every pod has, as far as cdk8s-plus has no property for it. */
export function patchJob(object: ApiObject, job: string, containerName: string): void {
  object.addJsonPatch(JsonPatch.add(`${job}/spec/podFailurePolicy`, podFailurePolicy(containerName)));
  patchPod(object, `${job}/spec/template/spec`);
}

function patchPod(object: ApiObject, pod: string): void {
  object.addJsonPatch(
    JsonPatch.add(`${pod}/securityContext/seccompProfile`, { type: 'RuntimeDefault' }),
    // Otherwise every Service of the namespace puts variables such as POSTGRES_PORT into the pod.
    JsonPatch.add(`${pod}/enableServiceLinks`, false),
  );
}

/** What the "restricted" level of Pod Security asks of a container, and more. */
export function restricted(user: number, group: number): kplus.ContainerSecurityContextProps {
  return {
    user,
    group,
    ensureNonRoot: true,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: [kplus.Capability.ALL] },
    seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
  };
}

/** Where a chart has no namespace, it is known in the pod only. */
function namespaceEnv(config: Config): { readonly [name: string]: kplus.EnvValue } {
  const namespaces = config.kind === 'exporter' ? config.backups.map(({ namespace }) => namespace) : config.kind === 'restore' ? [] : [config.namespace];
  return namespaces.includes(null) ? { [NAMESPACE_ENV]: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAMESPACE) } : {};
}

export function checkStores(stores: readonly BackupStore[]): void {
  if (stores.length === 0) throw new Error('\'stores\' must have at least one store, got []: BackupStore.s3, BackupStore.azureBlob or BackupStore.volume');
  const names = stores.map(store => store.storeName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new Error(`'stores' must have different names, got ${show(names)}: set 'storeName' of one of the stores called ${show(twice)}`);
  }
}

/** Defines in `scope` what the pod needs to reach the backups of that name in the stores, with their own credentials or with others. */
export function bindStores(
  scope: Construct, backupName: string, stores: readonly BackupStore[], s3Credentials: S3CredentialsByStore = {},
): StoreParts[] {
  checkStoreNames('s3Credentials', s3Credentials, stores);
  const isAlone = (store: BackupStore) => stores.every(other => other === store || other._type !== store._type);
  const parts = stores.map(store => store._for(backupName, store._bind(scope, isAlone(store), s3Credentials[store.storeName])));
  parts.forEach(({ config: { name }, location, place }, i) => {
    const other = parts.slice(0, i).find(each => isOnePlace(each.place, place));
    if (other) throw new Error(`'stores' must be different places, got ${show(name)} at ${location}, where ${show(other.config.name)} is already${spelled(other, location)}: drop one of them`);
  });
  return parts;
}

/** How the same place is written elsewhere, where that is not how it is written here. */
export function spelled({ location }: StoreParts, other: string): string {
  return location === other ? '' : `, as ${location}`;
}

/** Metadata that everything of one job has. */
export interface NameAndLabels {
  readonly name: string;
  readonly labels: { [key: string]: string };
}

/** The given service account, or one that is made with the annotations that the stores ask for. */
export function serviceAccountFor(
  scope: Construct, given: IConstruct | undefined, stores: readonly StoreParts[], metadata: NameAndLabels,
): kplus.IServiceAccount {
  const annotations = mergeAnnotations(stores);
  if (!given) return new kplus.ServiceAccount(scope, 'ServiceAccount', { metadata: { ...metadata, annotations } });
  const account = asResource<kplus.IServiceAccount>(given);
  const names = Object.keys(annotations);
  if (names.length > 0) {
    throw new Error(`'serviceAccount' is your own, ${show(account.name)}, and can't be given ${show(names)}: put the annotations on it, and leave them out of the credentials`);
  }
  return account;
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

function checkId(property: string, value: number): number {
  return checkWholeNumber(property, value, 1, 2_147_483_647, '0 is root, which Pod Security refuses');
}

function checkScratchSize(size: Size): void {
  const amount = mebibytes(size);
  if (!Number.isInteger(amount) || amount < 16) {
    throw new Error(`'scratchSize' must be a whole number of MiB, at least 16, got ${size.asString()}`);
  }
}
