import { card } from './card';
import { html, Html } from './html';
import { page } from './page';
import { ago, showTime, state, TONES } from './parts';
import { Shown } from './summary';
import { FailedRun } from '../../contract/failed-run';
import { Backup, isUsable } from '../catalog/catalog';
import { describeAhead } from '../catalog/clock';
import { describeFault, isWhole } from '../catalog/copy-state';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { formatBytes, formatSeconds } from '../core/format';

/** More than anybody reads; `cdk8s-backup list` has all of them. */
const MOST_BACKUPS = 100;
const MOST_DRILLS = 50;
const MOST_FAILED_RUNS = 20;

/** The page of one backup: its card, and all its history. */
export function detail(shown: Shown, now: Date, { refreshSeconds }: { readonly refreshSeconds: number }): string {
  const { config, observation, assessment } = shown;
  return page({
    title: `${config.name} \u2013 Backups`, tone: TONES[assessment.verdict], now, refreshSeconds, heading: html`<a href="/">Backups</a> / ${config.name}`,
  }, html`
${card(shown, now, true)}
<h2>Backups</h2>
${backups(shown, now)}
<h2>Restore drills</h2>
${drills(shown, now)}
<h2>Runs that failed</h2>
${failedRuns(observation.failedRuns, now)}
<h2>What to type</h2>
<pre>${commands(shown)}</pre>`);
}

function table(label: string, headings: readonly (readonly [string, string?])[], rows: readonly Html[], more: string | false): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${headings.map(([text, kind]) =>
    html`<th scope="col"${kind !== undefined && html` class="${kind}"`}>${text}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>${more && html`<p class="quiet">${more}</p>`}`;
}

function backups({ observation, assessment }: Shown, now: Date): Html {
  const all = observation.catalog?.backups ?? [];
  if (all.length === 0) return html`<p>There is none${observation.catalog ? '' : ' that could be read'}.</p>`;
  const shown = all.slice(-MOST_BACKUPS).reverse();
  const drilled = new Map(observation.drills.filter(({ backup }) => backup !== null).map(drill => [drill.backup!, drill]));
  const rows = shown.map(backup => {
    const { record, copies } = backup;
    const drill = drilled.get(record.id);
    return html`<tr><th scope="row" class="name">${record.id}${backup === assessment.latest && html`<br><small>the latest</small>`}${
      observation.pinned.has(record.id) && html`<br><small>pinned</small>`}</th>
<td>${ago(record.startedAt, now)}</td><td class="number">${formatBytes(bytesOf(record.artifacts))}</td><td class="number">${
  formatSeconds(secondsOf(record))}</td>
<td class="wide">${backupState(backup)}${(record.warnings ?? []).map(warning => html`<br><small>${warning}</small>`)}</td><td>${[...copies].map(([store, copy]) => html`${isWhole(copy) ? state('good', store) : state('bad', `${store}: ${describeFault(copy)}`)}<br>`)}</td>
<td>${observation.stores.map(store => {
  const verification = store.verifications.get(record.id);
  return verification && html`${state(verification.faults.length === 0 ? 'good' : 'bad', html`${store.name}, ${ago(verification.finishedAt, now)}${
    verification.faults.length > 0 && `: ${verification.faults.join('; ')}`}`)}<br>`;
})}</td>
<td>${drill && state(drill.outcome === 'passed' ? 'good' : 'bad', html`${drill.outcome}, ${ago(drill.finishedAt, now)}`)}</td></tr>`;
  });
  return table('Backups', [['Backup'], ['Data from'], ['Size', 'number'], ['Took', 'number'], ['State'], ['Whole copies'], ['Read back'], ['Drilled']], rows,
    all.length > shown.length && `${all.length - shown.length} older ones are not shown: cdk8s-backup list`);
}

function backupState(backup: Backup): Html {
  const { record: { suspect }, accepted, ahead, differing } = backup;
  if (differing) return state('bad', `records differ between ${[...differing.keys()].join(' and ')}`);
  if (ahead) return state('warn', describeAhead(ahead));
  if (suspect !== null) return accepted ? state('good', `suspect, accepted: ${suspect}`) : state('warn', `suspect: ${suspect}`);
  return isUsable(backup) ? state('good', 'usable') : state('bad', 'no whole copy');
}

function drills({ observation: { drills: all } }: Shown, now: Date): Html {
  if (all.length === 0) return html`<p>There was none.</p>`;
  const shown = all.slice(-MOST_DRILLS).reverse();
  const rows = shown.map(drill => {
    const { seconds: { total }, rtoTargetSeconds } = drill;
    const late = rtoTargetSeconds !== null && total > rtoTargetSeconds;
    return html`<tr><th scope="row">${ago(drill.finishedAt, now)}</th><td>${state(drill.outcome === 'passed' ? 'good' : 'bad', drill.outcome)}</td>
<td class="number">${formatSeconds(total)}</td><td class="number">${rtoTargetSeconds === null ? '\u2013' : formatSeconds(rtoTargetSeconds)}${late && html`<br><strong class="bad">missed</strong>`}</td>
<td class="name">${drill.backup ?? 'none'}</td><td>${drill.store ?? '\u2013'}</td><td class="number">${drill.items ?? '\u2013'}</td><td class="wide">${drill.faults.join('; ') || '\u2013'}</td></tr>`;
  });
  return table('Restore drills', [['When'], ['Outcome'], ['Took', 'number'], ['RTO', 'number'], ['Backup'], ['From'], ['Rows or keys', 'number'], ['Faults']], rows,
    all.length > shown.length && `${all.length - shown.length} older ones are not shown: cdk8s-backup drills`);
}

function failedRuns(all: readonly FailedRun[], now: Date): Html {
  if (all.length === 0) return html`<p>There is none on record.</p>`;
  const shown = all.slice(-MOST_FAILED_RUNS).reverse();
  const rows = shown.map(run => html`<tr><th scope="row"><time datetime="${run.startedAt}">${showTime(run.startedAt)}</time><br><small>${ago(run.finishedAt, now)}</small></th>
<td class="number">${run.exitCode}</td><td class="wide">${run.message}</td></tr>`);
  return table('Runs that failed', [['Began'], ['Exit code', 'number'], ['Why']], rows, all.length > shown.length && `${all.length - shown.length} earlier ones are not shown`);
}

function commands({ config: { namespace, cronJob, restoreJob } }: Shown): string {
  return [
    `kubectl -n ${namespace} create job --from=cronjob/${cronJob} ${cronJob}-now`,
    ...restoreJob === null ? [] : [`kubectl -n ${namespace} create job --from=cronjob/${restoreJob} ${restoreJob}-now`],
    `npx cdk8s-backup list --manifest MANIFEST.k8s.yaml --job ${cronJob}`,
    `npx cdk8s-backup verify --manifest MANIFEST.k8s.yaml --job ${cronJob}`,
  ].join('\n');
}
