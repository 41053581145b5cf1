/*
 * What properties about pods take.
 */
import { Compression } from './compression';
import { ContainerResources, Cpu, CpuResources, EphemeralStorageResources, MemoryResources } from './container-resources';
import { Decryption } from './decryption';
import { Encryption } from './encryption';
import { ImagePullPolicy } from './image-pull-policy';
import { NetworkOptions, NetworkPlace, NetworkPlaces } from './network-options';
import { RunnerPodOptions } from './runner-pod-options';
import { Form, Takes } from '../core/form';
import { FLAG, has, instance, listOf, mapOf, NUMBER, oneOf, SECRET, SERVICE_ACCOUNT, SIZE, struct, text } from '../core/takes';

export const COMPRESSION: Takes<Compression> = instance(Compression, 'a Compression', 'Compression.zstd(3)');
export const ENCRYPTION: Takes<Encryption> = instance(Encryption, 'an Encryption', 'Encryption.age with \'recipients\': a list with "age1…"');
export const DECRYPTION: Takes<Decryption> = instance(Decryption, 'a Decryption', 'Decryption.fromSecret(secret, "identity")');
export const LABELS = mapOf(text('shop'), 'team');

export const PULL_POLICY = oneOf(ImagePullPolicy, 'ImagePullPolicy');

const CPU: Takes<Cpu> = { what: 'a Cpu', example: 'Cpu.millis(100)', accepts: value => has(value, 'amount', 'string') };

const MEMORY: typeof SIZE = { ...SIZE, example: 'Size.gibibytes(1)' };

export const RESOURCES: Takes<ContainerResources> = struct<ContainerResources>({
  cpu: struct<CpuResources>({ request: CPU, limit: CPU }),
  memory: struct<MemoryResources>({ request: MEMORY, limit: MEMORY }, 'limit'),
  ephemeralStorage: struct<EphemeralStorageResources>({ request: SIZE, limit: SIZE }, 'limit'),
}, 'memory');

/** What all constructs with a runner take for its pod. */
export const RUNNER_POD: Form<RunnerPodOptions> = {
  image: text('registry.example.com/cdk8s-backup-runner:0.1.0'),
  imagePullPolicy: PULL_POLICY,
  imagePullSecret: SECRET,
  serviceAccount: SERVICE_ACCOUNT,
  credentialsAsFiles: FLAG,
  priorityClassName: text('high'),
  user: NUMBER,
  group: NUMBER,
  fsGroup: NUMBER,
};

const PLACE: Takes<NetworkPlace> = struct<NetworkPlace>({
  cidrs: listOf(text('10.0.0.0/8')),
  podLabels: LABELS,
  namespaceLabels: LABELS,
  ports: listOf({ ...NUMBER, example: '5432' }),
}, 'podLabels');

const PLACES: Takes<NetworkPlaces> = struct<NetworkPlaces>({
  database: PLACE,
  members: mapOf(PLACE, 'db'),
  stores: mapOf(PLACE, 's3'),
  apiServer: PLACE,
  health: PLACE,
  pushgateway: PLACE,
  dns: PLACE,
});

/** What all constructs with a runner take for its network. */
export const NETWORK: Form<NetworkOptions> = { networkPolicy: FLAG, network: PLACES };
