import { briefly, linkOf } from './card';
import { html, Html } from './html';
import { ago, exact, moment, state } from './parts';
import { STATES } from './states';
import { Shown } from './summary';
import { table } from './table';
import { formatSeconds } from '../core/format';

/** Many backups: a line each, to be read from the top. */
export function compact(all: readonly Shown[], now: Date): Html {
  return html`<div class="dense">${table('All backups', [['Backup'], ['State'], ['Newest data'], ['Last drill'], ['Read back'], ['Worst', 'wide']], all.map(shown => {
    const { config, assessment } = shown;
    const { label, tone } = STATES[assessment.state];
    return [
      html`<a href="${linkOf(shown)}">${config.name}</a>`,
      state(tone, html`<strong class="${tone}">${label}</strong>`),
      newestData(shown, now),
      lastDrill(shown, now),
      assessment.lastGoodVerification ? moment(assessment.lastGoodVerification.finishedAt, now) : 'never',
      worst(shown),
    ];
  }))}</div>`;
}

function newestData({ config: { rpoSeconds }, observation, assessment: { latest, ageSeconds } }: Shown, now: Date): Html | string {
  if (!latest || ageSeconds === null) return observation.catalog ? 'none' : 'not known';
  const over = rpoSeconds !== null && ageSeconds > rpoSeconds;
  const rpo = rpoSeconds !== null && html`${over ? html`<strong class="bad"> over</strong>` : ' of'} ${formatSeconds(rpoSeconds)} RPO`;
  return html`${ago(latest.record.startedAt, now)}${rpo}<br><small>${exact(latest.record.startedAt)}</small>`;
}

function lastDrill({ assessment: { lastDrill: last } }: Shown, now: Date): Html | string {
  if (!last) return 'never';
  return html`${ago(last.finishedAt, now)}${last.outcome === 'failed' && html`, <strong class="bad">failed</strong>`}<br><small>${exact(last.finishedAt)}</small>`;
}

function worst({ assessment: { problems } }: Shown): Html | false {
  const [first, ...others] = problems;
  return first !== undefined && html`${briefly(first.brief ?? first.text)}${others.length > 0 && html` <small>${others.length} more</small>`}`;
}
