import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { containerdOfNode } from './_containerd';
import { API, DNS_IP, NODE, NODE_IP, PODS } from './_paths';
import { Certificate, issueCertificate, makeAuthority } from '../integration/servers/_certificate';

/** Who asks the API server, with the groups that Kubernetes gives rights to. */
const IDENTITIES = {
  'admin': { user: 'admin', groups: ['system:masters'] },
  'controller-manager': { user: 'system:kube-controller-manager', groups: [] },
  'scheduler': { user: 'system:kube-scheduler', groups: [] },
  'proxy': { user: 'system:kube-proxy', groups: [] },
  'kubelet': { user: `system:node:${NODE}`, groups: ['system:nodes'] },
} as const;

/** The user with whose certificate the API server asks the kubelet. */
export const KUBELET_CLIENT = 'kubelet-client';

export interface Configs {
  readonly caFile: string;
  readonly apiServer: Certificate;
  readonly kubeletClient: Certificate;
  /** Signs the tokens of service accounts. */
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly containerd: string;
  readonly containerdSocket: string;
  readonly kubelet: string;
  readonly proxy: string;
  readonly corefile: string;
  kubeconfig(identity: keyof typeof IDENTITIES): string;
}

export interface ConfigsProps {
  readonly directory: string;
  /** In which all pods are to be. */
  readonly cgroup: string;
  /** The store of containerd. */
  readonly images: string;
}

/** Writes everything that the programs of the node read, into `directory`. */
export function writeConfigs({ directory, cgroup, images }: ConfigsProps): Configs {
  const file = (name: string, content: string) => {
    const full = path.join(directory, 'conf', name);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, content, { mode: 0o600 });
    return full;
  };
  const pki = path.join(directory, 'pki');
  mkdirSync(pki, { recursive: true });
  const authority = makeAuthority(pki);
  const serviceAccountKey = path.join(pki, 'service-accounts.key');
  execFileSync('openssl', ['genrsa', '-out', serviceAccountKey, '2048'], { stdio: 'pipe' });
  const kubeletServer = issueCertificate(authority, NODE, [`DNS:${NODE}`, `IP:${NODE_IP}`]);

  const containerdSocket = path.join(directory, 'containerd.sock');
  const cni = path.dirname(file('cni/bridge.conflist', JSON.stringify(cniConfig(path.join(directory, 'addresses')))));
  for (const [name, { user }] of Object.entries(IDENTITIES)) {
    file(`${name}.kubeconfig`, stringify({
      'apiVersion': 'v1',
      'kind': 'Config',
      'clusters': [{ name: 'tests', cluster: { 'server': API, 'certificate-authority': authority.caFile } }],
      'users': [{ name, user: { token: tokenOf(user) } }],
      'contexts': [{ name: 'tests', context: { cluster: 'tests', user: name } }],
      'current-context': 'tests',
    }));
  }
  return {
    caFile: authority.caFile,
    apiServer: issueCertificate(authority, 'kube-apiserver', ['DNS:kubernetes.default.svc', 'DNS:kubernetes.default', `IP:${NODE_IP}`, 'IP:10.96.0.1']),
    kubeletClient: issueCertificate(authority, KUBELET_CLIENT, [`DNS:${KUBELET_CLIENT}`]),
    serviceAccountKey,
    tokens: file('tokens.csv', Object.values(IDENTITIES).map(({ user, groups }) => `${tokenOf(user)},${user},${user},"${groups.join()}"\n`).join('')),
    containerd: file('containerd.toml', containerdOfNode({ root: images, state: path.join(directory, 'containerd'), socket: containerdSocket }, cni)),
    containerdSocket,
    kubelet: file('kubelet.yaml', stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority.caFile } },
      authorization: { mode: 'Webhook' },
      tlsCertFile: kubeletServer.certFile,
      tlsPrivateKeyFile: kubeletServer.keyFile,
      address: NODE_IP,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${cgroup}`,
      containerRuntimeEndpoint: `unix://${containerdSocket}`,
      clusterDNS: [DNS_IP],
      clusterDomain: 'cluster.local',
      resolvConf: file('resolv.conf', `nameserver ${NODE_IP}\n`),
      failSwapOn: false,
      // The disk is this machine's, whose owner looks after it.
      evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' },
      imageGCHighThresholdPercent: 100,
      serializeImagePulls: false,
      syncFrequency: '10s',
      volumePluginDir: path.join(directory, 'volume-plugins'),
      podLogsDir: path.join(directory, 'pods'),
    })),
    proxy: file('proxy.yaml', stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      bindAddress: NODE_IP,
      clientConnection: { kubeconfig: path.join(directory, 'conf', 'proxy.kubeconfig') },
      clusterCIDR: PODS,
      hostnameOverride: NODE,
      mode: 'iptables',
      conntrack: { maxPerCore: 0, min: 0 },
    })),
    corefile: file('Corefile', `.:53 {
  bind ${NODE_IP}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${path.join(directory, 'conf', 'admin.kubeconfig')}
    pods insecure
  }
}
`),
    kubeconfig: identity => path.join(directory, 'conf', `${identity}.kubeconfig`),
  };
}

/** Nobody else reaches the address of the node. */
export const tokenOf = (user: string) => `${user.replaceAll(':', '-')}-0123456789`;

const cniConfig = (addresses: string) => ({
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: PODS }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: addresses },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});
