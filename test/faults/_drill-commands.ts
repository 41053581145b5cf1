import path from 'node:path';
import { Command, Scene } from './_command';
import { filesIn } from './_invariants';
import { Place } from './_place';
import { DRILL_DATABASE, DrillConfig } from '../../src/contract/config';
import { DRILL_SUFFIX } from '../../src/contract/layout';
import { drillOf, postgresTarget, redisTarget } from '../integration/drill/_drill';

/* Drills: whatever happens to them, the scratch server is empty after the next one, and what is said to have passed is recorded. */

export const DRILL_COMMANDS: readonly Command[] = [
  drilling('drill sqlite', 'sqlite', async place => ({
    target: {
      engine: 'sqlite', path: path.join(place.scratch, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 5, keepPrevious: false, assertions: [],
    },
    left: async () => filesIn(place.scratch).map(file => `${file} is left in the scratch directory`),
  })),
  drilling('drill redis', 'redis', async place => {
    const server = await place.site.scratchRedis();
    await server.cli(['flushall']);
    return {
      target: redisTarget(server),
      left: async () => [
        ...await server.cli(['dbsize']) === '0' ? [] : ['the scratch server is not empty'],
        .../role:master/.test(await server.cli(['info', 'replication'])) ? [] : ['the scratch server is a replica still'],
      ],
    };
  }),
  drilling('drill postgres', 'postgres', async place => {
    const server = await place.site.scratchPostgres();
    return {
      target: postgresTarget(server, 'shop'),
      left: async () => (await server.psql(`
        select datname from pg_database where not datistemplate and datname <> 'postgres'
        union all select rolname from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'`)).split('\n').filter(Boolean)
        .map(name => `${name} is left in the scratch server`),
    };
  }),
];

interface Scratch {
  readonly target: DrillConfig['target'];
  left(): Promise<readonly string[]>;
}

function drilling(name: string, kind: Command['kind'], makeScratch: (place: Place) => Promise<Scratch>): Command {
  return {
    name,
    kind,
    links: ['s3'],
    children: kind !== 'redis',
    writes: ['volume', 'scratch'],
    deadline: true,
    prepare: async (place): Promise<Scene> => {
      const { target, left } = await makeScratch(place);
      const config = drillOf(place.config, target, { activeDeadlineSeconds: 60, scratch: place.config.scratch });
      const env = { ...place.options.env, SCRATCH_PASSWORD: place.site.pg.password };
      return {
        args: ['drill'],
        options: { config, env },
        twoAtOnce: [14, 15], // a scratch server is one drill's: the second takes what the first has made, a database or a role, for left behind, and removes it
        check: async ({ code }, last) => [
          // Where a store can't be written, another one has it.
          ...(last || code === 0) && !recorded(place, last) ? ['the drill has left no record'] : [],
          ...last ? await left() : [],
        ],
      };
    },
  };
}

function recorded({ stores }: Place, everywhere: boolean): boolean {
  const found = Object.values(stores).map(directory => filesIn(directory).some(file => file.endsWith(DRILL_SUFFIX)));
  return everywhere ? !found.includes(false) : found.includes(true);
}
