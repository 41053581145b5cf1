import { IConstruct } from 'constructs';

/** A key of a Secret. `SecretValue` of any cdk8s-plus is taken for it in TypeScript. */
export interface SecretValue {
  /** The Secret, in the namespace of the chart: of any cdk8s-plus, or an `ApiObject`. */
  readonly secret: IConstruct;

  /** The name of the key. */
  readonly key: string;
}
