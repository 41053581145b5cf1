import * as kplus from 'cdk8s-plus-28';

/**
 * Gives pods an address of a name that the user knows, by which cdk8s-plus selects them.
 *
 * By default the address is made of the construct's path. Then a construct that is moved in the tree has another pod: a Job can't be given
 * one, and one that runs when it is applied would be another Job, which runs again.
 *
 * @param name that nothing else with pods has in the namespace
 */
export function addressByName(workload: kplus.Workload, name: string): void {
  workload.podMetadata.addLabel(kplus.Pod.ADDRESS_LABEL, name);
}
