/* Secrets and ConfigMaps of one namespace: as a source, and as a target. */

/** Secrets and ConfigMaps of one namespace: those that are named, those with all of the labels, or, if neither is given, all of them. */
export interface KubernetesConfig {
  readonly engine: 'kubernetes';
  readonly namespace: string;
  readonly secretNames: readonly string[];
  readonly configMapNames: readonly string[];
  /** As the API takes it: `app=shop,tier=web`; `null`: none. */
  readonly labelSelector: string | null;
}

export interface KubernetesTargetConfig {
  readonly engine: 'kubernetes';
  readonly namespace: string;
  /** Whether objects that are there and differ are replaced. What they held is stored as an ordinary backup before. */
  readonly replace: boolean;
}
