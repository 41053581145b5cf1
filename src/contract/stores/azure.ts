export interface AzureStoreConfig {
  readonly type: 'azure';
  /** How messages and records name this store; unique within a config. */
  readonly name: string;
  /** Of the storage account: 3 to 24 lower-case letters and digits. */
  readonly accountName: string;
  readonly containerName: string;
  /** Without a slash at either end; empty means the top of the container. The folder that a backup has to itself is its last part. */
  readonly prefix: string;
  /** URL of the account's blob service, without the container; `null` means `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint: string | null;
  /** `null`: the workload identity of the pod. */
  readonly credentials: AzureCredentialsConfig | null;
  /** Of artifacts; `null`: the account's own. */
  readonly accessTier: 'Hot' | 'Cool' | 'Cold' | null;
}

/** The environment variable that holds the one or the other. */
export type AzureCredentialsConfig =
  | { readonly kind: 'account-key'; readonly accountKeyEnv: string }
  | { readonly kind: 'sas'; readonly sasTokenEnv: string };
