import { show } from '../../core/check';
import { checkServiceUrl } from '../../store-api/service-url';

export function checkAccount(name: string): string {
  if (!/^[a-z0-9]{3,24}$/.test(name)) {
    throw new Error(`'accountName' must be 3 to 24 lower-case letters and digits, got ${show(name)}: it is the name alone, without ".blob.core.windows.net"`);
  }
  return name;
}

export function checkContainer(name: string): string {
  const refuse = (rule: string): never => {
    throw new Error(`'containerName' ${rule}, got ${show(name)}: Azure refuses other names`);
  };
  if (name.startsWith('$')) refuse('must not be one of the containers that Azure keeps for itself');
  if (name.length < 3 || name.length > 63) refuse('must be 3 to 63 characters long');
  if (!/^[a-z0-9-]+$/.test(name)) refuse('must have lower-case letters, digits and "-" only');
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) refuse('must begin and end with a letter or digit');
  if (name.includes('--')) refuse('must not have two hyphens in a row');
  return name;
}

export function checkBlobEndpoint(endpoint: string, container: string): string {
  const bare = checkServiceUrl(endpoint, { example: 'https://shopbackups.blob.core.windows.net', credentials: 'AzureCredentials.fromSasToken' });
  if (new URL(bare).pathname.split('/').includes(container)) {
    throw new Error(`'endpoint' must not have the container in its path, got ${show(bare)}: give the bare URL of the account's blob service, the container is added`);
  }
  return bare;
}
