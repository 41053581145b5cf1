import * as z from 'zod';
import { AzureStore } from './store';
import { envName, httpUrl, oneOf, text } from '../../core/fields';
import { placeBelow, prefix } from '../../store-api/prefix';
import { StoreKind } from '../../store-api/store-kind';

const schema = z.strictObject({
  type: z.literal('azure'),
  name: text,
  accountName: text.regex(/^[a-z0-9]{3,24}$/, 'must be 3 to 24 lower-case letters and digits'),
  containerName: text.regex(/^[a-z0-9](?:-?[a-z0-9])*$/, 'must be lower-case letters, digits and single hyphens'),
  prefix,
  endpoint: httpUrl.nullable(),
  credentials: oneOf('kind', [
    z.strictObject({ kind: z.literal('account-key'), accountKeyEnv: envName }),
    z.strictObject({ kind: z.literal('sas'), sasTokenEnv: envName }),
  ]).nullable(),
  accessTier: z.enum(['Hot', 'Cool', 'Cold']).nullable(),
});

export const azure = {
  schema,
  open: (config, env, warn) => new AzureStore(config, env, warn),
  bucketOf: () => null,
  sharedPlaceOf: config => placeBelow(`azure://${config.accountName}/${config.containerName}`, config.prefix),
} satisfies StoreKind<'azure'>;
