import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { ACCOUNT_KEY, SAS_TOKEN } from './keys';
import { asResource } from '../../core/any-version';
import { checkKeyName, show } from '../../core/check';
import { checkForm, checkValue, Form, needed } from '../../core/form';
import { at } from '../../core/located';
import { mapOf, SECRET, text } from '../../core/takes';

/** Options for `AzureCredentials.fromAccountKey()` and `AzureCredentials.fromSasToken()`. */
export interface AzureSecretOptions {
  /**
   * Key of the Secret under which it is.
   *
   * @default "AZURE_STORAGE_KEY" for an account key, "AZURE_STORAGE_SAS_TOKEN" for a SAS token
   */
  readonly key?: string;
}

/** Options for `AzureCredentials.workloadIdentity()`. */
export interface AzureWorkloadIdentityOptions {
  /**
   * Client ID of the managed identity or the application, which the service account of the backup gets in the annotation
   * `azure.workload.identity/client-id`.
   *
   * @default - none, for a service account of your own that has the annotation, or for `serviceAccountAnnotations`
   */
  readonly clientId?: string;

  /**
   * Further annotations for the service account of the backup, such as `{ 'azure.workload.identity/tenant-id': '…' }`.
   *
   * @default - none
   */
  readonly serviceAccountAnnotations?: { [name: string]: string };
}

/** What Azure's webhook looks for. */
const CLIENT_ID_ANNOTATION = 'azure.workload.identity/client-id';
const USE_LABELS = { 'azure.workload.identity/use': 'true' };

const SECRET_OPTIONS: Form<AzureSecretOptions> = { key: text(ACCOUNT_KEY) };
const IDENTITY_OPTIONS: Form<AzureWorkloadIdentityOptions> = {
  clientId: text('00000000-0000-0000-0000-000000000000'),
  serviceAccountAnnotations: mapOf(text('00000000-0000-0000-0000-000000000000'), '\'azure.workload.identity/tenant-id\''),
};

/** How the backup proves to Azure who it is. */
export class AzureCredentials {
  /**
   * A key of the storage account, in a Secret of the namespace. It may do everything in the account: a SAS token for the container, or a
   * workload identity, can do less harm.
   *
   * @param secret the Secret: of any cdk8s-plus, or an `ApiObject`.
   */
  public static fromAccountKey(secret: IConstruct, options: AzureSecretOptions = {}): AzureCredentials {
    return at('AzureCredentials.fromAccountKey', () => fromSecret('account-key', secret, options, ACCOUNT_KEY));
  }

  /**
   * A SAS token for the container, in a Secret of the namespace, with the permissions read, write, delete, list and create: `rwdlc`. The
   * backup warns in the last 14 days before it expires.
   *
   * @param secret the Secret: of any cdk8s-plus, or an `ApiObject`.
   */
  public static fromSasToken(secret: IConstruct, options: AzureSecretOptions = {}): AzureCredentials {
    return at('AzureCredentials.fromSasToken', () => fromSecret('sas', secret, options, SAS_TOKEN));
  }

  /**
   * No secret at all: Entra ID knows the service account of the pod, by a federated credential of a managed identity. The cluster needs the
   * webhook of Azure Workload Identity, which AKS installs, and the identity the role "Storage Blob Data Contributor" on the container.
   */
  public static workloadIdentity(options: AzureWorkloadIdentityOptions = {}): AzureCredentials {
    return at('AzureCredentials.workloadIdentity', () => {
      checkForm(options, IDENTITY_OPTIONS);
      const { clientId, serviceAccountAnnotations = {} } = options;
      if (clientId !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId)) {
        throw new Error(`'clientId' must be the client ID of a managed identity, which is a UUID, got ${show(clientId)}`);
      }
      for (const [name, value] of Object.entries(serviceAccountAnnotations)) {
        if (name.trim() === '' || value.trim() === '') throw new Error(`'serviceAccountAnnotations' must have a name and a text each, got ${show({ [name]: value })}`);
      }
      const annotations = { ...clientId !== undefined && { [CLIENT_ID_ANNOTATION]: clientId }, ...serviceAccountAnnotations };
      return new AzureCredentials(undefined, annotations, USE_LABELS);
    });
  }

  /**
   * @internal
   */
  public static _ofSecret(secret: AzureSecret): AzureCredentials {
    return new AzureCredentials(secret, {}, {});
  }

  private constructor(
    /**
     * `undefined` for a workload identity.
     *
     * @internal
     */
    public readonly _secret: AzureSecret | undefined,
    /**
     * @internal
     */
    public readonly _annotations: { readonly [name: string]: string },
    /**
     * @internal
     */
    public readonly _podLabels: { readonly [name: string]: string },
  ) {}
}

interface AzureSecret {
  readonly kind: 'account-key' | 'sas';
  readonly secret: kplus.ISecret;
  readonly key: string;
}

function fromSecret(kind: AzureSecret['kind'], secret: IConstruct, options: AzureSecretOptions, defaultKey: string): AzureCredentials {
  checkValue('secret', secret, needed(SECRET));
  checkForm(options, SECRET_OPTIONS);
  if (options.key !== undefined) checkKeyName('key', options.key);
  return AzureCredentials._ofSecret({ kind, secret: asResource(secret), key: options.key ?? defaultKey });
}
