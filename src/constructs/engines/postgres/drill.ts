import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { targetOf } from './restore';
import { DRILL_DATABASE } from '../../../contract/config';
import { show } from '../../core/check';
import { EngineDrill } from '../../engine-api/drill';

const PORT = 5432;

/** How a drill restores PostgreSQL. */
export const POSTGRES_DRILL: EngineDrill<'postgres'> = {
  properties: ['databaseName', 'parallelJobs', 'tablesThatMayBeEmpty', 'assertions', 'freshness'],
  assertedBy: 'assertions',

  target: (source, { databaseName, assertions, parallelJobs }) => {
    if ((databaseName ?? source.databaseName) === null) {
      throw new Error('\'databaseName\' is missing: the backup has all databases of the server, and one drill restores one; name it, and define a drill for each that matters');
    }
    const target = targetOf('new-database', DRILL_DATABASE, { databaseName, assertions, parallelJobs, globals: true });
    return { ...target(source), host: '127.0.0.1', port: PORT, user: 'postgres', passwordEnv: null, tls: { mode: 'disable', caFile: null } };
  },

  checkFreshness: sql => {
    // It is made a part of a larger one.
    if (/;\s*\S/.test(sql)) throw new Error(`'freshness' must have one statement, got ${show(sql)}`);
  },

  server: {
    image: 'postgres:17',
    user: 999,
    // Durable as a real one, with fsync and full pages: the time that is measured is to mean something.
    container: ({ args, data }) => ({
      args: ['postgres', ...args, '-c', 'listen_addresses=127.0.0.1', '-c', `port=${PORT}`],
      env: { POSTGRES_HOST_AUTH_METHOD: 'trust', PGDATA: `${data}/data` },
      directories: [
        { id: 'ServerSocket', name: 'server-socket', path: '/var/run/postgresql', options: { sizeLimit: Size.mebibytes(16) } },
        // The runtime gives 64 MiB, in which parallel workers that build indexes run out of room.
        { id: 'ServerShm', name: 'server-shm', path: '/dev/shm', options: { medium: kplus.EmptyDirMedium.MEMORY, sizeLimit: Size.mebibytes(256) } },
      ],
    }),
  },
};
