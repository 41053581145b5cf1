import { isIP } from 'node:net';
import { RehearsalCluster } from './cluster';
import { RestoreConfig } from '../../contract/config';
import { REHEARSAL_LABEL } from '../../contract/runbook';
import { engineConfigOf } from '../config/engines/table';

/**
 * Why a restore with this config would write, or stop something, outside of the namespaces for rehearsals; `null` where it stays inside.
 *
 * A name alone proves nothing: one that no Service has may be found by a search domain, and a Service may stand for a name elsewhere.
 */
export async function leadsOut(
  { target, workloads, healthUrl }: RestoreConfig, namespace: string, cluster: RehearsalCluster,
): Promise<string | null> {
  const { hosts, namespaces } = engineConfigOf(target).reaches(target);
  for (const host of hosts) {
    const why = await hostLeadsOut(host, namespace, cluster);
    if (why !== null) return `it would restore to ${host}: ${why}`;
  }
  for (const other of new Set([...namespaces, ...workloads.map(workload => workload.namespace)])) {
    if (await cluster.isForRehearsals(other) !== true) return `it would change namespace ${other}, which does not have the label ${REHEARSAL_LABEL}=true`;
  }
  const why = healthUrl === null ? null : await hostLeadsOut(new URL(healthUrl).hostname, namespace, cluster);
  return why === null ? null : `it would ask ${healthUrl} whether the application is well: ${why}`;
}

async function hostLeadsOut(host: string, from: string, cluster: RehearsalCluster): Promise<string | null> {
  const [name, namespace = from, svc, ...domain] = host.replace(/\.$/, '').split('.');
  // `clusterset.local` is of several clusters.
  const isOfCluster = isIP(host) === 0 && (svc === undefined || svc === 'svc') && [0, 2].includes(domain.length) && domain[0] !== 'clusterset';
  if (!isOfCluster) return 'that is no Service of the cluster';
  if (await cluster.isForRehearsals(namespace) !== true) return `namespace ${namespace} does not have the label ${REHEARSAL_LABEL}=true`;
  const service = await cluster.service(namespace, name!);
  if (service === undefined) return `there is no Service ${name} in namespace ${namespace}`;
  if (service.type === 'ExternalName') return `the Service ${name} stands for a name outside of the cluster`;
  return Object.keys(service.selector ?? {}).length > 0 ? null : `the Service ${name} has no selector, so somebody else says where it leads`;
}
