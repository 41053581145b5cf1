import { execFile, execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Fault, moment, Strike } from './_fault';

/* The disk under one of the directories that a command writes to. */

const run = promisify(execFile);
const MIB = 1024 ** 2;
/** What the largest file of a round takes at the most. */
const LARGEST: { readonly [kind: string]: number } = { large: 20 * MIB };
const USUAL_BYTES = 400_000;

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: 'disk full',
    codes: [0, 16],
    appliesTo: ({ writes }) => writes.length > 0,
    arm: async strike => {
      const { which, directory } = await ownDisk(strike);
      strike.hit();
      const ballast = path.join(directory, '.ballast');
      const left = Math.floor((LARGEST[strike.place.kind] ?? USUAL_BYTES) * strike.dice.next());
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - left)));
      return { what: `${which} with ${left} bytes left`, heal: async () => rmSync(ballast) };
    },
  },
  {
    name: 'read-only disk',
    codes: [0, 10, 14], // 10: the scratch directory of the config
    appliesTo: ({ writes }) => writes.length > 0,
    arm: async strike => {
      const { which, directory } = await ownDisk(strike);
      const ms = strike.dice.next() < 0.3 ? 0 : moment(strike);
      const remount = (mode: 'ro' | 'rw') => run('mount', ['-o', `remount,${mode}`, directory]);
      let ended = false;
      let changing: Promise<void> = Promise.resolve();
      if (ms === 0) {
        await remount('ro');
        strike.hit();
      }
      return {
        what: `${which} after ${ms} ms`,
        started: running => {
          if (ms > 0) {
            changing = sleep(ms).then(async () => {
              // Not while a file is open for writing: as soon as it is closed.
              while (!ended && running.process.exitCode === null && !await remount('ro').then(() => true, () => false)) await sleep(5);
              if (!ended) strike.hit();
            });
          }
        },
        heal: async () => {
          ended = true;
          await changing;
          await remount('rw');
        },
      };
    },
  },
];

/** Puts one of the directories on a small disk of its own, with what is in it. */
async function ownDisk({ command, dice, place }: Strike): Promise<{ readonly which: string; readonly directory: string }> {
  const which = dice.oneOf(command.writes);
  const directory = which === 'volume' ? place.stores.volume : place[which];
  const aside = `${directory}.aside`;
  await run('cp', ['-a', directory, aside]);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${place.kind === 'large' ? 64 : 16}m`, 'tmpfs', directory]);
  await run('cp', ['-a', `${aside}/.`, directory]);
  mounted.add(directory);
  return { which, directory };
}

const mounted = new Set<string>();

/** Takes the disks of {@link ownDisk} away that are at or below a directory. */
export function unmountBelow(directory: string): void {
  for (const mount of mounted) {
    if (!mount.startsWith(directory)) continue;
    execFileSync('umount', ['-l', mount]);
    mounted.delete(mount);
  }
}
