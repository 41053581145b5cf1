import * as kplus from 'cdk8s-plus-28';
import { RedisRdbFileRestoreOptions, RedisKeysRestoreOptions, RedisRestoreOptions } from './redis-restore-options';
import { REDIS_ASSERTION } from './takes';
import { RedisConfig, RedisTargetConfig } from '../../../contract/config';
import { asResource } from '../../core/any-version';
import { checkText, checkWholeNumber, show } from '../../core/check';
import { checkForm, Form, needed } from '../../core/form';
import { CLAIM, FLAG, listOf, NUMBER, text } from '../../core/takes';
import { RestoreDefinition } from '../../engine-api/restore';

/** Where the claim of a stopped Redis is mounted. */
const REDIS_DATA = '/redis-data';

/** Where the server that loads the snapshot finds the runner. */
const POD_IP_ENV = 'POD_IP';

const BASE: Form<RedisRestoreOptions> = { safetyBackup: FLAG, listenPort: { ...NUMBER, example: '6379' }, assertions: listOf(REDIS_ASSERTION) };
const KEYS: Form<RedisKeysRestoreOptions> = { replace: FLAG, safetyBackup: FLAG, assertions: listOf(REDIS_ASSERTION) };
const RDB_FILE: Form<RedisRdbFileRestoreOptions> = { ...BASE, claim: needed(CLAIM), path: text('data') };

/** The server loads the snapshot from the runner. */
export function replication(options: RedisRestoreOptions): RestoreDefinition<'redis'> {
  checkForm(options, BASE);
  const target = targetOf('replication', options);
  return {
    engine: 'redis',
    needsScratch: false,
    bind: (_scope, source) => {
      const config = target(source.config);
      return {
        ...source,
        config,
        env: { ...source.env, [POD_IP_ENV]: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_IP) },
        endpoints: source.endpoints.map(server => ({ ...server, callsBack: config.listenPort })),
        storesPrevious: config.safetyBackup,
      };
    },
  };
}

/** Each key is written for itself. */
export function keys(options: RedisKeysRestoreOptions): RestoreDefinition<'redis'> {
  checkForm(options, KEYS);
  const target = targetOf('keys', options);
  return {
    engine: 'redis',
    needsScratch: false,
    bind: (_scope, source) => {
      const config = target(source.config);
      return { ...source, config, storesPrevious: config.safetyBackup };
    },
  };
}

/** The file of a server that is stopped. */
export function rdbFile(options: RedisRdbFileRestoreOptions): RestoreDefinition<'redis'> {
  checkForm(options, RDB_FILE);
  const target = targetOf('rdb-file', options);
  const subPath = options.path === undefined ? undefined : checkSubPath(options.path);
  return {
    engine: 'redis',
    needsScratch: false,
    bind: (scope, source) => {
      const volume = kplus.Volume.fromPersistentVolumeClaim(scope, 'RedisData', asResource(options.claim), { name: 'redis-data' });
      const mounts = [...source.mounts, { path: REDIS_DATA, volume, subPath }];
      // The file that was there is kept beside.
      return { ...source, config: target(source.config), mounts, mountsClaim: true, storesPrevious: false };
    },
  };
}

/** Checks the options at once; what it returns is told the source. */
export function targetOf(mode: RedisTargetConfig['mode'], options: RedisRestoreOptions & RedisKeysRestoreOptions): (source: RedisConfig) => RedisTargetConfig {
  const assertions = (options.assertions ?? []).map(({ pattern, atLeast = 1 }) => ({
    pattern: checkText('pattern', pattern), atLeast: checkWholeNumber('atLeast', atLeast, 1, Number.MAX_SAFE_INTEGER),
  }));
  // Redis' own port, which a network policy may name; the pod has it to itself.
  const listenPort = mode === 'replication' ? checkWholeNumber('listenPort', options.listenPort ?? 6379, 1024, 65_535, 'the pod is not root') : 0;

  return source => ({
    ...source,
    mode,
    replace: options.replace ?? false,
    advertiseHostEnv: mode === 'replication' ? POD_IP_ENV : null,
    listenPort,
    directory: mode === 'rdb-file' ? REDIS_DATA : null,
    safetyBackup: options.safetyBackup ?? true,
    assertions,
  });
}

function checkSubPath(path: string): string {
  checkText('path', path);
  if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) {
    throw new Error(`'path' must be a directory inside the claim, without a slash at either end and without empty, "." and ".." parts, got ${show(path)}`);
  }
  return path;
}
