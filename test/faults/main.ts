/*
 * The fault campaign: runs every command against real servers while something goes wrong at a point that a seed chooses, and looks at
 * what is left.
 *
 * Run: npx projen test:faults [--rounds N] [--seed S] [--only FAULT] [--command COMMAND] [--round I] [--workers N] [--minutes M]
 *
 * After M minutes no further round begins. The same seed tries the same, whatever the other options are.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Command } from './_command';
import { Dice } from './_dice';
import { DISK_FAULTS } from './_disk-faults';
import { DRILL_COMMANDS } from './_drill-commands';
import { Baseline, Fault } from './_fault';
import { NETWORK_FAULTS } from './_network-faults';
import { NOTE_COMMANDS } from './_note-commands';
import { PLANTED_FAULTS } from './_planted-faults';
import { PROCESS_FAULTS, whyNoMemoryLimit } from './_process-faults';
import { markdownOf, Played, writeReport } from './_report';
import { RESTORE_COMMANDS } from './_restore-commands';
import { measure, playRound } from './_round';
import { checkTheChecks } from './_self-check';
import { SETTING_FAULTS } from './_setting-faults';
import { makeFiles, Site, startSite } from './_site';
import { STORE_COMMANDS } from './_store-commands';
import setup from '../_setup';
import teardown from '../_teardown';

const COMMANDS: readonly Command[] = [...STORE_COMMANDS, ...NOTE_COMMANDS, ...RESTORE_COMMANDS, ...DRILL_COMMANDS];
const FAULTS: readonly Fault[] = [...PROCESS_FAULTS, ...NETWORK_FAULTS, ...DISK_FAULTS, ...SETTING_FAULTS, ...PLANTED_FAULTS];
const REPORT_DIRECTORY = path.join(__dirname, '..', '..', '.cache', 'faults');

interface Cell {
  readonly command: Command;
  readonly fault: Fault;
}

interface Planned extends Cell {
  readonly index: number;
}

/** All pairs that make sense, in an order that the seed chooses, again and again: so each is tried as often as any other. */
function plan(seed: string, cells: readonly Cell[], rounds: number, wanted: (cell: Cell) => boolean): Planned[] {
  const planned: Planned[] = [];
  if (!cells.some(wanted)) throw new Error('no fault and command of these names belong together');
  for (let pass = 0; planned.length < rounds; pass++) {
    for (const [i, cell] of new Dice(`${seed}/order/${pass}`).shuffled(cells).entries()) {
      if (wanted(cell) && planned.length < rounds) planned.push({ ...cell, index: pass * cells.length + i });
    }
  }
  return planned;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      command: { type: 'string' },
      round: { type: 'string' },
      workers: { type: 'string', default: '6' },
      minutes: { type: 'string' },
    },
  });
  const { seed, only, command: onlyCommand } = values;
  const cells = COMMANDS.flatMap(command => FAULTS.filter(fault => fault.appliesTo(command)).map(fault => ({ command, fault })));
  const wanted = ({ command, fault }: Cell) =>
    (only === undefined || fault.name === only) && (onlyCommand === undefined || command.name === onlyCommand);
  const all = values.round === undefined
    ? plan(seed, cells, Number(values.rounds ?? 500), wanted)
    : plan(seed, cells, Number(values.round) + 1, () => true).slice(-1);
  const noMemoryLimit = whyNoMemoryLimit();
  if (noMemoryLimit !== null) console.log(`"out of memory" is left out: ${noMemoryLimit}`);
  const rounds = all.filter(({ fault }) => noMemoryLimit === null || fault.name !== 'out of memory');

  setup();
  const startedAt = Date.now();
  let stopAt = values.minutes === undefined ? Infinity : startedAt + Number(values.minutes) * 60_000;
  // Rounds that are being played are played to their end, and what was played is told.
  process.once('SIGINT', () => {
    stopAt = 0;
  });
  const sites: Site[] = [];
  const played: Played[] = [];
  try {
    const files = await makeFiles();
    const workers = Math.min(Number(values.workers), rounds.length);
    sites.push(...await Promise.all(Array.from({ length: workers }, () => startSite(files))));
    await checkTheChecks(sites[0]!);
    const baselines = new Map<string, Promise<Baseline>>();
    const waiting = [...rounds];
    await Promise.all(sites.map(async site => {
      for (let round = waiting.shift(); round !== undefined && Date.now() < stopAt; round = waiting.shift()) {
        played.push(await play(round, seed, site, baselines));
      }
    }));
  } finally {
    await Promise.all(sites.map(site => site.stop()));
    await teardown();
  }

  played.sort((a, b) => a.index - b.index);
  const seconds = (Date.now() - startedAt) / 1000;
  console.log(`\n${markdownOf(seed, played, seconds)}`);
  if (values.round === undefined) console.log(`Also in ${path.relative(process.cwd(), writeReport(REPORT_DIRECTORY, seed, played, seconds))}`);
  if (played.some(({ broken }) => broken.length > 0)) process.exitCode = 1;
}

async function play({ command, fault, index }: Planned, seed: string, site: Site, baselines: Map<string, Promise<Baseline>>): Promise<Played> {
  let baseline = baselines.get(command.name);
  if (!baseline) baselines.set(command.name, baseline = measure(command, site));
  const from = Date.now();
  const { what, codes, struck, broken, said } = await baseline.then(measured => playRound(command, fault, `${seed}/${index}`, site, measured)).catch((error: Error) => ({
    what: '?', codes: [], struck: false, broken: ['the round came to no end'], said: error.stack,
  }));
  const line = `round ${index}: ${command.name}, ${fault.name}: ${what}: ${codes.join(' and ')}${struck ? '' : ', before the fault'} (${((Date.now() - from) / 1000).toFixed(1)} s)`;
  console.log(broken.length === 0 ? line : [
    said, `BROKEN ${line}`, ...broken.map(one => `  - ${one}`), `  Once more: npx projen test:faults --seed ${seed} --round ${index}`,
  ].join('\n'));
  return { index, command: command.name, fault: fault.name, what, codes, struck, broken };
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
