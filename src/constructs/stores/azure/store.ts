import { isIP } from 'node:net';
import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { AzureBlobStoreOptions } from './azure-blob-store';
import { AzureCredentials } from './azure-credentials';
import { checkAccount, checkBlobEndpoint, checkContainer } from './checks';
import { ACCOUNT_KEY, SAS_TOKEN } from './keys';
import { AZURE_FORM } from './store-form';
import { AzureStoreConfig } from '../../../contract/config';
import { checkForm } from '../../core/form';
import { StoreParts } from '../../parts/store-parts';
import { hostOf, isAzureHost, placeOfAzureContainer } from '../../parts/store-place';
import { checkRegion } from '../../recovery/regions';
import { StoreLocation } from '../../recovery/store-location';
import { checkPrefix } from '../../store-api/prefix';
import { DEFAULT_SECRET, envPrefix } from '../../store-api/secret-env';
import { checkStoreName, StoreDefinition } from '../../store-api/store-definition';

/** The name that is free for a store which nobody has named. */
const DEFAULT_NAME = 'azure';

/** Checks the options at once. */
export function azureBlob(options: AzureBlobStoreOptions): StoreDefinition<never> {
  checkForm(options, AZURE_FORM);
  const name = checkStoreName(options.storeName ?? DEFAULT_NAME);
  const container = containerOf(name, options);
  if (options.region !== undefined) checkRegion('region', options.region);
  const prefix = (alone: boolean) => alone ? '' : envPrefix(name, DEFAULT_NAME);
  return {
    type: 'azure',
    name,
    location: options.location ?? azureLocation(options),
    layout: options.layout,
    role: undefined, // one identity for all jobs: there are no others to give them instead
    config: alone => configOf(container, prefix(alone), options.credentials),
    bind: (scope, alone) => partsOf(scope, container, prefix(alone), options.credentials),
    bindForReading: (scope, tag) => partsOf(scope, container, envPrefix(tag, DEFAULT_NAME), options.credentials),
  };
}

/** The container, without how a pod is let in. */
type Container = Omit<AzureStoreConfig, 'credentials'>;

function containerOf(name: string, options: AzureBlobStoreOptions): Container {
  const containerName = checkContainer(options.containerName);
  return {
    type: 'azure',
    name,
    accountName: checkAccount(options.accountName),
    containerName,
    prefix: checkPrefix(options.prefix ?? '', 'Azure'),
    endpoint: options.endpoint === undefined ? null : checkBlobEndpoint(options.endpoint, containerName),
    accessTier: options.accessTier === undefined ? null : `${options.accessTier}`,
  };
}

/** @param credentials `undefined`: those of the guide's Secret */
function configOf(container: Container, prefix: string, credentials: AzureCredentials | undefined): AzureStoreConfig {
  const kind = credentials === undefined ? 'account-key' : credentials._secret?.kind;
  if (kind === undefined) return { ...container, credentials: null };
  return { ...container, credentials: kind === 'sas' ? { kind, sasTokenEnv: prefix + SAS_TOKEN } : { kind, accountKeyEnv: prefix + ACCOUNT_KEY } };
}

function partsOf(scope: Construct, container: Container, prefix: string, given: AzureCredentials | undefined): StoreParts {
  const config = configOf(container, prefix, given);
  const { _secret: secret, _annotations: annotations, _podLabels: podLabels } = given ?? defaultCredentials(scope, container.name);
  return {
    config,
    env: envOf(config, secret),
    mounts: [],
    mountsClaim: false,
    podLabels,
    annotations,
    secretName: secret?.secret.name,
    location: `azure ${config.endpoint ?? 'azure'} ${config.accountName}/${config.containerName}/${config.prefix}`,
    place: placeOfAzureContainer(config, Chart.of(scope).namespace),
  };
}

/** The environment variable that the config names. */
function envOf({ credentials }: AzureStoreConfig, secret: AzureCredentials['_secret']): StoreParts['env'] {
  if (credentials === null || secret === undefined) return {};
  const variable = credentials.kind === 'sas' ? credentials.sasTokenEnv : credentials.accountKeyEnv;
  return { [variable]: kplus.EnvValue.fromSecretValue({ secret: secret.secret, key: secret.key }) };
}

function defaultCredentials(scope: Construct, storeName: string): AzureCredentials {
  return AzureCredentials.fromAccountKey(kplus.Secret.fromSecretName(scope, `Secret-${storeName}`, DEFAULT_SECRET));
}

/** Where a container is, as far as its options tell. Nobody can see from here how redundant the account is. */
function azureLocation({ endpoint, region }: AzureBlobStoreOptions): StoreLocation {
  if (endpoint !== undefined) {
    const host = URL.canParse(endpoint) ? hostOf(endpoint) : '';
    if (isIP(host) === 0 && /(^[^.]+|\.svc|\.cluster\.local)$/.test(host)) return StoreLocation.CLUSTER;
    if (!isAzureHost(host)) return StoreLocation._of('unknown');
  }
  return StoreLocation._of('zone', region);
}
