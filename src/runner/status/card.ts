import { seenCopy } from './copies';
import { html, Html, shorten, withoutDigests } from './html';
import { ago, exact, icon, meter, moment, sizeChart, state } from './parts';
import { STATES } from './states';
import { Shown } from './summary';
import { bytesOf } from '../catalog/sizes';
import { formatBytes, formatSeconds } from '../core/format';
import { sum } from '../core/sum';
import { engineOf } from '../engines/table';
import { ProblemKind } from '../monitor/assess';
import { ObservedStore } from '../monitor/observe';
import { sizeTrendPerDay } from '../monitor/trend';

/** A message on the overview; the whole of it is on the page of the backup. */
const SHORT_MESSAGE = 240;
const SHOWN_PROBLEMS = 4;
/** The rows of a card say these in red. */
const SAID_BY_ROWS: readonly ProblemKind[] = ['rpo-exceeded', 'rto-exceeded'];
const CHARTED_BACKUPS = 30;
const CHARTED_ALONE = 90;

/**
 * What is known of one backup, at a glance: whether it can be restored, how old it is, what is wrong, and then the rest.
 *
 * @param whole for the page of the backup: nothing is cut short
 */
export function card(shown: Shown, now: Date, whole = false): Html {
  const { config, observation, assessment } = shown;
  const { label, tone } = STATES[assessment.state];
  return html`<article class="card" aria-labelledby="b-${config.name}">
<div class="card-head">${icon(tone)}<div><h3 id="b-${config.name}">${whole ? config.name : html`<a href="${linkOf(shown)}">${config.name}</a>`}</h3>
<p class="headline ${tone}">${label}</p><p class="quiet">${engineOf(config).title} by ${config.namespace === null ? '' : `${config.namespace}/`}${config.cronJob}</p></div></div>
<dl class="rows first">${row('Newest data', newestData(shown, now))}</dl>
${problemList(shown, whole)}
<p class="act"><a href="${whole ? '' : linkOf(shown)}#restore">What to type to restore</a></p>
<dl class="rows">
${row('Restore takes', restoreTime(shown))}
${row('Last drill', lastDrill(shown, now))}
${row('Last read back', assessment.lastGoodVerification ? html`<strong>${ago(assessment.lastGoodVerification.finishedAt, now)}</strong>, found good<br><small>${exact(assessment.lastGoodVerification.finishedAt)}</small>` : 'never')}
${observation.stores.map(store => row(html`Store <span class="store">${store.name}</span>`, copyIn(store, shown)))}
${row('Size', size(shown, now, whole))}
</dl>
</article>`;
}

export function linkOf({ config }: Shown): string {
  return `/backups/${encodeURIComponent(config.name)}`;
}

function row(title: string | Html, content: Html | string): Html {
  return html`<div><dt>${title}</dt><dd>${content}</dd></div>`;
}

function problemList(shown: Shown, whole: boolean): Html | false {
  const { observation, assessment } = shown;
  const all = assessment.problems.filter(({ kind }) => whole || !SAID_BY_ROWS.includes(kind));
  const listed = whole ? all : all.slice(0, SHOWN_PROBLEMS);
  const more = all.length - listed.length;
  if (listed.length === 0 && !observation.held) return false;
  return html`<ul class="problems">${listed.map(({ severity, text, brief }) =>
    html`<li class="${severity === 'bad' ? 'is-bad' : 'is-warn'}">${icon(severity === 'bad' ? 'bad' : 'warn')}<span>${whole ? text : briefly(brief ?? text)}</span></li>`)}${
    more > 0 && html`<li class="is-note"><span><a href="${linkOf(shown)}">${more} more</a></span></li>`}${
    observation.held && html`<li class="is-note">${icon('unknown')}<span>On hold: nothing is pruned until somebody releases it.</span></li>`}</ul>`;
}

/** A message for whoever has two seconds. */
export function briefly(text: string): string {
  return shorten(withoutDigests(text), SHORT_MESSAGE);
}

