import { RehearsalCluster } from './cluster';
import { Plan, PlannedStep, refusalOf } from './plan';
import { Step } from './scenario';
import { EndedBlock, RehearsalShell } from './shell';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';
import { formatSeconds } from '../core/format';
import { monotonicMs } from '../core/monotonic';

/** How a step went. */
export interface PlayedStep {
  readonly step: PlannedStep;
  readonly seconds: number;
}

export interface Rehearsal {
  readonly played: readonly PlayedStep[];
  /** The one that did not succeed; `null`: all did. */
  readonly stopped: PlannedStep | null;
  /** Why it ended before its end; `null`: all was played. */
  readonly failure: RunnerError | null;
}

/** Tells what comes next, and how it went. */
export type Tell = (text: string) => void;

/** Plays the steps of a plan in their order, up to the first one that fails. What they have changed stays as it is. */
export async function play(
  { context, steps }: Plan, shell: RehearsalShell, cluster: RehearsalCluster, answers: ReadonlyMap<string, string>, tell: Tell, signal: AbortSignal,
): Promise<Rehearsal> {
  const played: PlayedStep[] = [];
  const wanted = steps.filter(({ leftOut }) => leftOut === null);
  for (const step of wanted) {
    tell(`\n${titleOf(step)}\n${step.code.replaceAll(/^/gm, '  ').trimEnd()}\n`);
    const since = monotonicMs();
    let why: string | null;
    try {
      // Somebody may have set kubectl to another cluster meanwhile.
      cluster.forget();
      const refusal = await refusalOf([step], await cluster.context(), cluster);
      why = refusal?.message ?? whyFailed(await playOne(step, shell, answers));
    } catch (error) {
      why = messageOf(error);
    }
    const seconds = (monotonicMs() - since) / 1000;
    if (signal.aborted) return { played, stopped: step, failure: signal.reason as RunnerError };
    if (why !== null) return { played, stopped: step, failure: failureOf(step, why, wanted.slice(played.length + 1), context) };
    played.push({ step, seconds });
    tell(`Step ${step.number} took ${formatSeconds(seconds)}.\n`);
  }
  return { played, stopped: null, failure: null };
}

/** As people find it in the page. */
function titleOf(step: PlannedStep): string {
  return `Step ${step.number}, ${step.heading}: ${purposeOf(step)}`;
}

/** The first sentence in front of it, and the backup that it is about where the heading does not say that. */
export function purposeOf({ heading, about, marks }: Step): string {
  const sentence = /^.*?[.:](?= |$)/.exec(about)?.[0].replace(/[.:]$/, '') ?? about;
  return marks.about === undefined || heading.endsWith(marks.about) ? sentence : `${sentence} (${marks.about})`;
}

function playOne({ code, touched }: PlannedStep, shell: RehearsalShell, answers: ReadonlyMap<string, string>): Promise<EndedBlock> {
  return touched.goesOn ? shell.playBeside(code) : shell.play(code, touched.asks.map(variable => answers.get(variable)!));
}

/** A Job that has failed ends its block well: the last thing printed is its condition. */
function whyFailed({ exitCode, lastLine }: EndedBlock): string | null {
  if (exitCode !== ExitCode.OK) return `it ended with exit code ${exitCode}`;
  return lastLine === 'Failed' ? 'its Job has ended as Failed, and the last line of its log says why' : null;
}

function failureOf(step: PlannedStep, why: string, rest: readonly PlannedStep[], context: string): RunnerError {
  const notPlayed = rest.length === 0 ? 'It was the last one.' : `Not played any more: ${rest.map(({ number }) => number).join(', ')}.`;
  return new RunnerError(`step ${step.number} below "${step.heading}", line ${step.line} of the page, failed in context ${context}: ${why}. ${notPlayed} `
    + 'Mend that, or the app if its commands are wrong, and rehearse again from the beginning', ExitCode.FAILED);
}
