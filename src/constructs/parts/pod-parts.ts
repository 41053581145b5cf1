import * as kplus from 'cdk8s-plus-28';
import { SecretValue } from './secret-value';
import { asResource } from '../core/any-version';
import { checkKeyName } from '../core/check';

/** What a source or a store brings to the pod beside its part of the config. */
export interface PodParts<Config> {
  readonly config: Config;
  readonly env: { readonly [name: string]: kplus.EnvValue };
  readonly mounts: readonly kplus.VolumeMount[];
  /** Whether one of the mounts is a claim, whose files the pod's user must be able to write. */
  readonly mountsClaim: boolean;
  /** Labels of the pod by which something of the cluster knows what to do with it. */
  readonly podLabels?: { readonly [name: string]: string };
}

/** All labels that the parts ask for. */
export function podLabelsOf(parts: readonly PodParts<unknown>[]): { readonly [name: string]: string } {
  return Object.assign({}, ...parts.map(({ podLabels }) => podLabels)) as { readonly [name: string]: string };
}

/** What tells the parts of several sources in one pod apart. */
export interface SourceSlot {
  /** Name of its volumes, and of the directory of its certificates. */
  readonly name: string;
  /** What stands behind the names of its environment variables. */
  readonly envSuffix: string;
}

/** A source that has the pod to itself. */
export const ONLY_SOURCE: SourceSlot = { name: 'source', envSuffix: '' };

/** Where temporary files go. */
export const SCRATCH = '/tmp';

/** Where volume stores are mounted. */
export const BACKUPS = '/backups';

/** Directory under which certificates are mounted. */
export const CERTIFICATES = '/etc/cdk8s-backup';

/** The environment variable that holds a password, if there is one. */
export function passwordEnv(name: string, password: SecretValue | undefined): PodParts<unknown>['env'] {
  if (password) checkKeyName('password', password.key);
  return password === undefined ? {} : { [name]: kplus.EnvValue.fromSecretValue({ secret: asResource(password.secret), key: password.key }) };
}
