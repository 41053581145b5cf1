import { appendFileSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { Scene } from './_command';
import { filesIn, idsIn, snapshot } from './_invariants';
import { sqliteLive } from './_lives';
import { makePlace, Place, S3_PREFIX } from './_place';
import { checkRestored } from './_restore-commands';
import { checkPlace } from './_round';
import { Site } from './_site';
import { Ended } from '../integration/_runner';
import { artifactOf, flipByte } from '../integration/restore/_restore';
import { rootClient } from '../integration/servers/_s3';

/* A campaign that finds nothing proves nothing unless it can find something: each kind of damage is planted, and has to be seen. */

const SECRET = 0;

interface Plant {
  readonly what: string;
  readonly seen: RegExp;
  readonly said?: (secrets: readonly string[]) => string;
  plant(place: Place, id: string): void | Promise<void>;
}

const PLANTS: readonly Plant[] = [
  { what: 'a record without its artifact', plant: ({ stores }, id) => rmSync(artifactOf(stores.volume, id)), seen: /volume: .*its artifact .* is not/ },
  { what: 'a bit that was flipped in S3', plant: ({ stores }, id) => flipByte(stores.offsite, id), seen: /offsite: .*another digest/ },
  { what: 'an artifact that is too long', plant: ({ stores }, id) => appendFileSync(artifactOf(stores.volume, id), 'x'), seen: /volume: .*bytes, its record says/ },
  { what: 'half a record', plant: ({ stores }, id) => writeFileSync(path.join(stores.volume, `${id}.json`), '{"version":1'), seen: /is not whole/ },
  {
    what: 'an older backup that is gone',
    plant: ({ stores }, id) => filesIn(stores.volume).filter(file => file.startsWith(id)).forEach(file => rmSync(path.join(stores.volume, file))),
    seen: /was there before, and is gone/,
  },
  {
    what: 'an unfinished upload, of which no prune knows',
    plant: async ({ bucket, site }) => {
      await rootClient(site.s3).send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: `${S3_PREFIX}/of-nobody` }));
    },
    seen: /left: an unfinished upload/,
  },
  {
    what: 'a part of a file, of which no prune knows',
    plant: ({ stores }) => writeFileSync(path.join(stores.volume, '.of-nobody.partial-0123abcd'), ''),
    seen: /left: volume\/\..*partial/,
  },
  {
    what: 'the files of a run without a record',
    plant: ({ stores }) => writeFileSync(path.join(stores.volume, 'app_20260101_000000.db'), ''),
    seen: /left: volume\/app_20260101_000000\.db/,
  },
  { what: 'a claim', plant: ({ stores }, id) => writeFileSync(path.join(stores.volume, `${id}.started`), '{}'), seen: /left: volume\/.*\.started/ },
  { what: 'a secret in the output', plant: () => {}, said: secrets => `the password is ${secrets[SECRET]}`, seen: /secret number 1 / },
  {
    what: 'a secret in a document',
    plant: ({ stores, site }) => writeFileSync(path.join(stores.volume, 'app_20260101_000000.failed.json'), site.secrets[SECRET]!),
    seen: /secret number 1 /,
  },
];

/** Fails unless everything that is planted is found, and nothing where nothing was planted. */
export async function checkTheChecks(site: Site): Promise<void> {
  for (const { what, plant, said, seen } of [{ what: 'nothing', plant: () => {}, seen: /^$/ } as Plant, ...PLANTS]) {
    const place = await makePlace('sqlite', site);
    const scene: Scene = { args: ['list'], options: place.options };
    const before = snapshot(place.stores);
    await plant(place, idsIn(place.stores.volume)[0]!);
    const found = await checkPlace(place, scene, before, [endedWith(said?.(site.secrets) ?? '')], true);
    place.remove();
    if (!seen.test(found.join('; '))) throw new Error(`the campaign does not see ${what} that was planted; it says: ${found.join('; ') || 'nothing'}`);
  }
  const place = await makePlace('sealed', site);
  const live = await sqliteLive(place);
  copyFileSync(site.files.large, path.join(place.target, 'app.db'));
  const found = await checkRestored(live, { code: 20, message: '' }, false);
  place.remove();
  if (!/neither what it was nor the backup/.test(found.join())) throw new Error('the campaign does not see a live database that is neither old nor new');
}

function endedWith(stdout: string): Ended {
  return { code: 0, stdout, stderr: '', events: [], message: '', result: { id: '', suspect: null, artifacts: [] } };
}
