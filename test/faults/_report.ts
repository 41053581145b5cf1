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

/** A table of all rounds that were played: how many of each fault and command, how they ended, and which broke something. */
export function markdownOf(seed: string, rounds: readonly Played[], seconds: number): string {
  const commands = [...new Set(rounds.map(({ command }) => command))].sort();
  const faults = [...new Set(rounds.map(({ fault }) => fault))].sort();
  const failed = rounds.filter(({ broken }) => broken.length > 0);
  const count = (those: (round: Played) => boolean) => rounds.filter(those).length;
  const cell = (command: string, fault: string) => {
    const all = rounds.filter(round => round.command === command && round.fault === fault);
    const bad = all.filter(({ broken }) => broken.length > 0).length;
    return all.length === 0 ? '–' : bad === 0 ? String(all.length) : `${all.length} (${bad} broken)`;
  };
  return [
    `Seed ${seed}: ${rounds.length} rounds, ${rounds.length - failed.length} survived, ${failed.length} broke an invariant, in ${Math.round(seconds)} s.`,
    '',
    '| fault | rounds | struck before the end | got over it | a retry can help | needs somebody | killed |',
    '|---|---|---|---|---|---|---|',
    ...faults.map(fault => {
      const ended = (classOf: string) => count(round => round.fault === fault && outcomeOf(round) === classOf);
      return `| ${fault} | ${count(round => round.fault === fault)} | ${count(round => round.fault === fault && round.struck)} | ${ended('well')} | ${ended('retry')} | ${ended('permanent')} | ${ended('killed')} |`;
    }),
    '',
    `| command | ${faults.join(' | ')} | all |`,
    `|---|${faults.map(() => '---|').join('')}---|`,
    ...commands.map(command => `| ${command} | ${faults.map(fault => cell(command, fault)).join(' | ')} | ${count(round => round.command === command)} |`),
    '',
  ].join('\n');
}

/** What a Job would make of it: the worse of two runs. */
function outcomeOf({ codes }: Played): 'well' | 'retry' | 'permanent' | 'killed' {
  if (codes.every(code => code === 0)) return 'well';
  if (codes.some(code => code === 137 || code === 134)) return 'killed';
  return codes.every(code => [0, 1, 20, 143].includes(code)) ? 'retry' : 'permanent';
}

export function writeReport(directory: string, seed: string, rounds: readonly Played[], seconds: number): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, 'faults.md');
  writeFileSync(file, markdownOf(seed, rounds, seconds));
  writeFileSync(path.join(directory, 'faults.json'), `${JSON.stringify({ seed, seconds: Math.round(seconds), rounds }, null, 1)}\n`);
  return file;
}
