import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { usage } from '../config/refusals';
import { Context } from '../core/context';
import { messageOf } from '../core/errors';
import { formatSeconds } from '../core/format';
import { sum } from '../core/sum';
import { renderTable } from '../core/table';
import { RehearsalCluster } from '../rehearsal/cluster';
import { Plan, planOf } from '../rehearsal/plan';
import { play, purposeOf, Rehearsal } from '../rehearsal/play';
import { Scenario, scenarioIn } from '../rehearsal/scenario';
import { RehearsalShell } from '../rehearsal/shell';

export interface RehearseOptions {
  /** The Markdown of a runbook. */
  readonly page: string;
  readonly scenario: string;
  /** Of a backup, as headings call it; all of them if not given. */
  readonly name?: string;
  /** `VARIABLE=VALUE`. */
  readonly answer: readonly string[];
  /** Whether to play; otherwise the plan is shown. */
  readonly yes: boolean;
}

/**
 * Plays the commands of an emergency as they stand in a runbook, in namespaces that somebody has labelled for it. All that can be known to stand in the way is
 * looked for before the first of them.
 */
export async function rehearse({ env, stdout, signal }: Context<null>, stderr: Writable, options: RehearseOptions): Promise<ExitCode> {
  const { page, name, yes } = options;
  const answers = answersIn(options.answer);
  const scenario = scenarioIn(await textOf(page), page, options.scenario, name);
  const folder = path.dirname(path.resolve(page));
  const cluster = new RehearsalCluster(env, signal);
  const plan = await planOf(scenario, folder, cluster, { name, answers });
  stdout.write(shown(scenario, page, plan));
  const playable = plan.steps.some(({ leftOut }) => leftOut === null);
  if (!yes) {
    stdout.write(plan.refusal ? `\n${sentence(plan.refusal.message)}\n` : playable ? '\nNothing was played. Add --yes to play it.\n' : `\n${sentence(nothingToPlay(scenario))}\n`);
    return ExitCode.OK;
  }
  if (plan.refusal) throw plan.refusal;
  if (!playable) throw usage(nothingToPlay(scenario));

  const shell = new RehearsalShell(folder, env, { stdout, stderr });
  const stop = () => void shell.end();
  signal.addEventListener('abort', stop);
  try {
    const rehearsal = await play(plan, shell, cluster, answers, text => void stdout.write(text), signal);
    stdout.write(summary(scenario, plan, rehearsal));
    if (rehearsal.failure) throw rehearsal.failure;
    return ExitCode.OK;
  } finally {
    signal.removeEventListener('abort', stop);
    await shell.end();
  }
}

function nothingToPlay({ heading, steps }: Scenario): string {
  return steps.length === 0 ? `"${heading}" has no commands of its own: rehearse the emergency that its steps lead to`
    : `there is nothing to play of "${heading}": the table says why each step is left out`;
}

async function textOf(page: string): Promise<string> {
  try {
    return await readFile(page, 'utf8');
  } catch (error) {
    throw usage(`${page} can't be read: ${messageOf(error)}. Name the Markdown of a runbook, in the folder that cdk8s synth has written`);
  }
}

function answersIn(answer: readonly string[]): ReadonlyMap<string, string> {
  return new Map(answer.map(text => {
    const [, variable, value] = /^(\w+)=([^\n]*)$/.exec(text) ?? [];
    if (variable === undefined || value === undefined) throw usage(`--answer takes VARIABLE=VALUE in one line, got ${JSON.stringify(text)}`);
    return [variable, value];
  }));
}

function shown({ heading, steps: { length } }: Scenario, page: string, { context, namespaces, steps, places }: Plan): string {
  const facts = [
    ['page', page], ['context', context], ['namespaces', namespaces.join(', ') || 'none is named'],
    ...places.length === 0 ? [] : [['stores', `${places.join(', ')}: Jobs read from there, store backups, and hold or release pruning`]],
  ];
  return `"${heading}", ${length} steps\n${facts.map(([what, value]) => `${what!.padEnd(10)}  ${value}\n`).join('')}\n${renderTable(['STEP', '', 'HEADING', 'WHAT'], steps.map(step => [
    String(step.number), step.leftOut === null ? 'plays' : 'leaves out', step.heading, `${purposeOf(step)}${step.leftOut === null ? '' : `: ${step.leftOut}`}`,
  ]))}`;
}

function summary({ heading, promised }: Scenario, { steps, namespaces }: Plan, { played, stopped, failure }: Rehearsal): string {
  const took = new Map(played.map(({ step, seconds }) => [step.number, seconds]));
  const ended = failure?.exitCode === ExitCode.CANCELLED ? 'stopped' : 'failed';
  const rows = steps.map(step => {
    const { number, heading: below, leftOut } = step;
    const seconds = took.get(number);
    const how = leftOut !== null ? 'left out' : number === stopped?.number ? ended : seconds === undefined ? 'not played' : formatSeconds(seconds);
    return [String(number), how, below, purposeOf(step)];
  });
  return [
    `\n${renderTable(['STEP', 'TOOK', 'HEADING', 'WHAT'], rows)}`,
    `\n${played.length} of ${steps.length} steps of "${heading}" were played${stopped ? ', and one did not succeed' : ''}. `,
    `They took ${formatSeconds(sum(played.map(({ seconds }) => seconds)))}. ${promised === null ? 'Nothing is promised for it' : `Promised for it: ${promised}`}.\n`,
    'The data were not damaged for this: damage them before, if you want to see them come back.\n',
    ...namespaces.length === 0 ? [] : [`Changes in ${namespaces.join(', ')} stay, such as pruning that is on hold, and data that a restore has kept: see "After a restore" in the page.\n`],
  ].join('');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
