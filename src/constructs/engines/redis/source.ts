import { Size } from 'cdk8s';
import { RedisSourceOptions } from './redis-source';
import { RedisTls } from './redis-tls';
import { checkHost, checkPort, checkText, show } from '../../core/check';
import { checkForm, Form, needed } from '../../core/form';
import { instance, NUMBER, text } from '../../core/takes';
import { SourceDefinition } from '../../engine-api/source';
import { CERTIFICATES, passwordEnv } from '../../parts/pod-parts';
import { SECRET_VALUE } from '../../parts/takes';

const PASSWORD_ENV = 'REDIS_PASSWORD';

const FORM: Form<RedisSourceOptions> = {
  host: needed(text('redis')),
  port: { ...NUMBER, example: '6379' },
  user: text('backup'),
  password: SECRET_VALUE,
  tls: instance(RedisTls, 'a RedisTls', 'RedisTls.SYSTEM_ROOTS'),
};

/** Checks the options at once. */
export function redis(options: RedisSourceOptions): SourceDefinition<'redis'> {
  checkForm(options, FORM);
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

  return {
    backupName: 'redis',
    scratchSize: Size.gibibytes(1),
    bind: (scope, { name, envSuffix }) => {
      const variable = PASSWORD_ENV + envSuffix;
      const ca = options.tls?._ca?._mount(scope, `${name}-ca`, `${CERTIFICATES}/${name}`);
      return {
        config: { ...source, passwordEnv: options.password ? variable : null, tls: options.tls ? { caFile: ca?.file ?? null } : null },
        env: passwordEnv(variable, options.password),
        mounts: ca ? [ca.mount] : [],
        mountsClaim: false,
        dataClaims: [],
        endpoints: [{ host: source.host, port: source.port }],
        api: null,
        neverInTheClear: null,
        lockTimeouts: [],
      };
    },
  };
}
