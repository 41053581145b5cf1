import { EngineRunbook } from '../../engine-api/runbook';

/** Where the server of the stock tools listens. */
const STOCK_PORT = 6399;

export const REDIS_RUNBOOK: EngineRunbook<'redis'> = {
  describe: ({ host }) => `Redis on ${host}`,

  fromOutside: ({ host, port, tls }, route) => {
    const at = route(host, port);
    return {
      api: false,
      settings: [
        `host=${at.host}`, `port=${at.port}`,
        // A server that is reached through a port-forward does not reach back.
        'mode=keys', 'replace=true', 'advertiseHostEnv=null', 'directory=null',
        ...tls === null || tls.caFile === null ? [] : ['tls.caFile=null'],
      ],
      notes: ['From outside it is restored key by key, which is not one step: until it has ended, the server holds a mixture.'],
    };
  },

  besideContainer: ({ host, port, tls, mode }, route) => {
    const at = route(host, port);
    return {
      settings: [
        `host=${at.host}`, `port=${at.port}`,
        // The directory of the server is in no container but its own.
        ...mode === 'rdb-file' ? ['mode=keys', 'replace=true', 'directory=null'] : [],
        'advertiseHostEnv=null',
        ...tls === null || tls.caFile === null ? [] : ['tls.caFile=null'],
      ],
      network: true,
      files: [],
    };
  },

  keepsPrevious: ({ mode, safetyBackup }) => mode === 'rdb-file' || safetyBackup,

  partOf: () => null,

  stockTools: (_source, files) => [
    `redis-server --port ${STOCK_PORT} --dir "$PWD" --dbfilename ${files}.rdb --appendonly no --save '' --daemonize yes`,
    // Not for ever: a server that is older than the snapshot ends at once.
    `for TRY in $(seq 60); do redis-cli -e -p ${STOCK_PORT} DBSIZE && break; sleep 1; done`,
  ],
};
