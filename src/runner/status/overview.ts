import { card } from './card';
import { html, Html } from './html';
import { page } from './page';
import { icon, Tone } from './parts';
import { Extreme, oldestData, oldestProof, Shown, slowestRestore, worstFirst } from './summary';
import { formatSeconds } from '../core/format';

/** So many names are spelled out; more are counted. */
const NAMED = 3;

/** The page that answers: could we restore right now, how old would that be, how long would it take, and when was it last proved? */
export function overview(all: readonly Shown[], now: Date, options: { readonly refreshSeconds: number; readonly complete: boolean }): string {
  const { refreshSeconds, complete } = options;
  const { tone, head, line } = answer(all, complete);
  return page({ title: `${head} \u2013 Backups`, tone, now, refreshSeconds, heading: 'Backups' }, html`
<section class="answer" aria-labelledby="answer">
<div class="answer-head">${icon(tone)}<div><h2 id="answer">${head}</h2><p>${line}</p></div></div>
<dl class="facts">
${QUESTIONS.map(question => fact(question, all, now))}
</dl>
</section>
<section class="cards" aria-label="All backups">
${worstFirst(all).map(shown => card(shown, now))}
</section>`);
}

/** One of the numbers, for the backup where it is the worst. */
interface Question {
  readonly title: string;
  readonly extreme: (all: readonly Shown[], now: Date) => Extreme | undefined;
  readonly show: (seconds: number) => string;
  /** Whether there is no such number for a backup, and what is said of it then. */
  readonly lacks: (assessment: Shown['assessment']) => boolean;
  readonly none: string;
}

const QUESTIONS: readonly Question[] = [
  { title: 'How old is the data?', extreme: oldestData, show: formatSeconds, lacks: ({ ageSeconds }) => ageSeconds === null, none: 'nothing to restore' },
  { title: 'How long would it take?', extreme: slowestRestore, show: formatSeconds, lacks: ({ measuredRtoSeconds }) => measuredRtoSeconds === null, none: 'not measured yet' },
  { title: 'When was that last proved?', extreme: oldestProof, show: seconds => `${formatSeconds(seconds)} ago`, lacks: ({ lastPassedDrill }) => lastPassedDrill === undefined, none: 'never' },
];

interface Headline {
  readonly tone: Tone;
  readonly head: string;
  readonly line: string;
}

/** Whether all of them can be restored, and if not, which can't. */
export function answer(all: readonly Shown[], complete: boolean): Headline {
  const of = (verdict: Shown['assessment']['verdict']) => all.filter(({ assessment }) => assessment.verdict === verdict);
  const [no, unknown, but] = [of('no'), of('unknown'), of('but')];
  const rest = `${all.length - no.length - unknown.length} of ${all.length} can be restored right now.`;
  if (no.length > 0) return { tone: 'bad', head: `No: ${names(no)} can\u2019t be restored`, line: rest };
  if (unknown.length > 0 && !complete) return { tone: 'unknown', head: 'Looking at the stores for the first time', line: 'This page shows what is there as soon as it was read.' };
  if (unknown.length > 0) return { tone: 'unknown', head: `Not known: no store of ${names(unknown)} can be read`, line: rest };
  if (but.length > 0) {
    return { tone: 'warn', head: 'Yes, but somebody should look', line: `${all.length === 1 ? 'It' : `All ${all.length}`} can be restored right now; something is wrong with ${names(but)}.` };
  }
  return { tone: 'good', head: 'Yes, we could restore right now', line: all.length === 1 ? `${all[0]!.config.name}, with nothing to complain about.` : `All ${all.length} backups, with nothing to complain about.` };
}

function names(shown: readonly Shown[]): string {
  const listed = shown.slice(0, NAMED).map(({ config }) => config.name);
  const more = shown.length - listed.length;
  return more > 0 ? `${listed.join(', ')} and ${more} more` : listed.length > 1 ? `${listed.slice(0, -1).join(', ')} and ${listed.at(-1)!}` : listed[0]!;
}

/** One of the numbers, and of which backups there is none. */
function fact({ title, extreme: extremeOf, show, lacks, none }: Question, all: readonly Shown[], now: Date): Html {
  const extreme = extremeOf(all, now);
  if (!extreme) return html`<div><dt>${title}</dt><dd class="value">${none.charAt(0).toUpperCase() + none.slice(1)}</dd></div>`;
  const { of, seconds, limitSeconds } = extreme;
  const without = all.filter(({ assessment }) => lacks(assessment));
  const limit = limitSeconds === null ? '' : `, ${seconds > limitSeconds ? 'more than the' : 'of'} ${formatSeconds(limitSeconds)} ${seconds > limitSeconds ? 'that are allowed' : 'allowed'}`;
  return html`<div><dt>${title}</dt><dd><span class="value">${show(seconds)}</span><br><small>${all.length > 1 && `${of.config.name}`}${
    all.length > 1 ? limit : limit.replace(/^, /, '')}${without.length > 0 && `; ${names(without)}: ${none}`}</small></dd></div>`;
}
