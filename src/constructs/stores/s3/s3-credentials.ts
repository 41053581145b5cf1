import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { DEFAULT_KEYS, S3Keys } from './keys';
import { S3Access } from './s3-access';
import { asResource } from '../../core/any-version';
import { checkKeyName, show } from '../../core/check';
import { checkForm, checkValue, Form, needed } from '../../core/form';
import { at } from '../../core/located';
import { mapOf, oneOf, SECRET, text } from '../../core/takes';

/** Options for `S3Credentials.fromSecret()`: which key of the Secret holds what. */
export interface S3SecretKeys {
  /**
   * Key of the access key id.
   *
   * @default "AWS_ACCESS_KEY_ID"
   */
  readonly accessKeyIdKey?: string;

  /**
   * Key of the secret access key.
   *
   * @default "AWS_SECRET_ACCESS_KEY"
   */
  readonly secretAccessKeyKey?: string;

  /**
   * Key of the session token of temporary credentials.
   *
   * @default - there is none
   */
  readonly sessionTokenKey?: string;

  /**
   * Key of the region, such as "AWS_DEFAULT_REGION". Not read where the store's `region` is given.
   *
   * @default - there is none: the store's `region` must be given
   */
  readonly regionKey?: string;

  /**
   * What these credentials may do. Jobs that need more fail at synth rather than at night.
   *
   * @default S3Access.FULL
   */
  readonly access?: S3Access;
}

/** Options for `S3Credentials.workloadIdentity()`. */
export interface WorkloadIdentityOptions {
  /**
   * Annotations for the service account of the backup, such as
   * `{ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/backup' }`.
   *
   * @default - none, as for EKS Pod Identity, which is set up outside of Kubernetes
   */
  readonly serviceAccountAnnotations?: { [name: string]: string };

  /**
   * What the identity may do. Jobs that need more fail at synth rather than at night.
   *
   * @default S3Access.FULL
   */
  readonly access?: S3Access;
}

const KEY = text('AWS_ACCESS_KEY_ID');
const ACCESS = oneOf(S3Access, 'S3Access');
const KEYS: Form<S3SecretKeys> = { accessKeyIdKey: KEY, secretAccessKeyKey: KEY, sessionTokenKey: KEY, regionKey: KEY, access: ACCESS };
const WORKLOAD_IDENTITY: Form<WorkloadIdentityOptions> = {
  serviceAccountAnnotations: mapOf(text('arn:aws:iam::111122223333:role/backup'), '\'eks.amazonaws.com/role-arn\''),
  access: ACCESS,
};

/** How the backup proves to S3 who it is. */
export class S3Credentials {
  /**
   * Keys in a Secret of the namespace. The pod sees them as environment variables of the guide's names.
   *
   * @param secret the Secret: of any cdk8s-plus, or an `ApiObject`.
   */
  public static fromSecret(secret: IConstruct, keys: S3SecretKeys = {}): S3Credentials {
    return at('S3Credentials.fromSecret', () => {
      checkValue('secret', secret, needed(SECRET));
      checkForm(keys, KEYS);
      const { access = S3Access.FULL, ...names } = keys;
      for (const [property, key] of Object.entries(names)) {
        if (key !== undefined) checkKeyName(property, key);
      }
      return new S3Credentials({
        secret: asResource(secret),
        accessKeyId: keys.accessKeyIdKey ?? DEFAULT_KEYS.accessKeyId,
        secretAccessKey: keys.secretAccessKeyKey ?? DEFAULT_KEYS.secretAccessKey,
        sessionToken: keys.sessionTokenKey,
        region: keys.regionKey,
      }, {}, access);
    });
  }

  /**
   * No keys at all: the cloud knows the service account of the pod. The AWS SDK finds the token that is mounted for it.
   */
  public static workloadIdentity(options: WorkloadIdentityOptions = {}): S3Credentials {
    return at('S3Credentials.workloadIdentity', () => {
      checkForm(options, WORKLOAD_IDENTITY);
      const annotations = options.serviceAccountAnnotations ?? {};
      for (const [name, value] of Object.entries(annotations)) {
        if (name.trim() === '' || typeof value !== 'string' || value.trim() === '') {
          throw new Error(`'serviceAccountAnnotations' must have a name and a text each, got ${show({ [name]: value })}`);
        }
      }
      return new S3Credentials(undefined, annotations, options.access ?? S3Access.FULL);
    });
  }

  private constructor(
    /**
     * `undefined` for a workload identity.
     *
     * @internal
     */
    public readonly _keys: SecretKeys | undefined,
    /**
     * @internal
     */
    public readonly _annotations: { readonly [name: string]: string },
    /**
     * @internal
     */
    public readonly _access: S3Access,
  ) {}
}

interface SecretKeys extends S3Keys {
  readonly secret: kplus.ISecret;
}
