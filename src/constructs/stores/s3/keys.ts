/** Which key of a Secret holds what. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region?: string;
}

/** Those of the guide's Secret. */
export const DEFAULT_KEYS: S3Keys & { readonly region: string } = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  region: 'AWS_DEFAULT_REGION',
};
