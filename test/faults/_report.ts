import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Played {
  readonly index: number;
  readonly command: string;
  readonly fault: string;
  readonly what: string;
  readonly codes: readonly number[];
  readonly struck: boolean;
  readonly broken: readonly string[];
}

/** Columns of the table, by the first word of a command. */
const GROUPS: { readonly [heading: string]: readonly string[] } = {
  'backup': ['backup,', 'backup'],
  'restore': ['restore'],
  'rollback, discard': ['rollback', 'discard'],
  'drill': ['drill'],
  'verify': ['verify'],
  'prune': ['prune'],
  'fetch': ['fetch'],
  'looks': ['list', 'show', 'usage', 'drills'],
  'notes': ['pin', 'unpin', 'hold', 'release', 'accept'],
};

/** Columns of outcomes, by what a Job would make of the exit code. */
const OUTCOMES = ['got over it', 'a retry can help', 'needs somebody', 'killed'] as const;

/** A table of all rounds that were played: how many of each fault and command were survived, and how they ended. */
export function markdownOf(seed: string, rounds: readonly Played[], seconds: number): string {
  const survived = rounds.filter(({ broken }) => broken.length === 0).length;
  const faults = [...new Set(rounds.map(({ fault }) => fault))].sort();
  const headings = ['fault', 'rounds', 'struck before the end', ...Object.keys(GROUPS), ...OUTCOMES];
  return [
    `Seed ${seed}: ${rounds.length} rounds, ${survived} survived, ${rounds.length - survived} broke an invariant, in ${Math.round(seconds)} s. `
      + `${new Set(rounds.map(({ command }) => command)).size} commands, ${faults.length} faults.`,
    '',
    `| ${headings.join(' | ')} |`,
    `|${headings.map(() => '---|').join('')}`,
    ...[...faults.map(fault => [fault, rounds.filter(round => round.fault === fault)] as const), ['**all**', rounds] as const].map(([name, those]) =>
      `| ${[name, those.length, those.filter(({ struck }) => struck).length, ...countsOf(those)].join(' | ')} |`),
    '',
  ].join('\n');
}

function countsOf(rounds: readonly Played[]): (number | string)[] {
  return [
    ...Object.values(GROUPS).map(words => {
      const group = rounds.filter(({ command }) => words.includes(command.split(' ')[0]!));
      const survived = group.filter(({ broken }) => broken.length === 0).length;
      return survived === group.length ? survived : `**${survived} of ${group.length}**`;
    }),
    ...OUTCOMES.map(outcome => rounds.filter(round => outcomeOf(round) === outcome).length),
  ];
}

/** Of two runs the worse. */
function outcomeOf({ codes }: Played): typeof OUTCOMES[number] {
  if (codes.every(code => code === 0)) return 'got over it';
  if (codes.some(code => code === 137 || code === 134)) return 'killed';
  return codes.every(code => [0, 1, 20, 143].includes(code)) ? 'a retry can help' : 'needs somebody';
}

/** Writes the table, and all rounds as JSON. */
export function writeReport(directory: string, seed: string, rounds: readonly Played[], seconds: number): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, 'faults.md');
  writeFileSync(file, markdownOf(seed, rounds, seconds));
  writeFileSync(path.join(directory, 'faults.json'), `${JSON.stringify({ seed, seconds: Math.round(seconds), rounds }, null, 1)}\n`);
  return file;
}
