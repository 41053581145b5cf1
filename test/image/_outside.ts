import { templateOf } from './_pod';
import { CONFIG_ENV, renderConfig, unescapeEnvValue } from '../../src/contract/config';
import { applySetting } from '../../src/runner/config/setting';

/** Where things are that a cluster would have under the names and ports of the manifest. */
export interface Outside {
  readonly postgresPort: number;
  readonly redisPort: number;
  readonly s3Endpoint: string;
  readonly healthPort: number;
  /** Of the exporter: other tests run on this machine too. */
  readonly exporterPort: number;
}

/**
 * All that is changed about a synthesized object before it is played: ports, since every pod has the network of this machine, and the
 * endpoint of S3. Names of hosts stay and lead to 127.0.0.1.
 *
 * @param more changes of a test's own
 */
export function withOutside(object: any, outside: Outside, more: readonly string[] = []): any {
  const { postgresPort, redisPort, s3Endpoint, healthPort, exporterPort } = outside;
  const changed = structuredClone(object);
  const variable = templateOf(changed).spec.containers[0].env.find(({ name }: any) => name === CONFIG_ENV);
  const config = JSON.parse(unescapeEnvValue(variable.value));
  const s3 = (stores: string) => [`${stores}.s3.endpoint=${s3Endpoint}`, `${stores}.s3.pathStyle=true`];
  const settings = config.kind === 'exporter'
    ? [`port=${exporterPort}`, ...config.backups.flatMap((_: unknown, i: number) => s3(`backups.${i}.stores`))]
    : [...config.stores.some(({ type }: any) => type === 's3') ? s3('stores') : [], ...databaseSettings(config, { postgres: postgresPort, redis: redisPort }, healthPort)];
  variable.value = renderConfig([...settings, ...more].reduce<any>(applySetting, config));
  return changed;
}

function databaseSettings({ source, target, healthUrl }: any, ports: { readonly [engine: string]: number }, healthPort: number): string[] {
  const { engine, host, listenPort } = source ?? target;
  const end = source === undefined ? 'target' : 'source';
  const isCluster = host === 'postgres' || host === 'redis'; // and not the scratch server in the drill's own pod
  return [
    ...isCluster ? [`${end}.port=${ports[engine]}`] : [],
    ...isCluster && listenPort > 0 ? [`${end}.listenPort=0`] : [],
    ...healthUrl ? [`healthUrl=${healthUrl.replace('/api/', `:${healthPort}/api/`)}`] : [],
  ];
}
