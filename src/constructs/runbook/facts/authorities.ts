/*
 * The authorities of one's own that have signed the certificates of stores. A machine outside of the cluster needs their files as well.
 */
import { posix } from 'node:path';
import { StoreConfig } from '../../../contract/config';
import { isBucket } from '../../stores/s3/store-type';

/** The certificate of the authority that a store trusts, and where the cluster has it. */
export interface AuthorityFacts {
  readonly store: string;
  /** As the pages call its file beside them. */
  readonly file: string;
  readonly kind: 'configmap' | 'secret';
  readonly name: string;
  readonly key: string;
}

/** @param pod the spec of a pod that reaches these stores, as the API has it */
export function authoritiesOf(stores: readonly StoreConfig[], pod: any): readonly AuthorityFacts[] {
  return stores.flatMap((store): AuthorityFacts[] => {
    if (!isBucket(store) || !store.caFile) return [];
    const directory = posix.dirname(store.caFile);
    const mount = pod.containers[0].volumeMounts.find(({ mountPath }: any) => mountPath === directory);
    const { configMap, secret } = pod.volumes.find(({ name }: any) => name === mount.name);
    const [{ key }] = (configMap ?? secret).items;
    return [{ store: store.name, file: `${store.name}-ca.crt`, key, ...configMap ? { kind: 'configmap', name: configMap.name } : { kind: 'secret', name: secret.secretName } }];
  });
}
