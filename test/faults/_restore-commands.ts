import { Command, Scene } from './_command';
import { Live, postgresLive, redisFileLive, redisLive, sqliteLive } from './_lives';
import { Place } from './_place';
import { RestoreConfig, TargetConfig } from '../../src/contract/config';
import { Ended, run } from '../integration/_runner';
import { restoreOf } from '../integration/restore/_restore';

/* Commands that change a live database: whatever dies, it is exactly what it was, or exactly the backup. */

type MakeLive = (place: Place) => Promise<Live>;

const ON_SQLITE = { kind: 'sealed', links: ['s3'], children: true, writes: ['scratch', 'target'] } as const;
const ON_REDIS = { kind: 'redis', links: ['s3', 'redis'], children: false, writes: ['scratch', 'volume'] } as const;
const ON_POSTGRES = { kind: 'postgres', links: ['s3', 'postgres'], children: true, writes: ['scratch'] } as const;
/** What is kept lies beside the database: the stores have no part in it. */
const WITHOUT_STORES = { links: [], writes: ['target'] } as const;

type Details = Omit<Command, 'name' | 'deadline' | 'prepare'>;

export const RESTORE_COMMANDS: readonly Command[] = [
  restoring('restore sqlite', ON_SQLITE, sqliteLive),
  restoring('restore redis', ON_REDIS, place => redisLive(place, {})),
  restoring('restore redis, key by key', ON_REDIS, place => redisLive(place, { mode: 'keys', replace: true })),
  restoring('restore redis, files', { ...ON_REDIS, links: ['s3'], writes: ['scratch', 'target'] }, redisFileLive),
  restoring('restore postgres', ON_POSTGRES, place => postgresLive(place, {})),
  restoring('restore postgres, in place', { ...ON_POSTGRES, writes: ['scratch', 'volume'] }, place => postgresLive(place, { mode: 'in-place' })),
  restoringSet(),
  rollingBack('rollback sqlite', { ...ON_SQLITE, ...WITHOUT_STORES }, sqliteLive),
  rollingBack('rollback postgres', { ...ON_POSTGRES, links: ['postgres'], writes: [] }, place => postgresLive(place, {})),
  rollingBack('rollback redis', ON_REDIS, place => redisLive(place, {})),
  discarding('discard sqlite', { ...ON_SQLITE, ...WITHOUT_STORES }, sqliteLive),
  discarding('discard postgres', { ...ON_POSTGRES, links: ['postgres'], writes: [] }, place => postgresLive(place, {})),
];

function restoring(name: string, details: Details, makeLive: MakeLive): Command {
  return {
    name,
    ...details,
    deadline: true,
    prepare: async place => {
      const live = await makeLive(place);
      return scene(place, live.target, live.remove, ['restore', '--yes'], (ended, last, runs) => checkRestored(live, runs > 1 ? { code: ended.code, message: '' } : ended, last)); // of two, each knows of itself only
    },
  };
}

function scene(
  place: Place, target: TargetConfig, remove: () => Promise<void>, args: readonly string[], check: NonNullable<Scene['check']>,
): Scene {
  const { config, options, site } = place;
  const restore: RestoreConfig = { ...restoreOf(config, target), activeDeadlineSeconds: 60, decryption: { identityFile: site.files.identity } };
  return { args, options: { ...options, config: restore }, check, remove };
}

/** Exactly old, or exactly new; and what is said of it is true. */
export async function checkRestored(live: Live, { code, message }: Pick<Ended, 'code' | 'message'>, last: boolean): Promise<string[]> {
  const now = await live.now();
  if (last || code === 0) return [...now === live.after ? [] : ['the restore ended well, and what is live is not the backup'], ...last ? await live.left() : []];
  if (now === null) return [];
  if (now !== live.before && now !== live.after) return [`what is live is neither what it was nor the backup: ${now}`];
  return now !== live.before && /is as it was|Nothing was changed/.test(message) ? ['it says that what is live is as it was, and it is the backup'] : [];
}

/** All members of a set, one after the other: each of them is exactly old, or exactly new. */
function restoringSet(): Command {
  return {
    name: 'restore set',
    kind: 'set',
    links: ['s3', 'postgres', 'redis'],
    children: true,
    writes: ['scratch', 'target', 'volume'],
    deadline: true,
    prepare: async place => {
      const members = { files: await sqliteLive(place), cache: await redisLive(place, {}), db: await postgresLive(place, {}) };
      const lives = Object.values(members);
      const target: TargetConfig = { engine: 'set', members: Object.fromEntries(Object.entries(members).map(([name, live]) => [name, live.target])) };
      const remove = async () => {
        for (const live of lives) await live.remove();
      };
      return scene(place, target, remove, ['restore', '--yes'], async ({ code }, last) => {
        const broken: string[] = [];
        // What it says of all of them together is not true of each.
        for (const live of lives) broken.push(...await checkRestored(live, { code, message: '' }, last));
        return broken;
      });
    },
  };
}

/**
 * A rollback after a restore. What it replaces is kept, so each that ends well changes sides once more. One that did not end well, and had
 * brought back all the same what was there before, may be gone on with.
 */
function rollingBack(name: string, details: Details, makeLive: MakeLive): Command {
  return {
    name,
    ...details,
    deadline: true,
    prepare: async place => {
      const live = await makeLive(place);
      const prepared = scene(place, live.target, live.remove, ['rollback', '--yes'], check);
      await restoreBefore(prepared);
      let disturbed: string | null = null;
      let unfinished = false;
      async function check({ code }: Ended, last: boolean, runs: number): Promise<string[]> {
        const now = await live.now();
        if (now !== live.before && now !== live.after) return [`what is live is neither what it was nor the backup: ${now}`];
        if (last) return [...now === disturbed && !(unfinished && now === live.before) ? ['a second rollback changes nothing'] : [], ...await live.left()];
        // Of two at once the second may have put aside what the first had already brought back.
        disturbed = runs === 1 ? now : null;
        unfinished = code !== 0;
        return code === 0 && runs === 1 && now !== live.before ? ['the rollback ended well, and what is live is not what was there before'] : [];
      }
      return { ...prepared, twoAtOnce: [15, 17] }; // what the first has brought back is no longer kept; or it is live when the second, which the first has thrown out, looks
    },
  };
}

function discarding(name: string, details: Details, makeLive: MakeLive): Command {
  return {
    name,
    ...details,
    deadline: false,
    prepare: async place => {
      const live = await makeLive(place);
      const prepared = scene(place, live.target, live.remove, ['discard', '--yes'], async (_ended, last) => [
        ...await live.now() === live.after ? [] : ['what is live has changed'], ...last ? await live.left() : [],
      ]);
      await restoreBefore(prepared);
      return { ...prepared, doneAlready: [15] };
    },
  };
}

async function restoreBefore({ options }: Scene): Promise<void> {
  const ended = await run(['restore', '--yes'], options);
  if (ended.code !== 0) throw new Error(`the restore to begin with ended with ${ended.code}:\n${ended.stderr}`);
}

