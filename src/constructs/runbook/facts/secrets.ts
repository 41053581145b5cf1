/*
 * The Secrets that pods take, read from the pods as they stand in the manifest.
 */
import { SECRET_FILES } from '../../pod/secret-files';

/** A key of a Secret, with the variable that has it in the pod. */
export interface SecretVariable {
  readonly variable: string;
  readonly secret: string;
  readonly key: string;
}

/** A key of a Secret that is a file in the pod, such as an identity. */
export interface SecretFile {
  readonly secret: string;
  readonly key: string;
}

export interface PodSecrets {
  readonly variables: readonly SecretVariable[];
  readonly files: readonly SecretFile[];
}

/** @param pod a spec as the API has it */
export function secretsOf(pod: any): PodSecrets {
  const [container] = pod.containers;
  const env: readonly any[] = container.env ?? [];
  const volumes: readonly any[] = (pod.volumes ?? []).filter(({ secret }: any) => secret?.secretName !== undefined);
  const fromEnv = env.filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)
    .map(({ name, valueFrom: { secretKeyRef } }): SecretVariable => ({ variable: name, secret: secretKeyRef.name, key: secretKeyRef.key }));
  const fromFiles = env.flatMap(({ name, value }): SecretVariable[] => {
    if (typeof value !== 'string' || !value.startsWith(`${SECRET_FILES}/`)) return [];
    const [secret, key] = value.slice(SECRET_FILES.length + 1).split('/');
    return [{ variable: name.replace(/_FILE$/, ''), secret, key }];
  });
  const variables = [...fromEnv, ...fromFiles];
  const files = volumes.flatMap(({ secret: { secretName, items = [] } }) => items.map(({ key }: any): SecretFile => ({ secret: secretName, key })));
  return { variables, files: files.filter(({ secret, key }) => !variables.some(each => each.secret === secret && each.key === key)) };
}
