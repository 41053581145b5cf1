import { html, Html, shorten } from './html';
import { ago, icon, meter, sizeChart, state, TONES } from './parts';
import { Shown } from './summary';
import { CopyState, isMissing, isWhole } from '../catalog/copy-state';
import { bytesOf } from '../catalog/sizes';
import { formatBytes, formatSeconds } from '../core/format';
import { sum } from '../core/sum';
import { engineOf } from '../engines/table';
import { Verdict } from '../monitor/assess';
import { ObservedStore } from '../monitor/observe';
import { sizeTrendPerDay } from '../monitor/trend';

const TAGS: Readonly<Record<Verdict, string>> = { yes: 'Restorable', but: 'Restorable, but', no: 'Not restorable', unknown: 'Not known' };

/** A message on the overview; the whole of it is on the page of the backup. */
const SHORT_MESSAGE = 280;
const SHOWN_PROBLEMS = 4;
const CHARTED_BACKUPS = 30;
const CHARTED_ALONE = 90;

/**
 * What is known of one backup, at a glance.
 *
 * @param whole for the page of the backup: nothing is cut short
 */
export function card(shown: Shown, now: Date, whole = false): Html {
  const { config, observation, assessment } = shown;
  const tone = TONES[assessment.verdict];
  const href = `/backups/${encodeURIComponent(config.name)}`;
  return html`<article class="card" aria-labelledby="b-${config.name}">
<div class="card-head">${icon(tone)}<h3 id="b-${config.name}">${whole ? config.name : html`<a href="${href}">${config.name}</a>`}</h3><span class="tag ${tone}">${
  TAGS[assessment.verdict]}</span></div>
<p class="quiet under">${engineOf(config).title} by ${config.namespace === null ? '' : `${config.namespace}/`}${config.cronJob}</p>
${problems(shown, whole)}
<dl class="rows">
${row('Newest data', newestData(shown, now))}
${row('Restore takes', restoreTime(shown))}
${row('Last drill', lastDrill(shown, now))}
${row('Last read back', assessment.lastGoodVerification ? html`<strong>${ago(assessment.lastGoodVerification.finishedAt, now)}</strong>, found good` : 'never')}
${row('Size', size(shown, now, whole))}
</dl>
${stores(observation.stores, shown, now)}
</article>`;
}

function row(title: string, content: Html | string): Html {
  return html`<div><dt>${title}</dt><dd>${content}</dd></div>`;
}

function problems({ config, observation, assessment }: Shown, whole: boolean): Html | false {
  const listed = whole ? assessment.problems : assessment.problems.slice(0, SHOWN_PROBLEMS);
  const more = assessment.problems.length - listed.length;
  if (listed.length === 0 && !observation.held) return false;
  return html`<ul class="problems">${listed.map(({ severity, text }) =>
    html`<li class="${severity === 'bad' ? 'is-bad' : 'is-warn'}">${icon(severity === 'bad' ? 'bad' : 'warn')}<span>${whole ? text : shorten(text, SHORT_MESSAGE)}</span></li>`)}${
    more > 0 && html`<li class="is-note"><span><a href="/backups/${encodeURIComponent(config.name)}">${more} more</a></span></li>`}${
    observation.held && html`<li class="is-note">${icon('unknown')}<span>On hold: nothing is pruned until somebody releases it.</span></li>`}</ul>`;
}

function newestData({ config, observation, assessment: { latest, ageSeconds } }: Shown, now: Date): Html | string {
  if (!observation.catalog) return 'not known';
  if (!latest || ageSeconds === null) return 'none';
  const limit = config.rpoSeconds ?? config.staleAfterSeconds;
  const what = config.rpoSeconds === null ? 'until the next one is due' : 'RPO';
  return html`<strong>${ago(latest.record.startedAt, now)}</strong>${against(ageSeconds, limit, what)}`;
}

function restoreTime({ config, assessment: { measuredRtoSeconds: total } }: Shown): Html | string {
  if (total === null) return config.rtoSeconds === null ? 'not measured yet' : html`not measured yet, RTO ${formatSeconds(config.rtoSeconds)}`;
  return html`<strong>${formatSeconds(total)}</strong>${against(total, config.rtoSeconds, 'RTO')}`;
}

/** A measured time beside its limit, in words and as a bar. */
function against(seconds: number, limit: number | null, what: string): Html | false {
  if (limit === null) return false;
  const over = seconds > limit ? `, ${formatSeconds(seconds - limit)} over` : '';
  const words = `${Math.round(seconds / limit * 100)} % of ${formatSeconds(limit)} ${what}${over}`;
  return html` of ${formatSeconds(limit)} ${what}${over && html`<strong class="bad">${over}</strong>`}${meter(seconds, limit, words)}`;
}

function lastDrill({ assessment: { lastDrill: last, lastPassedDrill: passed } }: Shown, now: Date): Html | string {
  if (!last) return 'never';
  if (last.outcome === 'passed') return html`<strong>${ago(last.finishedAt, now)}</strong>, passed`;
  return html`<strong>${ago(last.finishedAt, now)}</strong>, failed; ${passed ? html`passed ${ago(passed.finishedAt, now)}` : 'none has passed'}`;
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

function stores(all: readonly ObservedStore[], { assessment: { latest } }: Shown, now: Date): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Stores"><table>
<thead><tr><th scope="col">Store</th><th scope="col">Newest copy</th><th scope="col">Read back</th><th scope="col" class="number">Free</th></tr></thead>
<tbody>${all.map(store => html`<tr><th scope="row" class="name">${store.name}</th><td>${copyState(store, latest?.copies.get(store.name))}</td><td>${
  readBack(store, latest?.record.id, now)}</td><td class="number">${store.freeBytes === null ? '\u2013' : formatBytes(store.freeBytes)}</td></tr>`)}</tbody></table></div>`;
}

function copyState(store: ObservedStore, copy: CopyState | undefined): Html {
  if (store.trouble && !store.readAt) return state('bad', 'can\u2019t be read');
  if (!store.readAt) return state('unknown', 'not looked at yet');
  if (store.trouble) return state('bad', isWhole(copy) ? 'can\u2019t be read; was whole' : 'can\u2019t be read');
  if (copy === undefined) return state('unknown', 'none');
  return isWhole(copy) ? state('good', 'whole') : state('bad', isMissing(copy) ? 'missing' : 'not whole');
}

function readBack(store: ObservedStore, id: string | undefined, now: Date): Html | string {
  const verification = id === undefined ? undefined : store.verifications.get(id);
  if (!verification) return '\u2013';
  return verification.faults.length === 0 ? html`${ago(verification.finishedAt, now)}` : state('bad', 'damaged');
}
