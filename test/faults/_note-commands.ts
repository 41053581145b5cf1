import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command, Scene } from './_command';
import { filesIn, idsIn } from './_invariants';
import { fillRedis, Place } from './_place';
import { DRILL_DATABASE } from '../../src/contract/config';
import { ExitCode } from '../../src/contract/exit-code';
import { holdKey, parseKey } from '../../src/contract/layout';
import { Ended, run } from '../integration/_runner';
import { drillOf } from '../integration/drill/_drill';

/* Commands that only look, and those that leave a note in the stores, or take it away. */

const HOLD = ['hold', '--reason', 'a campaign'];

export const NOTE_COMMANDS: readonly Command[] = [
  looking('list', 'redis', ['list', '--json'], (_place, said) => said.backups.length === 1 ? [] : ['list does not show the one backup']),
  looking('show', 'redis', ['show', 'latest', '--json'], ({ stores }, said) =>
    said.id === idsIn(stores.volume)[0] && Object.values(said.copies).join() === 'ok,ok' ? [] : ['show does not show the one backup, whole in both stores']),
  looking('usage', 'redis', ['usage', '--json'], ({ stores }, said) => Object.entries(stores).flatMap(([store, directory]) => {
    const sizes = filesIn(directory).filter(file => parseKey(file) !== undefined).map(file => statSync(path.join(directory, file)).size);
    const found = said.stores.find(one => one.store === store);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return found?.bytes === bytes && found.objects === sizes.length ? [] : [`usage says ${JSON.stringify(found)}, and ${store} has ${sizes.length} files with ${bytes} bytes`];
  })),
  looking('drills', 'sqlite', ['drills', '--json'], (_place, said) => said.drills.map(({ outcome }) => outcome).join() === 'passed' ? [] : ['drills does not show the one that passed'], drillBefore),
  noting('pin', async place => leaving(place, ['pin', 'latest'], `${idsIn(place.stores.volume)[0]}.pinned`)),
  noting('unpin', async place => {
    await before(place, ['pin', 'latest']);
    return { ...taking(place, ['unpin', 'latest'], `${idsIn(place.stores.volume)[0]}.pinned`), mayGo: key => key.endsWith('.pinned') };
  }),
  noting('hold', async place => leaving(place, HOLD, holdKey('app'))),
  noting('release', async place => {
    await before(place, HOLD);
    return taking(place, ['release'], holdKey('app'));
  }),
  noting('accept', async place => {
    const id = await suspectBackup(place);
    return leaving(place, ['accept', id], `${id}.accepted`);
  }),
];

/** What the commands say as JSON, as far as it is looked at. */
interface Said {
  readonly id: string;
  readonly copies: { readonly [store: string]: string };
  readonly backups: readonly unknown[];
  readonly stores: readonly { readonly store: string; readonly bytes: number; readonly objects: number }[];
  readonly drills: readonly { readonly outcome: string }[];
}

type Look = (place: Place, said: Said) => string[];

/** A look that ends well has seen everything: of half of it the exit code tells. */
function looking(name: string, kind: Command['kind'], args: readonly string[], look: Look, prepare: (place: Place) => Promise<void> = async () => {}): Command {
  return {
    name,
    kind,
    links: ['s3'],
    children: false,
    writes: [],
    deadline: false,
    prepare: async place => {
      await prepare(place);
      return { args, options: place.options, check: async ({ code, stdout }) => code === 0 ? look(place, JSON.parse(stdout)) : [] };
    },
  };
}

function noting(name: string, prepare: Command['prepare']): Command {
  return { name, kind: 'redis', links: ['s3'], children: false, writes: ['volume'], deadline: false, prepare };
}

/** The note is in every store afterwards, and never half of one in any. */
function leaving({ stores, options }: Place, args: readonly string[], key: string): Scene {
  return {
    args,
    options,
    check: async ({ code }, last) => Object.entries(stores).flatMap(([store, directory]) => {
      if (!filesIn(directory).includes(key)) return code === 0 || last ? [`there is no ${key} in ${store}`] : [];
      return isWhole(path.join(directory, key)) ? [] : [`${key} in ${store} is not whole`];
    }),
  };
}

function taking({ stores, options }: Place, args: readonly string[], key: string): Scene {
  return {
    args,
    options,
    check: async ({ code }, last) => code !== 0 && !last ? []
      : Object.entries(stores).filter(([, directory]) => filesIn(directory).includes(key)).map(([store]) => `${key} is in ${store} still`),
  };
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

/** A backup of nothing, which is suspect. */
async function suspectBackup(place: Place): Promise<string> {
  await place.site.redis.cli(['flushall']);
  const { result } = await before(place, ['backup'], ExitCode.SUSPECT);
  await fillRedis(place.site, 'good');
  return result.id;
}

async function drillBefore(place: Place): Promise<void> {
  const file = path.join(place.scratch, `${DRILL_DATABASE}.db`);
  const target = { engine: 'sqlite', path: file, lockTimeoutSeconds: 5, keepPrevious: false, assertions: [] } as const;
  const config = drillOf(place.config, target, { activeDeadlineSeconds: 60, scratch: place.config.scratch });
  await before({ options: { ...place.options, config } }, ['drill']);
}

async function before({ options }: Pick<Place, 'options'>, args: readonly string[], code: number = ExitCode.OK): Promise<Ended> {
  const ended = await run(args, options);
  if (ended.code !== code) throw new Error(`"${args.join(' ')}" to begin with ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}
