import { ApiObject, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { DrillVolume } from './drill-volume';
import { DatabaseTargetConfig } from '../../contract/config';
import { checkWholeNumber, show } from '../core/check';
import { checkImage, restricted } from '../pod/runner-pod';

/** Name of the container with the scratch server: messages of the runner tell to look at its log. */
export const SERVER = 'server';

/** Where the server has its data, in a directory that it makes itself: of a volume's top it may not be the owner. */
const DATA = '/scratch-server';
const DATA_VOLUME = 'server-data';

export const POSTGRES_PORT = 5432;
export const REDIS_PORT = 6379;

/** How much of the container's memory a Redis may fill: the rest is for buffers, and for what it does not count. */
const REDIS_MEMORY_SHARE = 0.75;

/** What the props of a drill say about its server. */
export interface DrillServerProps {
  readonly serverImage?: string;
  readonly serverArgs?: string[];
  readonly serverResources?: kplus.ContainerResources;
  readonly serverUser?: number;
  readonly imagePullPolicy?: kplus.ImagePullPolicy;
}

/**
 * The scratch server: a container that starts before the runner and ends after it (a native sidecar, on by default from Kubernetes 1.29).
 *
 * It listens on the loopback address of the pod only, which is why it needs no password: whoever reaches that may exec into the pod anyway.
 */
export class DrillServer {
  /** Where it is, for the config: the runner's own pod. */
  public static address(config: DatabaseTargetConfig): DatabaseTargetConfig {
    switch (config.engine) {
      case 'postgres': return { ...config, host: '127.0.0.1', port: POSTGRES_PORT, user: 'postgres', passwordEnv: null, tls: { mode: 'disable', caFile: null } };
      // The port for the snapshot must be another one than that of the server, whose network it shares.
      case 'redis': return { ...config, host: '127.0.0.1', port: REDIS_PORT, user: null, passwordEnv: null, tls: null, advertiseHostEnv: null, listenPort: 0 };
      case 'sqlite': return config;
    }
  }

  private readonly user: number;
  private readonly resources: kplus.ContainerResources;

  /** Checks the props at once. */
  constructor(private readonly engine: 'postgres' | 'redis', private readonly props: DrillServerProps, private readonly volume: DrillVolume) {
    // In the official images of both, those on Alpine left aside.
    this.user = checkWholeNumber('serverUser', props.serverUser ?? 999, 1, 2_147_483_647, '0 is root, which Pod Security refuses');
    if (props.serverImage !== undefined) checkImage('serverImage', props.serverImage);
    for (const argument of props.serverArgs ?? []) {
      if (argument.includes('\0')) throw new Error(`'serverArgs' must be text, got ${show(argument)}`);
    }
    this.resources = props.serverResources ?? {
      cpu: { request: kplus.Cpu.millis(100) },
      memory: { request: Size.mebibytes(256), limit: Size.gibibytes(1) },
    };
  }

  public get parts() {
    return { config: null, env: {}, mounts: [], mountsClaim: this.volume._isClaim };
  }

  public get dataBytes(): number {
    return this.volume._bytes;
  }

  public define(scope: Construct): kplus.ContainerProps {
    const directory = (id: string, name: string, options: kplus.EmptyDirVolumeOptions) => kplus.Volume.fromEmptyDir(scope, id, name, options);
    const { image, args, env, mounts } = this.engine === 'postgres' ? this.postgres(directory) : this.redis();
    return {
      name: SERVER,
      image: this.props.serverImage ?? image,
      imagePullPolicy: this.props.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT,
      args,
      envVariables: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, kplus.EnvValue.fromValue(value)])),
      resources: this.resources,
      securityContext: restricted(this.user, this.user),
      volumeMounts: [{ path: '/tmp', volume: directory('ServerTmp', 'server-tmp', { sizeLimit: Size.gibibytes(1) }) }, ...mounts],
    };
  }

  /** Adds what cdk8s-plus has no property for. */
  public patch(object: ApiObject): void {
    const pod = '/spec/jobTemplate/spec/template/spec';
    object.addJsonPatch(
      // No probe: the pod would wait for a server that does not start until its deadline, and nobody would be there to record that.
      JsonPatch.add(`${pod}/initContainers/0/restartPolicy`, 'Always'),
      JsonPatch.add(`${pod}/initContainers/0/volumeMounts/-`, { name: DATA_VOLUME, mountPath: DATA }),
      JsonPatch.add(`${pod}/volumes/-`, { name: DATA_VOLUME, ...this.volume._volume }),
    );
  }

  /**
   * Durable as a real one, with fsync and full pages: the time that is measured is to mean something. What is given comes first, so that it
   * can't open the server to the network.
   */
  private postgres(directory: (id: string, name: string, options: kplus.EmptyDirVolumeOptions) => kplus.Volume) {
    return {
      image: 'postgres:17',
      args: ['postgres', ...this.props.serverArgs ?? [], '-c', 'listen_addresses=127.0.0.1', '-c', `port=${POSTGRES_PORT}`],
      env: { POSTGRES_HOST_AUTH_METHOD: 'trust', PGDATA: `${DATA}/data` },
      mounts: [
        { path: '/var/run/postgresql', volume: directory('ServerSocket', 'server-socket', { sizeLimit: Size.mebibytes(16) }) },
        // The runtime gives 64 MiB, in which parallel workers that build indexes run out of room.
        { path: '/dev/shm', volume: directory('ServerShm', 'server-shm', { medium: kplus.EmptyDirMedium.MEMORY, sizeLimit: Size.mebibytes(256) }) },
      ],
    };
  }

  /** Without an append-only file: a real server that has one writes it anew after a restore, which comes on top. */
  private redis() {
    const limit = this.resources.memory?.limit;
    const maxMemory = limit === undefined ? [] : ['--maxmemory', String(Math.floor(limit.toKibibytes() * 1024 * REDIS_MEMORY_SHARE)), '--maxmemory-policy', 'noeviction'];
    return {
      image: 'redis:8',
      args: [
        'redis-server', ...this.props.serverArgs ?? [],
        '--bind', '127.0.0.1', '--port', String(REDIS_PORT), '--dir', DATA, '--save', '', '--appendonly', 'no', ...maxMemory,
      ],
      env: {},
      mounts: [],
    };
  }
}
