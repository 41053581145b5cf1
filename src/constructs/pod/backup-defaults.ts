import { IConstruct } from 'constructs';
import { ImagePullPolicy } from './image-pull-policy';
import { NetworkPlaces } from './network-options';
import { checkPlaces } from './network-places';
import { NETWORK, RUNNER_POD } from './takes';
import { defined } from '../core/defined';
import { checkForm, Form } from '../core/form';
import { located } from '../core/located';

/** What constructs with a runner have that say nothing of their own. */
export interface BackupDefaultsOptions {
  /**
   * Image of the runner, of the same release as this library.
   *
   * @default - that of a scope further out; else that of this release, by its digest; as long as none is published, `cdk8s-backup-runner` with the version of this library as its tag
   */
  readonly image?: string;

  /**
   * When the images of the pods are pulled.
   *
   * @default - that of a scope further out; else ImagePullPolicy.IF_NOT_PRESENT
   */
  readonly imagePullPolicy?: ImagePullPolicy;

  /**
   * Secret with the login of the registry that has the images: of any cdk8s-plus, or an `ApiObject`. It is looked for in the namespace of each pod.
   *
   * @default - that of a scope further out; else none
   */
  readonly imagePullSecret?: IConstruct;

  /**
   * Whether passwords and keys are files in the pods rather than environment variables.
   *
   * @default - that of a scope further out; else false
   */
  readonly credentialsAsFiles?: boolean;

  /**
   * PriorityClass of the pods.
   *
   * @default - that of a scope further out; else the cluster's default priority
   */
  readonly priorityClassName?: string;

  /**
   * Whether a NetworkPolicy is defined for each pod.
   *
   * @default - that of a scope further out; else true
   */
  readonly networkPolicy?: boolean;

  /**
   * Where the things are that pods connect to, such as name servers on another port. What a pod does not connect to is left out of its policy.
   *
   * @default - that of a scope further out; else the addresses that are known, and otherwise any address with the port that is needed
   */
  readonly network?: NetworkPlaces;
}

const { image, imagePullPolicy, imagePullSecret, credentialsAsFiles, priorityClassName } = RUNNER_POD;
const FORM: Form<BackupDefaultsOptions> = { ...NETWORK, image, imagePullPolicy, imagePullSecret, credentialsAsFiles, priorityClassName };

const given = new WeakMap<IConstruct, BackupDefaultsOptions>();
/** Who has asked already: what is set afterwards would be ignored without a word. */
const asked = new WeakSet<IConstruct>();

/**
 * Defaults for all backups, restores, drills, exporters and lifecycle Jobs within an app, a chart or any other construct. The nearest scope
 * counts, and what is said on the construct itself counts first. A restore, a drill or an exporter takes over what its backup has.
 *
 * Labels for everything in a chart are the `labels` of cdk8s' own `Chart`.
 */
export class BackupDefaults {
  /**
   * The defaults within a construct.
   *
   * @param scope An app, a chart, or any other construct.
   */
  public static of(scope: IConstruct): BackupDefaults {
    return new BackupDefaults(scope);
  }

  /**
   * What counts for a construct that says nothing itself.
   *
   * @internal
   */
  public static _for(construct: IConstruct): BackupDefaultsOptions {
    asked.add(construct);
    return Object.assign({}, ...construct.node.scopes.map(scope => given.get(scope) ?? {})) as BackupDefaultsOptions;
  }

  private constructor(private readonly scope: IConstruct) {}

  /**
   * Sets defaults, beside what was set for this scope before. Call it before the constructs are defined that it is for.
   *
   * @param options What they have.
   */
  public set(options: BackupDefaultsOptions): void {
    const { scope } = this;
    try {
      checkForm(options, FORM);
      checkPlaces(options.network ?? {});
      const late = scope.node.findAll().find(construct => asked.has(construct));
      if (late) throw new Error(`'BackupDefaults' come too late for ${late.node.path}, which has been defined: set them before`);
      given.set(scope, { ...given.get(scope), ...defined(options) });
    } catch (error) {
      throw located(scope.node.path === '' ? 'BackupDefaults' : scope.node.path, error);
    }
  }
}

