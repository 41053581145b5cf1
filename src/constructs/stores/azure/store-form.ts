import { AzureAccessTier } from './azure-access-tier';
import { AzureBlobStoreOptions } from './azure-blob-store';
import { AzureCredentials } from './azure-credentials';
import { Form, needed } from '../../core/form';
import { instance, oneOf, text } from '../../core/takes';
import { StoreLayout } from '../../parts/store-layout';
import { LOCATION } from '../../recovery/takes';

/** What the options of an Azure store take. */
export const AZURE_FORM: Form<AzureBlobStoreOptions> = {
  accountName: needed(text('shopbackups')),
  containerName: needed(text('backups')),
  prefix: text('whispercache/backups'),
  region: text('westeurope'),
  endpoint: text('https://shopbackups.blob.core.chinacloudapi.cn'),
  credentials: instance(AzureCredentials, 'an AzureCredentials', 'AzureCredentials.fromAccountKey(secret)'),
  accessTier: oneOf(AzureAccessTier, 'AzureAccessTier'),
  layout: oneOf(StoreLayout, 'StoreLayout'),
  location: LOCATION,
  storeName: text('azure'),
};
