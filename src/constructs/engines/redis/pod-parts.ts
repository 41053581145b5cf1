import { Construct } from 'constructs';
import { RedisSourceOptions } from './redis-source';
import { RedisConfig } from '../../../contract/config';
import { checkHost, checkPort, checkText, show } from '../../core/check';
import { CERTIFICATES, passwordEnv, PodParts, SourceSlot } from '../../parts/pod-parts';

const PASSWORD_ENV = 'REDIS_PASSWORD';

/** Checks the options at once; what it returns defines what the pod needs. */
export function redis(options: RedisSourceOptions): (scope: Construct, slot: SourceSlot) => PodParts<RedisConfig> {
  if (options.user !== undefined && options.password === undefined) {
    throw new Error(`'user' needs a password, got ${show(options.user)} alone: Redis has no login without one, so set 'password' too`);
  }
  const source = {
    engine: 'redis',
    host: checkHost(options.host),
    port: checkPort(options.port ?? 6379),
    user: options.user === undefined ? null : checkText('user', options.user),
    passwordEnv: null,
  } as const;

  return (scope, { name, envSuffix }) => {
    const variable = PASSWORD_ENV + envSuffix;
    const ca = options.tls?._ca?._mount(scope, `${name}-ca`, `${CERTIFICATES}/${name}`);
    return {
      config: { ...source, passwordEnv: options.password ? variable : null, tls: options.tls ? { caFile: ca?.file ?? null } : null },
      env: passwordEnv(variable, options.password),
      mounts: ca ? [ca.mount] : [],
      mountsClaim: false,
    };
  };
}
