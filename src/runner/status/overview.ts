import { card } from './card';
import { whatToType } from './commands';
import { compact } from './compact';
import { html, Html } from './html';
import { Frame, page } from './page';
import { exact, icon, Tone } from './parts';
import { STATES } from './states';
import { Extreme, oldestData, oldestProof, Shown, slowestRestore, worstFirst } from './summary';
import { formatSeconds } from '../core/format';
import { BackupState } from '../monitor/assess';

/** So many names are spelled out; more are counted. */
const NAMED = 3;

/** More backups than this are lines of a table, where nobody asks for cards. */
const MOST_CARDS = 8;

/** How the overview shows the backups. */
export type View = 'cards' | 'compact';

/** The page that answers: could we restore right now, how old would that be, how long would it take, and when was it last proved? */
export function overview(all: readonly Shown[], now: Date, options: Frame & { readonly complete: boolean; readonly view?: View }): string {
  const { complete, view = all.length > MOST_CARDS ? 'compact' : 'cards', ...frame } = options;
  const { tone, head, line } = answer(all, complete);
  return page({ ...frame, title: `${head} \u2013 Backups`, tone, now, heading: 'Backups' }, html`
<section class="answer" aria-labelledby="answer">
<div class="answer-head">${icon(tone)}<div><h2 id="answer">${head}</h2><p>${line}</p></div></div>
${all.length > 1 && counts(all)}
<dl class="facts">
${QUESTIONS.map(question => fact(question, all, now))}
</dl>
</section>
${all.length === 1 ? alone(all[0]!, now, frame) : several(worstFirst(all), now, view)}`);
}

/** Of one backup, what to type is there at once. */
function alone(shown: Shown, now: Date, frame: Frame): Html {
  return html`<section class="pair" aria-label="The backup">${card(shown, now)}${whatToType(shown, now, frame)}</section>`;
}

function several(sorted: readonly Shown[], now: Date, view: View): Html {
  return html`<nav class="views" aria-label="View">${link('/cards', 'Cards', view === 'cards')} ${link('/compact', 'Compact', view === 'compact')}</nav>
${view === 'compact' ? compact(sorted, now) : html`<section class="cards" aria-label="All backups">${sorted.map(shown => card(shown, now))}</section>`}`;
}

function link(href: string, text: string, current: boolean): Html {
  return html`<a href="${href}"${current && html` aria-current="page"`}>${text}</a>`;
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
  { title: 'How old is the data?', extreme: oldestData, show: formatSeconds, lacks: ({ ageSeconds }) => ageSeconds === null, none: 'without data' },
  { title: 'How long would it take?', extreme: slowestRestore, show: formatSeconds, lacks: ({ measuredRtoSeconds }) => measuredRtoSeconds === null, none: 'not measured' },
  {
    title: 'When was that last proved?',
    extreme: oldestProof,
    show: seconds => `${formatSeconds(seconds)} ago`,
    lacks: ({ lastPassedDrill }) => lastPassedDrill === undefined,
    none: 'never proved',
  },
];

interface Headline {
  readonly tone: Tone;
  readonly head: string;
  readonly line: string;
}

/** What the page says of the backups that are in the worst state there is. */
const HEADS: Readonly<Record<BackupState, (which: string) => string>> = {
  'not-restorable': which => `No: ${which} can\u2019t be restored`,
  'records-differ': which => `In doubt: records of ${which} differ`,
  'drill-failed': which => `In doubt: the last drill of ${which} failed`,
  'unknown': which => `Not known: no store of ${which} can be read`,
  'rpo-exceeded': which => `Yes, but older than promised: ${which}`,
  'rto-exceeded': which => `Yes, but slower than promised: ${which}`,
  'at-risk': which => `Yes, at risk: ${which}`,
  'restorable': () => 'Yes, we could restore right now',
};

/** Whether all of them can be restored, and if not, which can't. */
export function answer(all: readonly Shown[], complete: boolean): Headline {
  const { state } = worstFirst(all)[0]!.assessment;
  if (!complete && state === 'unknown') {
    return { tone: 'unknown', head: 'Looking at the stores for the first time', line: 'This page shows what is there as soon as it was read.' };
  }
  const worst = all.filter(({ assessment }) => assessment.state === state);
  return { tone: STATES[state].tone, head: HEADS[state](names(worst)), line: lineOf(all, state) };
}

function lineOf(all: readonly Shown[], state: BackupState): string {
  const restorable = all.filter(({ assessment: { verdict } }) => verdict === 'yes' || verdict === 'but').length;
  if (state === 'restorable') return all.length === 1 ? `${all[0]!.config.name}, with nothing to complain about.` : `All ${all.length} backups, with nothing to complain about.`;
  const readable = state === 'drill-failed' || state === 'records-differ';
  const what = restorable < all.length ? `${restorable} of ${all.length}` : all.length === 1 ? 'It' : `All ${all.length}`;
  return readable ? `${what} can be read right now. Whether all data come back is not proved.` : `${what} can be restored right now.`;
}

/** How many backups are in each state. */
function counts(all: readonly Shown[]): Html {
  const states = (Object.keys(STATES) as BackupState[])
    .map(state => ({ ...STATES[state], count: all.filter(({ assessment }) => assessment.state === state).length }));
  return html`<ul class="counts" aria-label="Backups by state">${states.filter(({ count }) => count > 0).map(({ label, tone, count }) =>
    html`<li class="${tone}">${icon(tone)}<span><strong>${count}</strong> ${label}</span></li>`)}</ul>`;
}

function names(shown: readonly Shown[]): string {
  const listed = shown.slice(0, NAMED).map(({ config }) => config.name);
  const more = shown.length - listed.length;
  return more > 0 ? `${listed.join(', ')} and ${more} more` : listed.length > 1 ? `${listed.slice(0, -1).join(', ')} and ${listed.at(-1)!}` : listed[0]!;
}

/** One of the numbers. Backups that have none come first: the worst of the others would hide them. */
function fact({ title, extreme: extremeOf, show, lacks, none }: Question, all: readonly Shown[], now: Date): Html {
  const extreme = extremeOf(all, now);
  const without = all.filter(({ assessment }) => lacks(assessment));
  const value = without.length > 0 ? lacking(without.length, all.length, none) : show(extreme!.seconds);
  const tone = without.length > 0 ? 'warn' : extreme!.limitSeconds !== null && extreme!.seconds > extreme!.limitSeconds ? 'bad' : false;
  return html`<div><dt>${title}</dt><dd><span class="value${tone && ` ${tone}`}">${value}</span><br><small>${
    without.length > 0 && all.length > 1 && `${names(without)}${extreme ? '. Worst of the others: ' : ''}`}${
    extreme && `${without.length > 0 ? `${show(extreme.seconds)}, ` : ''}${limitOf(extreme, all.length > 1)}`}${extreme && extreme.since !== null && html`<br>${exact(extreme.since)}`}</small></dd></div>`;
}

function lacking(some: number, all: number, what: string): string {
  return all === 1 ? `${what.charAt(0).toUpperCase()}${what.slice(1)}` : `${some} of ${all} ${what}`;
}

function limitOf({ of, seconds, limitSeconds }: Extreme, named: boolean): string {
  const limit = limitSeconds === null ? '' : seconds > limitSeconds ? `more than the ${formatSeconds(limitSeconds)} that are allowed` : `of ${formatSeconds(limitSeconds)} allowed`;
  return [...named ? [of.config.name] : [], ...limit === '' ? [] : [limit]].join(', ');
}
