import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Decrypter } from 'age-encryption';
import { Armed, Fault, Strike } from './_fault';
import { filesIn, idsIn } from './_invariants';
import { Place, S3_PREFIX } from './_place';
import { ExitCode } from '../../src/contract/exit-code';
import { backupId, CHECKSUM_SUFFIX, parseKey, RECORD_SUFFIX } from '../../src/contract/layout';
import { BackupRecord } from '../../src/contract/record';
import { RunOptions } from '../integration/_runner';
import { rootClient } from '../integration/servers/_s3';

/* What somebody has put into the stores, or a run whose clock was wrong. */

const DAY_MS = 86_400_000;

export const PLANTED_FAULTS: readonly Fault[] = [
  {
    name: 'backup from the future',
    codes: [0],
    appliesTo: ({ name }) => /^(restore|drill |fetch|backup)/.test(name),
    arm: async strike => {
      const { place, dice, hit } = strike;
      const days = dice.oneOf([1, 30, 300]);
      const id = idsIn(place.stores.volume).at(-1)!;
      const at = new Date(Date.now() + days * DAY_MS);
      const future = backupId('app', at);
      for (const [store, directory] of Object.entries(place.stores)) {
        for (const file of filesIn(directory).filter(name => parseKey(name)?.id === id)) {
          const content = readFileSync(path.join(directory, file));
          await put(place, store, file.replace(id, future), file.endsWith(RECORD_SUFFIX) || file.endsWith(CHECKSUM_SUFFIX)
            ? content.toString().replaceAll(id, future).replaceAll(/"(started|finished)At":\s*"[^"]+"/g, `"$1At": "${at.toISOString()}"`)
            : content);
        }
      }
      hit();
      return {
        what: `${days} days ahead`,
        check: ended => ended.some(({ stdout, stderr }) => lastLine(stdout + stderr).includes(future)) ? [`${future} counts as the latest`] : [],
      };
    },
  },
  {
    name: 'records that differ',
    codes: [ExitCode.CORRUPT],
    appliesTo: ({ name }) => /^(restore|drill |fetch)/.test(name),
    arm: strike => rewritten(strike, [strike.dice.oneOf(['volume', 'offsite'])], record => ({ ...record, finishedAt: new Date(Date.parse(record.finishedAt) + 1000).toISOString() })),
  },
  {
    name: 'recipients of somebody else',
    codes: [ExitCode.BAD_CONFIG, ExitCode.CORRUPT],
    appliesTo: ({ name }) => ['restore redis', 'restore redis, key by key', 'restore postgres, in place'].includes(name),
    arm: async strike => {
      const { place: { site: { files }, stores }, dice } = strike;
      const attacker = readFileSync(files.attacker, 'utf8').trim();
      const encryption = dice.next() < 0.5 ? null : { recipients: [files.recipient] };
      const armed = await rewritten(strike, Object.keys(stores), record => ({
        ...record, artifacts: record.artifacts.map(artifact => ({ ...artifact, recipients: [files.recipient, files.attackerRecipient] })),
      }));
      return {
        ...armed,
        what: encryption === null ? 'the config has none' : 'the config has its own',
        change: options => ({ ...options, config: { ...options.config as object, encryption } as RunOptions['config'] }),
        check: async () => {
          const opened: string[] = [];
          for (const directory of Object.values(stores)) {
            for (const file of filesIn(directory).filter(name => name.endsWith('.age'))) {
              const decrypter = new Decrypter();
              decrypter.addIdentity(attacker);
              if (await decrypter.decrypt(readFileSync(path.join(directory, file))).then(() => true, () => false)) opened.push(`${file} was sealed to whom the record names`);
            }
          }
          return opened;
        },
      };
    },
  },
];

/** Rewrites the newest record in some stores, and puts it back after the run. */
async function rewritten({ place, hit }: Strike, stores: readonly string[], change: (record: BackupRecord) => BackupRecord): Promise<Armed> {
  const key = `${idsIn(place.stores.volume).at(-1)!}${RECORD_SUFFIX}`;
  const before = stores.map(store => [store, readFileSync(path.join(place.stores[store as keyof Place['stores']], key), 'utf8')] as const);
  for (const [store, text] of before) await put(place, store, key, `${JSON.stringify(change(JSON.parse(text) as BackupRecord))}\n`);
  hit();
  return {
    what: `in ${stores.join(' and ')}`,
    heal: async () => {
      for (const [store, text] of before) await put(place, store, key, text);
    },
  };
}

async function put({ stores, bucket, site }: Place, store: string, file: string, content: string | Buffer): Promise<void> {
  if (store === 'volume') return writeFileSync(path.join(stores.volume, file), content);
  const client = rootClient(site.s3);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${S3_PREFIX}/${file}`, Body: content }));
  client.destroy();
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)!;
}
