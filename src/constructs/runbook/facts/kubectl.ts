/** Without a namespace it is the one that kubectl is set to, as for the manifests. */
export function kubectlOf(namespace: string | undefined): string {
  return namespace === undefined ? 'kubectl' : `kubectl -n ${namespace}`;
}
