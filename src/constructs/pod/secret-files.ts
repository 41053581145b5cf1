import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { FILE_SUFFIX } from '../../contract/config';
import { CERTIFICATES } from '../parts/pod-parts';

/** What a container is told, and what it has mounted for that. */
export interface SecretFiles {
  readonly env: { readonly [name: string]: kplus.EnvValue };
  readonly mounts: readonly kplus.VolumeMount[];
}

interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** The directory of such files: below it are SECRET/KEY. */
export const SECRET_FILES = `${CERTIFICATES}/secrets`;

/** For the group of the pod alone, which needs an `fsGroup` then. */
const GROUP_READS = 0o440;

/**
 * Mounts what the variables would take from Secrets: the keys that are used, and no others. A Secret is one volume as a whole and no
 * `subPath`, so that the kubelet renews it when the Secret changes.
 */
export function asSecretFiles(scope: Construct, env: { readonly [name: string]: kplus.EnvValue }): SecretFiles {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value, key: value.valueFrom?.secretKeyRef as SecretKey | undefined }));
  const secrets = [...new Set(variables.flatMap(({ key }) => key?.name ?? []))];
  return {
    env: Object.fromEntries(variables.map(({ name, value, key }) =>
      key === undefined ? [name, value] : [name + FILE_SUFFIX, kplus.EnvValue.fromValue(`${SECRET_FILES}/${key.name}/${key.key}`)])),
    mounts: secrets.map((secret, i) => {
      const keys = variables.flatMap(({ key }) => key?.name === secret ? key.key : []);
      const volume = kplus.Volume.fromSecret(scope, `SecretFiles-${secret}`, kplus.Secret.fromSecretName(scope, `FilesOf-${secret}`, secret), {
        // The name of a volume is shorter than that of a Secret may be, and has no dots.
        name: `secret-${i}`,
        defaultMode: GROUP_READS,
        items: Object.fromEntries(keys.map(key => [key, { path: key }])),
      });
      return { path: `${SECRET_FILES}/${secret}`, volume, readOnly: true };
    }),
  };
}
