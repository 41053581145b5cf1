/*
 * What a page says of one emergency: its commands in their order, and what is promised for it.
 */
import { below, FencedBlock, isShell, plain, Section, sectionsOf } from './page';
import { CommandMarks, marksIn, SCENARIOS } from '../../contract/runbook';
import { badConfig, usage } from '../config/refusals';

/** A block of commands, which is played as a whole. */
export interface Step extends Pick<FencedBlock, 'line' | 'code' | 'about'> {
  /** From 1, as it is counted in messages. */
  readonly number: number;
  /** The nearest one above it. */
  readonly heading: string;
  readonly marks: CommandMarks;
}

export interface Scenario {
  readonly heading: string;
  readonly steps: readonly Step[];
  /** As the first page says it; `null`: nothing is. */
  readonly promised: string | null;
}

/**
 * The commands of an emergency.
 *
 * @param file for messages
 * @param database of which the promise is; `undefined`: all of them. The steps of others are there, too
 */
export function scenarioIn(text: string, file: string, wanted: string, database: string | undefined): Scenario {
  const sections = sectionsOf(text);
  const there = Object.entries(SCENARIOS).filter(([, heading]) => below(sections, heading).length > 0);
  if (there.length === 0) throw usage(`${file} is no runbook: it has none of the headings that a RecoveryRunbook writes; name its Markdown, such as dist/RUNBOOK.md`);
  const heading = there.find(([name]) => name === wanted)?.[1];
  if (heading === undefined) throw usage(`${file} has no scenario ${wanted}; it has ${there.map(([name]) => name).join(', ')}`);
  const marked = stepsOf(sections).some(({ marks }) => marks.about !== undefined);
  if (!marked) throw badConfig(`${file} does not say which of its commands a rehearsal leaves out: synthesize it with this version of cdk8s-backup, and apply that`);
  const names = [...new Set(stepsOf(sections).flatMap(({ marks }) => marks.about ?? []))];
  if (database !== undefined && !names.includes(database)) throw usage(`${file} has no commands about a backup ${database}; it has ${names.join(', ')}`);
  return { heading, steps: stepsOf(below(sections, heading)), promised: promisedIn(text, heading, database) };
}

function stepsOf(sections: readonly Section[]): readonly Step[] {
  return sections.flatMap(({ heading, blocks }) => blocks.filter(isShell).map(block => ({ heading, block })))
    .map(({ heading, block: { line, code, about, info } }, i) => ({ number: i + 1, heading, line, code, about, marks: marksIn(info) }));
}

/** The last cell of the line of the first page that leads to the heading. */
function promisedIn(text: string, heading: string, database: string | undefined): string | null {
  const rows = text.split('\n').filter(line => line.startsWith('|')).map(line => line.split(/(?<!\\)\|/).slice(1, -1));
  const row = rows.find(([, leads = '']) => leads.includes('](#') && plain(leads.trim()) === heading);
  const cell = row?.at(-1)?.trim() ?? '';
  if (cell.startsWith('[')) return `see "${plain(cell)}" in the page`; // too many for one cell
  const all = plain(cell).split('; ').filter(promise => !['', 'nothing'].includes(promise));
  const own = database === undefined ? all : all.filter(promise => promise.startsWith(`${database}: `));
  return own.length > 0 ? own.join('; ') : null;
}
