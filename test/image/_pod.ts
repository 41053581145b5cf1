import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Output, succeed, tool } from './_lab';
import { bytesOf, layOut, Volume } from './_volumes';
import { KubeApiServer } from '../integration/servers/kube-apiserver';

/*
 * Plays the pod of a synthesized object the way a kubelet does it: the user and the rights of the spec, the volumes of the spec with their
 * owners, the environment of the spec, and nothing else.
 */

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What a pod finds around it. */
export interface Cluster {
  /** Directory of the node. */
  readonly directory: string;
  readonly secrets: { readonly [name: string]: { readonly [key: string]: string } };
  /** Names that the cluster's DNS would know. */
  readonly hosts: readonly string[];
  readonly kubernetes: KubeApiServer;
}

/** A container of a pod, ready to run: the arguments of podman, and its environment. */
interface Prepared {
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

export interface RunningPod {
  /** What "kubectl exec" runs. */
  exec(...command: string[]): Promise<Output>;
  stop(): Promise<void>;
}

export function claimsOf({ directory }: Cluster): string {
  return path.join(directory, 'claims');
}

/** Runs the pod of a CronJob or a Job to its end. */
export async function play(cluster: Cluster, object: any): Promise<Output> {
  const { args, env } = await prepare(cluster, object);
  return tool('podman', ['run', '--rm', ...args], env);
}

/** Starts the pod of a Deployment. */
export async function startPod(cluster: Cluster, object: any): Promise<RunningPod> {
  const { args, env } = await prepare(cluster, object);
  const id = await succeed('podman', ['run', '--detach', ...args], env);
  return {
    exec: (...command) => tool('podman', ['exec', id, ...command]),
    stop: async () => {
      await succeed('podman', ['rm', '--force', '--time', String(templateOf(object).spec.terminationGracePeriodSeconds), id]);
    },
  };
}

/** The pod template of an object. */
export function templateOf({ spec }: any): any {
  return spec.jobTemplate?.spec.template ?? spec.template;
}

async function prepare(cluster: Cluster, object: any): Promise<Prepared> {
  const { name, namespace } = object.metadata;
  const { spec } = templateOf(object);
  const [container, ...others] = spec.containers;
  if (others.length > 0) throw new Error('the player runs pods of one container');
  await checkUser(spec, container);

  const pod = path.join(cluster.directory, 'pods', name);
  const securityContext = spec.securityContext ?? {};
  const volumes = new Map<string, Volume>((spec.volumes ?? []).map((volume: any) =>
    [volume.name, layOut(volume, securityContext, { claims: claimsOf(cluster), pod, secrets: cluster.secrets })]));
  const env = environment(container, cluster, {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.labels[\'batch.kubernetes.io/controller-uid\']': randomUUID(), // each pod that is played is of a Job of its own
    'status.podIP': '127.0.0.1',
    'status.hostIP': '127.0.0.1',
  });
  const expand = (texts: string[] = []) => texts.map(text => expanded(text, env));
  const mounts = (container.volumeMounts ?? []).flatMap((mount: any) => mountArgs(mount, volumes));
  if (spec.automountServiceAccountToken !== false) mounts.push(...await tokenArgs(cluster, namespace, spec));

  return {
    env,
    args: [
      '--pull=never', '--network=host', '--hostname', name, '--read-only-tmpfs=false',
      ...securityArgs(container.securityContext ?? {}, securityContext),
      ...container.resources?.limits?.memory === undefined ? [] : ['--memory', String(bytesOf(container.resources.limits.memory))],
      ...cluster.hosts.flatMap(host => ['--add-host', `${host}:127.0.0.1`]),
      ...mounts,
      ...Object.keys(env).flatMap(variable => ['--env', variable]), // their values come from podman's own environment
      ...container.command === undefined ? [] : ['--entrypoint', JSON.stringify(expand(container.command))],
      container.image,
      ...expand(container.args),
    ],
  };
}

/** Refuses what a kubelet refuses: it looks at the spec, and where that says nothing at the image. */
async function checkUser(spec: any, container: any): Promise<void> {
  const user = container.securityContext?.runAsUser ?? spec.securityContext?.runAsUser
    ?? (await succeed('podman', ['image', 'inspect', '--format', '{{.Config.User}}', container.image])).split(':')[0];
  if (!(container.securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot)) return;
  if (!/^\d*$/.test(String(user))) throw new Error(`container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`);
  if (Number(user) === 0) throw new Error('container has runAsNonRoot and image will run as root');
}

/** Rights and user. Seccomp's default profile is what podman takes if nothing is said. */
function securityArgs(container: any, pod: any): string[] {
  const user = container.runAsUser ?? pod.runAsUser;
  const group = container.runAsGroup ?? pod.runAsGroup;
  const groups = [...pod.supplementalGroups ?? [], ...pod.fsGroup === undefined ? [] : [pod.fsGroup]];
  const seccomp = container.seccompProfile?.type ?? pod.seccompProfile?.type;
  return [
    ...container.readOnlyRootFilesystem ? ['--read-only'] : [],
    ...user === undefined ? [] : ['--user', group === undefined ? String(user) : `${user}:${group}`],
    ...groups.flatMap(id => ['--group-add', String(id)]),
    ...(container.capabilities?.drop ?? []).flatMap((name: string) => ['--cap-drop', name]),
    ...(container.capabilities?.add ?? []).flatMap((name: string) => ['--cap-add', name]),
    ...container.allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : [],
    ...seccomp === 'RuntimeDefault' ? [] : ['--security-opt', 'seccomp=unconfined'], // as without a profile in a cluster
    ...container.privileged ? ['--privileged'] : [],
  ];
}

function mountArgs({ name, mountPath, readOnly, subPath }: any, volumes: ReadonlyMap<string, Volume>): string[] {
  const volume = volumes.get(name);
  if (volume === undefined) throw new Error(`${mountPath}: the pod has no volume ${name}`);
  if (subPath !== undefined) throw new Error('the player does not know subPath');
  if ('memoryBytes' in volume) return ['--tmpfs', `${mountPath}:rw,mode=1777,size=${volume.memoryBytes}`];
  return ['--volume', `${volume.directory}:${mountPath}${readOnly ? ':ro' : ''}`];
}

/** The token of the pod's service account, as the admission controller of that name mounts it, and readable for whom it is there. */
async function tokenArgs(cluster: Cluster, namespace: string, spec: any): Promise<string[]> {
  const directory = await cluster.kubernetes.serviceAccountDirectory(namespace, spec.serviceAccountName);
  const { fsGroup, runAsUser = 0 } = spec.securityContext ?? {};
  const token = path.join(directory, 'token');
  chownSync(token, fsGroup === undefined ? runAsUser : 0, fsGroup ?? 0);
  chmodSync(token, fsGroup === undefined ? 0o600 : 0o640);
  writeFileSync(path.join(directory, 'namespace'), namespace);
  return ['--volume', `${directory}:${SERVICE_ACCOUNT}:ro`];
}

function environment({ env = [], envFrom = [] }: any, { secrets, kubernetes }: Cluster, fields: { readonly [path: string]: string }): Prepared['env'] {
  const values: { [name: string]: string } = { KUBERNETES_SERVICE_HOST: kubernetes.host, KUBERNETES_SERVICE_PORT: String(kubernetes.port) };
  if (envFrom.length > 0) throw new Error('the player does not know envFrom');
  for (const { name, value, valueFrom } of env) {
    const { secretKeyRef, fieldRef } = valueFrom ?? {};
    const found = secretKeyRef !== undefined ? secrets[secretKeyRef.name]?.[secretKeyRef.key]
      : fieldRef !== undefined ? fields[fieldRef.fieldPath]
        : expanded(value ?? '', values);
    if (found !== undefined) values[name] = found;
    else if (!secretKeyRef?.optional) throw new Error(`environment variable ${name}: nothing is at ${JSON.stringify(valueFrom)}`);
  }
  return values;
}

/** What Kubernetes makes of `$(NAME)` and `$$` in values and arguments. */
function expanded(text: string, values: { readonly [name: string]: string }): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name?: string) => name === undefined ? '$' : values[name] ?? whole);
}
