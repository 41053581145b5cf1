import { BlockList, isIP } from 'node:net';

/* What NetworkPolicies mean, by the words of the API: a pod that no policy of a direction selects may do all, any other what one of them allows. */

/** One end of a connection: a pod with labels, or a host outside of the cluster with an address alone. */
export interface End {
  readonly ip: string;
  /** Of a pod. */
  readonly namespace?: string;
  readonly labels?: { readonly [key: string]: string };
}

export interface Port {
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

/** Whether the policies among the objects let a connection through, at both of its ends. */
export function mayConnect(objects: readonly any[], from: End, to: End, port: Port): boolean {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  return allows(policies, 'Egress', from, to, port) && allows(policies, 'Ingress', to, from, port);
}

function allows(policies: readonly any[], direction: 'Egress' | 'Ingress', pod: End, other: End, port: Port): boolean {
  if (pod.labels === undefined) return true; // policies are about pods
  const selecting = policies.filter(({ metadata, spec }) => metadata.namespace === pod.namespace && selects(spec.podSelector, pod.labels!)
    // Without types a policy is about what comes in, and about what goes out if it has rules for that.
    && (spec.policyTypes ?? ['Ingress', ...spec.egress ? ['Egress'] : []]).includes(direction));
  if (selecting.length === 0) return true;
  const [rules, peers] = direction === 'Egress' ? ['egress', 'to'] : ['ingress', 'from'];
  return selecting.some(({ metadata, spec }) => (spec[rules!] ?? [])
    .some((rule: any) => isAmong(rule[peers!], other, metadata.namespace) && hasPort(rule.ports, port)));
}

function isAmong(peers: readonly any[] | undefined, { ip, namespace, labels }: End, ownNamespace: string): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ ipBlock, podSelector, namespaceSelector }) => {
    // Addresses of pods are not for policies to rely on, but plugins do compare them.
    if (ipBlock) return inRange(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr: string) => inRange(ip, cidr));
    if (labels === undefined) return false;
    const inNamespace = namespaceSelector === undefined ? namespace === ownNamespace : selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace! });
    return inNamespace && (podSelector === undefined || selects(podSelector, labels));
  });
}

function hasPort(ports: readonly any[] | undefined, { port, protocol = 'TCP' }: Port): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(rule => (rule.protocol ?? 'TCP') === protocol
    && (rule.port === undefined || (port >= rule.port && port <= (rule.endPort ?? rule.port))));
}

function selects({ matchLabels = {}, matchExpressions }: any, labels: { readonly [key: string]: string }): boolean {
  if (matchExpressions !== undefined) throw new Error('matchExpressions are not known here');
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

function inRange(ip: string, cidr: string): boolean {
  const [network, bits] = cidr.split('/');
  const family = (address: string) => isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (family(ip) !== family(network!)) return false;
  const list = new BlockList();
  list.addSubnet(network!, Number(bits), family(network!));
  return list.check(ip, family(ip));
}

/** The pods that the objects make, by the name of what makes them, as an end of a connection. */
export function podsIn(objects: readonly any[]): { readonly [name: string]: End & { readonly spec: any } } {
  const templates = objects.flatMap(({ kind, metadata, spec }) => {
    const template = kind === 'CronJob' ? spec.jobTemplate.spec.template : ['Job', 'Deployment'].includes(kind) ? spec.template : undefined;
    return template === undefined ? [] : [{ name: `${kind}/${metadata.name}`, namespace: metadata.namespace, template }];
  });
  return Object.fromEntries(templates.map(({ name, namespace, template }, i) =>
    [name, { ip: `10.244.1.${i + 1}`, namespace, labels: template.metadata.labels, spec: template.spec }]));
}
