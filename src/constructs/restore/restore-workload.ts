import { Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { WorkloadConfig } from '../../contract/config';
import { asResource } from '../core/any-version';
import { show } from '../core/check';
import { checkValue, needed } from '../core/form';
import { at } from '../core/located';
import { resource, text } from '../core/takes';

/** Something that uses the database, and is stopped while it is restored. */
export class RestoreWorkload {
  /** A Deployment of this app: of any cdk8s-plus, or an `ApiObject`. */
  public static deployment(deployment: IConstruct): RestoreWorkload {
    at('RestoreWorkload.deployment', () => checkValue('deployment', deployment, DEPLOYMENT));
    return new RestoreWorkload('Deployment', asResource(deployment).name, Chart.of(deployment).namespace ?? null);
  }

  /** A StatefulSet of this app: of any cdk8s-plus, or an `ApiObject`. */
  public static statefulSet(statefulSet: IConstruct): RestoreWorkload {
    at('RestoreWorkload.statefulSet', () => checkValue('statefulSet', statefulSet, STATEFUL_SET));
    return new RestoreWorkload('StatefulSet', asResource(statefulSet).name, Chart.of(statefulSet).namespace ?? null);
  }

  /** A Deployment that is defined elsewhere, in the namespace of the restore. */
  public static fromDeploymentName(name: string): RestoreWorkload {
    return new RestoreWorkload('Deployment', at('RestoreWorkload.fromDeploymentName', () => checkName(name)), undefined);
  }

  /** A StatefulSet that is defined elsewhere, in the namespace of the restore. */
  public static fromStatefulSetName(name: string): RestoreWorkload {
    return new RestoreWorkload('StatefulSet', at('RestoreWorkload.fromStatefulSetName', () => checkName(name)), undefined);
  }

  private constructor(
    private readonly kind: WorkloadConfig['kind'],
    private readonly name: string,
    /** `undefined`: wherever the restore is; `null`: where the manifest is applied. */
    private readonly namespaceName: string | null | undefined,
  ) {}

  /**
   * @param namespace of the restore.
   *
   * @internal
   */
  public _toConfig(namespace: string | undefined): WorkloadConfig {
    if (namespace === undefined) {
      throw new Error(`'workloads' need the namespace of the chart, got none for ${this.kind} ${show(this.name)}: the runner looks for it there; give the chart a 'namespace'`);
    }
    if (this.namespaceName !== undefined && this.namespaceName !== namespace) {
      throw new Error(`'workloads' must be in the namespace of the restore, ${show(namespace)}, got ${this.kind} ${show(this.name)} in ${show(this.namespaceName ?? 'none')}: define the RestoreJob in its chart, or stop it yourself`);
    }
    return { kind: this.kind, name: this.name, namespace };
  }
}

// What is defined elsewhere has another factory.
const DEPLOYMENT = needed(resource('a Deployment', 'Deployment', 'RestoreWorkload.deployment(api), or RestoreWorkload.fromDeploymentName("api")'));
const STATEFUL_SET = needed(resource('a StatefulSet', 'StatefulSet', 'RestoreWorkload.statefulSet(api), or RestoreWorkload.fromStatefulSetName("api")'));

function checkName(name: string): string {
  checkValue('name', name, needed(text('api')));
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
    throw new Error(`'name' must be that of an object of Kubernetes: up to 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends, got ${show(name)}`);
  }
  return name;
}
