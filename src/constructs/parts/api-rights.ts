import * as kplus from 'cdk8s-plus-28';

/** What a pod may do at the API server. */
export interface ApiRights {
  readonly namespace: string;
  readonly rules: readonly kplus.k8s.PolicyRule[];
}