function newestData({ config, observation, assessment: { latest, ageSeconds } }: Shown, now: Date): Html | string {
  if (!observation.catalog) return 'not known';
  if (!latest || ageSeconds === null) return html`<strong class="big bad">none</strong>`;
  const limit = config.rpoSeconds ?? config.staleAfterSeconds;
  const what = config.rpoSeconds === null ? 'until the next one is due' : 'RPO';
  const over = config.rpoSeconds !== null && ageSeconds > config.rpoSeconds;
  return html`<strong class="big${over && ' bad'}">${ago(latest.record.startedAt, now)}</strong>${against(ageSeconds, limit, what)}<small>${exact(latest.record.startedAt)}</small>`;
}

function restoreTime({ config, assessment: { measuredRtoSeconds: total } }: Shown): Html | string {
  if (total === null) return config.rtoSeconds === null ? 'not measured yet' : html`not measured yet, RTO ${formatSeconds(config.rtoSeconds)}`;
  return html`<strong>${formatSeconds(total)}</strong>${against(total, config.rtoSeconds, 'RTO')}`;
}

/** A measured time beside its limit, in words and as a bar. */
function against(seconds: number, limit: number | null, what: string): Html | false {
  if (limit === null) return html`<br>`;
  const over = seconds > limit ? `, ${formatSeconds(seconds - limit)} over` : '';
  const words = `${Math.round(seconds / limit * 100)} % of ${formatSeconds(limit)} ${what}${over}`;
  return html` of ${formatSeconds(limit)} ${what}${over && html`<strong class="bad">${over}</strong>`}${meter(seconds, limit, words)}`;
}

function lastDrill({ assessment: { lastDrill: last, lastPassedDrill: passed } }: Shown, now: Date): Html {
  if (!last) return html`<strong class="warn">never</strong>`;
  if (last.outcome === 'passed') return html`<strong>${ago(last.finishedAt, now)}</strong>, passed<br><small>${exact(last.finishedAt)}</small>`;
  return html`<strong>${ago(last.finishedAt, now)}</strong>, <strong class="bad">failed</strong><br><small>${exact(last.finishedAt)}</small><br>${
    passed ? html`passed ${moment(passed.finishedAt, now)}` : 'none has passed'}`;
}

function size({ observation: { catalog, pinned } }: Shown, now: Date, whole: boolean): Html | string {
  const records = catalog?.backups.map(({ record }) => record) ?? [];
  const newest = records.at(-1);
  if (!newest) return catalog ? 'nothing yet' : 'not known';
  const trend = sizeTrendPerDay(records.filter(({ suspect }) => suspect === null), now);
  const total = sum(records.map(({ artifacts }) => bytesOf(artifacts)));
  return html`<strong>${formatBytes(bytesOf(newest.artifacts))}</strong>${trend !== null && `, ${showTrend(trend)}`}<br><small>${records.length} ${
    records.length === 1 ? 'backup' : 'backups'}, ${formatBytes(total)}${pinned.size > 0 && `, ${pinned.size} pinned`}</small>${sizeChart(records, whole ? CHARTED_ALONE : CHARTED_BACKUPS, whole)}`;
}

function showTrend(share: number): string {
  const percent = share * 100;
  if (Math.abs(percent) < 0.05) return 'not growing';
  return `${percent > 0 ? '+' : '\u2212'}${Math.abs(percent).toFixed(1)} % a day`;
}

/** The newest backup's copy in one store. */
function copyIn(store: ObservedStore, { assessment: { latest } }: Shown): Html {
  const { tone, words, copy, readBackAt } = seenCopy(store, latest);
  return html`${state(tone, html`${words}${store.freeBytes !== null && html`<small>, ${formatBytes(store.freeBytes)} free</small>`}`)}${
    latest && html`<br><small>${readBackAt === null ? 'not read back' : html`${copy?.kind === 'damaged' ? 'found so' : 'read back'} ${exact(readBackAt)}`}</small>`}`;
}
