import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atSomePoint, Fault, moment } from './_fault';
import { Running } from '../integration/_runner';
import { until } from '../integration/servers/_process';

/* A process dies, has no memory, has a wrong clock, or is there twice. */

const MEMORY_GROUPS = '/sys/fs/cgroup/memory';
let groups = 0;

/** Why memory can't be limited on this machine; `null` if it can. */
export function whyNoMemoryLimit(): string | null {
  try {
    const group = makeGroup(1024 ** 3);
    rmdirSync(group);
    return null;
  } catch (error) {
    return `no cgroup (v1) with a memory limit can be made: ${(error as Error).message}`;
  }
}

export const PROCESS_FAULTS: readonly Fault[] = [
  killRunner('SIGKILL', [0, 137]),
  killRunner('SIGTERM', [0, 143]),
  {
    name: 'kill of a program',
    codes: [0, 1, 20],
    appliesTo: ({ children }) => children,
    arm: strike => {
      const ms = moment(strike);
      const which = strike.dice.next();
      return { what: `a program of the runner after ${ms} ms`, started: running => void killChild(running, ms, which).then(killed => killed && strike.hit()) };
    },
  },
  {
    name: 'kill of the database server',
    codes: [0, 17, 20],
    appliesTo: ({ links }) => links.some(link => link !== 's3'),
    arm: strike => {
      const { site } = strike.place;
      const victim = strike.dice.oneOf(strike.command.links.filter(link => link !== 's3'));
      let killed: Promise<void> | undefined;
      const point = atSomePoint(strike, () => {
        killed = victim === 'postgres' ? site.pg.kill9() : site.killRedis();
      });
      return {
        what: `${victim}, ${point.what}`,
        started: point.started,
        heal: async () => {
          if (killed === undefined) return;
          await killed;
          await (victim === 'postgres' ? site.pg.startAgain() : site.startRedisAgain());
        },
      };
    },
  },
  {
    name: 'kill of the S3 server',
    codes: [0, 17, 20],
    deadlineSeconds: 10,
    appliesTo: ({ links }) => links.includes('s3'),
    arm: strike => {
      const { dice, place: { site } } = strike;
      const downMs = dice.next() < 0.5 ? 300 : null; // or until the run has ended
      let down: Promise<void> | undefined;
      const point = atSomePoint(strike, () => {
        down = site.s3.kill().then(async () => {
          if (downMs === null) return;
          await sleep(downMs);
          await site.s3.restart();
        });
      });
      return {
        what: `${point.what}, ${downMs === null ? 'for good' : `for ${downMs} ms`}`,
        started: point.started,
        heal: async () => {
          if (down === undefined) return;
          await down;
          if (downMs === null) await site.s3.restart();
        },
      };
    },
  },
  {
    name: 'clock jump',
    codes: [0],
    appliesTo: () => true,
    arm: strike => {
      const seconds = strike.dice.oneOf([-86_400, -1200, -90, 90, 1200, 86_400]);
      const ms = moment(strike);
      const file = path.join(strike.place.target, '..', 'clock');
      writeFileSync(file, '+0');
      return {
        what: `by ${seconds} s after ${ms} ms`,
        options: {
          // The wrapper knows where its library is; the file can be changed while the program runs. Timers are of another clock.
          through: ['faketime', '-f', '+0', 'env', '-u', 'FAKETIME', `FAKETIME_TIMESTAMP_FILE=${file}`, 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1'],
        },
        started: () => void setTimeout(() => {
          if (strike.hit()) writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}`);
        }, ms),
      };
    },
  },
  {
    name: 'out of memory',
    // The kernel kills the runner, or a program that it has started; V8 ends itself.
    codes: [0, 1, 20, 134, 137],
    appliesTo: () => true,
    arm: ({ dice, hit }) => {
      hit();
      const mebibytes = dice.between(40, 160);
      const group = makeGroup(mebibytes * 1024 ** 2);
      return {
        what: `${mebibytes} MiB`,
        options: { through: ['sh', '-c', `echo $$ > ${group}/cgroup.procs; exec "$@"`, 'sh'] },
        heal: async () => {
          for (const pid of readFileSync(`${group}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
          await until('the cgroup is empty', 10_000, async () => readFileSync(`${group}/cgroup.procs`, 'utf8') === '');
          rmdirSync(group);
        },
      };
    },
  },
  {
    name: 'two at once',
    codes: [0, 1, 20],
    twice: true,
    appliesTo: () => true,
    arm: () => ({ what: 'the second a little later' }),
  },
];

function killRunner(signal: 'SIGKILL' | 'SIGTERM', codes: readonly number[]): Fault {
  return {
    name: `${signal} of the runner`,
    codes,
    appliesTo: () => true,
    arm: strike => {
      let victim: Running | undefined;
      const point = atSomePoint(strike, () => void victim?.process.kill(signal));
      return {
        what: point.what,
        started: running => {
          victim = running;
          point.started();
        },
      };
    },
  };
}

/** Kills one of the programs that run after this time, or the first one that does. */
async function killChild({ process: runner }: Running, ms: number, which: number): Promise<boolean> {
  await sleep(ms);
  while (runner.exitCode === null && runner.signalCode === null) {
    const children = childrenOf(runner.pid!);
    if (children.length > 0) {
      try {
        process.kill(children[Math.floor(which * children.length)]!, 'SIGKILL');
      } catch {
        continue; // it has ended by itself
      }
      return true;
    }
    await sleep(5);
  }
  return false;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(id => id.trim() !== '').map(Number);
  } catch {
    return []; // it has ended
  }
}

function makeGroup(bytes: number): string {
  const group = path.join(MEMORY_GROUPS, `cdk8s-backup-faults-${process.pid}-${++groups}`);
  mkdirSync(group);
  writeFileSync(path.join(group, 'memory.limit_in_bytes'), String(bytes));
  return group;
}
