import { ApiObject, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { DrillVolume } from './drill-volume';
import { RestoreDrillProps } from './restore-drill-props';
import { emptiedAfterwards } from './scratch-directory';
import { DatabaseConfig } from '../../contract/config';
import { checkWholeNumber, show } from '../core/check';
import { EmptyDirectory, ScratchServer } from '../engine-api/drill';
import { databaseEngine, databaseEngines } from '../engines/engines';
import { ContainerResources } from '../pod/container-resources';
import { ImagePullPolicy } from '../pod/image-pull-policy';
import { checkImage } from '../pod/runner-image';
import { restricted } from '../pod/runner-pod';

/** Name of the container with the scratch server: messages of the runner tell to look at its log. */
const SERVER = 'server';

/** Where the server has its data, in a directory that it makes itself: of a volume's top it may not be the owner. */
const DATA = '/scratch-server';
const DATA_VOLUME = 'server-data';

const TMP: EmptyDirectory = { id: 'ServerTmp', name: 'server-tmp', path: '/tmp', options: { sizeLimit: Size.gibibytes(1) } };

/** What the props of a drill say about its server. */
export interface DrillServerProps {
  readonly serverImage?: string;
  readonly serverArgs?: string[];
  readonly serverResources?: ContainerResources;
  readonly serverUser?: number;
  readonly imagePullPolicy?: ImagePullPolicy;
}

/**
 * The scratch server: a container that starts before the runner and ends after it (a native sidecar, on by default from Kubernetes 1.29).
 *
 * It listens on the loopback address of the pod only, which is why it needs no password: whoever reaches that may exec into the pod anyway.
 */
class DrillServer {
  private readonly user: number;
  private readonly resources: ContainerResources;

  /** Checks the props at once. */
  constructor(private readonly server: ScratchServer, private readonly props: DrillServerProps, private readonly volume: DrillVolume) {
    this.user = checkWholeNumber('serverUser', props.serverUser ?? server.user, 1, 2_147_483_647, '0 is root, which Pod Security refuses');
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
    const mount = ({ path, id, name, options }: EmptyDirectory) => ({ path, volume: kplus.Volume.fromEmptyDir(scope, id, name, options) });
    const { args, env, directories } = this.server.container({
      args: this.props.serverArgs ?? [],
      memoryLimit: this.resources.memory?.limit,
      data: DATA,
    });
    return {
      name: SERVER,
      image: this.props.serverImage ?? this.server.image,
      imagePullPolicy: this.props.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT,
      command: emptiedAfterwards(DATA),
      args,
      envVariables: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, kplus.EnvValue.fromValue(value)])),
      resources: this.resources,
      securityContext: restricted(this.user, this.user),
      volumeMounts: [TMP, ...directories].map(mount),
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
}

/** Those of the properties of a drill that are about a server. */
const SERVER_PROPERTIES = ['serverImage', 'serverArgs', 'serverResources', 'serverUser', 'serverStartTimeout', 'dataVolume'] as const;

/** The scratch server of a drill of this database; `undefined` where it needs none. */
export function drillServer(source: DatabaseConfig, props: RestoreDrillProps): DrillServer | undefined {
  const { title, drill: { server } } = databaseEngine(source);
  if (server !== null) return new DrillServer(server, props, props.dataVolume ?? DrillVolume.emptyDir(Size.gibibytes(10)));
  const given = SERVER_PROPERTIES.find(property => props[property] !== undefined);
  if (given === undefined) return undefined;
  const titles = databaseEngines().filter(([, { drill }]) => drill.server !== null).map(([, engine]) => engine.title);
  throw new Error(`'${given}' is for ${titles.join(' and ')}, and the backup is of ${title}, which is restored into the scratch volume: set 'scratchSize'`);
}
