import { targetOf } from './restore';
import { EngineDrill } from '../../engine-api/drill';

const PORT = 6379;

/** How much of the container's memory a Redis may fill: the rest is for buffers, and for what it does not count. */
const MEMORY_SHARE = 0.75;

/** How a drill restores Redis. */
export const REDIS_DRILL: EngineDrill<'redis'> = {
  properties: ['keys'],
  assertedBy: 'keys',

  target: (source, { keys }) => ({
    ...targetOf('replication', { assertions: keys, safetyBackup: false })(source),
    host: '127.0.0.1',
    port: PORT,
    user: null,
    passwordEnv: null,
    tls: null,
    advertiseHostEnv: null,
    // It must be another one than that of the server, whose network it shares.
    listenPort: 0,
  }),

  // Not asked of Redis: 'freshness' is not among its properties.
  checkFreshness: () => undefined,

  server: {
    image: 'redis:8',
    user: 999,
    // Without an append-only file: a real server that has one writes it anew after a restore, which comes on top.
    container: ({ args, memoryLimit, data }) => ({
      args: [
        'redis-server', ...args,
        '--bind', '127.0.0.1', '--port', String(PORT), '--dir', data, '--save', '', '--appendonly', 'no',
        ...memoryLimit === undefined ? [] : ['--maxmemory', String(Math.floor(memoryLimit.toKibibytes() * 1024 * MEMORY_SHARE)), '--maxmemory-policy', 'noeviction'],
      ],
      env: {},
      directories: [],
    }),
  },
};
