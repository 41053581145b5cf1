import path from 'node:path';
import { Configs, tokenOf } from './_configs';
import { inNetwork, inNode, listens, Node, runInNode, untilListening } from './_node';
import { API, cached, NODE, NODE_IP, program, server, SERVICES } from './_paths';
import { succeed } from '../image/_lab';
import { startProcess } from '../integration/servers/_process';

const ETCD_PORT = 2379;

/** Starts all programs of the cluster in the node, and resolves when it runs pods; to the names of those that have ended, whenever it is asked. */
export async function startPrograms(node: Node, configs: Configs): Promise<() => readonly string[]> {
  const { directory } = node;
  const kubectl = (...args: string[]) => succeed(inNetwork(node)[0]!, [...inNetwork(node).slice(1), program('kubectl'), '--kubeconfig', configs.kubeconfig('admin'), ...args]);
  const gone: string[] = [];
  const start = async (name: string, file: string, args: readonly string[], ready: () => Promise<boolean> = async () => true) => {
    const [enter, ...enterArgs] = inNode(node);
    const logFile = path.join(directory, 'logs', name);
    const { exited } = await startProcess({ file: enter!, args: [...enterArgs, file, ...args], logFile, readiness: ready, timeoutMs: 120_000 });
    void exited.then(() => gone.push(name));
  };
  const listening = (port: number) => async () => listens(node.pid, port);

  await Promise.all([
    start('etcd', server('etcd'), [
      '--data-dir', path.join(directory, 'etcd'), '--listen-client-urls', `http://127.0.0.1:${ETCD_PORT}`, '--advertise-client-urls', `http://127.0.0.1:${ETCD_PORT}`,
      '--unsafe-no-fsync', '--log-level', 'error',
    ], listening(ETCD_PORT)),
    start('containerd', '/usr/bin/containerd', ['--config', configs.containerd]),
  ]);
  await start('kube-apiserver', program('kube-apiserver'), [
    `--etcd-servers=http://127.0.0.1:${ETCD_PORT}`, `--advertise-address=${NODE_IP}`, `--bind-address=${NODE_IP}`, '--secure-port=6443',
    `--service-cluster-ip-range=${SERVICES}`, '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${configs.caFile}`, `--tls-cert-file=${configs.apiServer.certFile}`, `--tls-private-key-file=${configs.apiServer.keyFile}`,
    `--token-auth-file=${configs.tokens}`, '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${configs.serviceAccountKey}`, `--service-account-signing-key-file=${configs.serviceAccountKey}`,
    // There is no DNS for the name of the node.
    '--kubelet-preferred-address-types=InternalIP', `--kubelet-certificate-authority=${configs.caFile}`,
    `--kubelet-client-certificate=${configs.kubeletClient.certFile}`, `--kubelet-client-key=${configs.kubeletClient.keyFile}`,
  ], async () => listens(node.pid, 6443) && await kubectl('get', '--raw', '/readyz') === 'ok');
  await Promise.all([
    start('kube-controller-manager', program('kube-controller-manager'), [
      `--kubeconfig=${configs.kubeconfig('controller-manager')}`, `--root-ca-file=${configs.caFile}`, `--service-account-private-key-file=${configs.serviceAccountKey}`,
      '--use-service-account-credentials', '--leader-elect=false', '--allocate-node-cidrs=false', '--bind-address=127.0.0.1',
    ]),
    start('kube-scheduler', program('kube-scheduler'), [`--kubeconfig=${configs.kubeconfig('scheduler')}`, '--leader-elect=false', '--bind-address=127.0.0.1']),
    start('kubelet', program('kubelet'), [
      `--config=${configs.kubelet}`, `--kubeconfig=${configs.kubeconfig('kubelet')}`, `--root-dir=${path.join(directory, 'kubelet')}`,
      `--hostname-override=${NODE}`, `--node-ip=${NODE_IP}`,
    ]),
    start('kube-proxy', program('kube-proxy'), [`--config=${configs.proxy}`]),
    start('coredns', program('coredns'), ['-conf', configs.corefile]),
    start('provisioner', process.execPath, [
      path.join(__dirname, 'provisioner.ts'), API, configs.caFile, tokenOf('admin'), NODE, path.join(directory, 'volumes'),
    ]),
    kubectl('create', '--filename', path.join(__dirname, 'cluster.yaml'), '--filename', cached('crds')),
  ]);
  await untilListening(node, 53, 30_000);
  await kubectl('wait', '--for=create', `node/${NODE}`, '--timeout=60s');
  await Promise.all([
    // It looks for the node once, and has its chains when it enforces policies.
    start('netpol', program('netpol'), [configs.kubeconfig('admin'), NODE, SERVICES], async () => runInNode(node, 'iptables', '--list-rules').includes('KUBE-ROUTER-FORWARD')),
    kubectl('wait', '--for=condition=Ready', `node/${NODE}`, '--timeout=60s'),
    kubectl('wait', '--for=create', 'serviceaccount/default', '--timeout=60s'),
  ]);
  return () => [...gone];
}
