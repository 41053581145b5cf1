import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Scene } from './_command';
import { filesIn, idsIn } from './_invariants';
import { Kind, NIGHTS_KEPT, Place } from './_place';
import { RECORD_SUFFIX } from '../../src/contract/layout';
import { BackupRecord } from '../../src/contract/record';
import { Ended, start } from '../integration/_runner';
import { artifactOf, flipByte } from '../integration/restore/_restore';

/* Commands that read and write what is in the stores. */

const LINKS: { readonly [kind in Kind]: Command['links'] } = {
  sqlite: ['s3'], sealed: ['s3'], large: ['s3'], nights: ['s3'], redis: ['s3', 'redis'], postgres: ['s3', 'postgres'], set: ['s3', 'postgres', 'redis'],
};

export const STORE_COMMANDS: readonly Command[] = [
  ...(['sealed', 'large', 'redis', 'postgres', 'set'] as const).map(kind => backupOf(kind)),
  {
    ...backupOf('nights', { pruneAfterBackup: true }),
    name: 'backup, then prune',
  },
  {
    ...looking('verify', 'set', ['verify', '--scheduled']),
    children: true,
    deadline: true,
    writes: ['volume', 'scratch'],
    prepare: async place => ({
      args: ['verify', '--scheduled'], options: { ...place.options, config: { ...place.config, verify: { olderPercent: 100, repair: false } } },
    }),
  },
  { ...looking('verify --repair', 'sqlite', []), children: true, deadline: true, writes: ['volume', 'scratch'], prepare: async place => ({ ...await damagedPlace(place), twoAtOnce: [1] }) },
  { ...looking('prune', 'nights', ['prune']), children: true, deadline: true, writes: ['volume', 'scratch'], prepare: async place => pruned(place, { args: ['prune'], options: place.options }) },
  { ...looking('fetch', 'sealed', []), writes: ['target'], prepare: async place => fetching(place) },
];

function backupOf(kind: Kind, changes: object = {}): Command {
  return {
    name: `backup ${kind}`,
    kind,
    links: LINKS[kind],
    children: kind !== 'redis',
    writes: kind === 'postgres' || kind === 'redis' ? ['volume'] : ['volume', 'scratch'],
    deadline: true,
    prepare: async place => {
      const scene: Scene = {
        args: ['backup'],
        options: { ...place.options, config: { ...place.config, ...changes } },
        check: async ended => isThere(place, ended),
      };
      return kind === 'nights' ? { ...await pruned(place, scene), check: scene.check } : scene;
    },
  };
}

/** A backup that is said to be taken has its record in both stores. */
function isThere({ stores }: Place, ended: Ended): string[] {
  if (ended.code !== 0) return [];
  const { id } = ended.result;
  return Object.entries(stores).filter(([, directory]) => !filesIn(directory).includes(id + RECORD_SUFFIX)).map(([store]) => `${id} was said to be taken, and is not in ${store}`);
}

function looking(name: string, kind: Kind, args: readonly string[]): Command {
  return {
    name, kind, links: ['s3'], children: false, writes: [], deadline: false, prepare: async place => ({ args, options: place.options }),
  };
}

/** The oldest go, and no other. */
async function pruned({ stores }: Place, scene: Scene): Promise<Scene> {
  const ids = idsIn(stores.volume);
  const isBackup = scene.args[0] === 'backup'; // one more is there then
  const stay = ids.slice(isBackup ? 1 - NIGHTS_KEPT : -NIGHTS_KEPT);
  return {
    ...scene,
    // Each undisturbed run of a backup is one more, and one older goes.
    mayGo: key => isBackup ? !key.startsWith(ids.at(-1)!) : !stay.some(id => key.startsWith(id)),
    // What a store does not let go is a warning, and no failure.
    check: async ({ code, events }) => code !== 0 || events.some(({ event }) => event === 'prune.refused') ? [] : Object.entries(stores).filter(([, directory]) => idsIn(directory).join() !== stay.join())
      .map(([store, directory]) => `${store} has ${idsIn(directory).join(' ')} after the prune, and should have ${stay.join(' ')}`),
  };
}

/** One damaged copy in the volume, and one artifact missing in S3. */
async function damagedPlace({ stores, config, options }: Place): Promise<Scene> {
  const [first, second] = idsIn(stores.volume) as [string, string];
  flipByte(stores.volume, first);
  rmSync(artifactOf(stores.offsite, second));
  const damaged = [{ store: 'volume', id: first }, { store: 'offsite', id: second }];
  return {
    args: ['verify', '--scheduled', '--repair'],
    options: { ...options, config: { ...config, verify: { olderPercent: 100, repair: true } } },
    damaged,
    stillWrong: () => damaged.some(({ store, id }) => wrong(stores[store as keyof typeof stores], id).length > 0) ? [11, 15] : [],
    // Of each backup one copy is replaced; the other one must stay, which `check` sees to.
    mayGo: () => true,
    check: async ({ code }, last) => damaged.flatMap(({ store, id }) => [
      ...wrong(stores[store === 'volume' ? 'offsite' : 'volume'], id),
      ...code === 0 || last ? wrong(stores[store as keyof typeof stores], id) : [],
    ]),
  };
}

/** What is wrong with the copy of a backup. */
function wrong(directory: string, id: string): string[] {
  const files = filesIn(directory);
  if (!files.includes(id + RECORD_SUFFIX)) return [`there is no record of ${id} in ${directory}`];
  const record = JSON.parse(readFileSync(path.join(directory, id + RECORD_SUFFIX), 'utf8')) as BackupRecord;
  return record.artifacts.filter(({ file, sha256 }) => !files.includes(file) || digestOf(path.join(directory, file)) !== sha256)
    .map(({ file }) => `${file} is missing or damaged in ${directory}`);
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** A file has its name only once it is whole. */
async function fetching({ stores, target, options }: Place): Promise<Scene> {
  const id = idsIn(stores.volume).at(-1)!;
  writeFileSync(path.join(target, 'of-a-person.txt'), 'stays');
  return {
    args: ['fetch', 'latest', '--to', target],
    options,
    check: async ({ code }, last) => {
      const files = filesIn(target);
      const wanted = filesIn(stores.volume).filter(file => file.startsWith(id) && file.includes('.db'));
      const broken = wanted.filter(file => files.includes(file) && digestOf(path.join(target, file)) !== digestOf(path.join(stores.volume, file)))
        .map(file => `${file} was fetched and is not what is in the store`);
      if (code === 0 || last) broken.push(...wanted.filter(file => !files.includes(file)).map(file => `${file} was not fetched`));
      if (last && files.some(file => file.includes('.partial-'))) {
        // What was killed is removed by a fetch of the next day.
        await start(['fetch', 'latest', '--to', target], {
          ...options, through: ['faketime', '-f', '+26h'], env: { ...options.env, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
        }).ended;
      }
      if (last) {
        broken.push(...filesIn(target).filter(file => !file.startsWith(id) && file !== 'of-a-person.txt')
          .map(file => `${file} is left where files were fetched to`));
      }
      return broken;
    },
  };
}
