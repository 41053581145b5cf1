import { card } from './card';
import { whatToType } from './commands';
import { copyLines } from './copies';
import { html, Html } from './html';
import { Frame, page } from './page';
import { moment, state } from './parts';
import { STATES } from './states';
import { Shown } from './summary';
import { table } from './table';
import { FailedRun } from '../../contract/failed-run';
import { Backup } from '../catalog/catalog';
import { isFoundDamaged, isUsable } from '../catalog/choose-backup';
import { describeAhead } from '../catalog/clock';
import { copiesAsRead } from '../catalog/copy-state';
import { bytesOf, secondsOf } from '../catalog/sizes';
import { formatBytes, formatSeconds } from '../core/format';

/** More than anybody reads; `cdk8s-backup list` has all of them. */
const MOST_BACKUPS = 100;
const MOST_DRILLS = 50;
const MOST_FAILED_RUNS = 20;

/** The page of one backup: its card, what to type, and all its history. */
export function detail(shown: Shown, now: Date, frame: Frame): string {
  const { config, observation, assessment } = shown;
  const { label, tone } = STATES[assessment.state];
  return page({ ...frame, title: `${config.name}: ${label} \u2013 Backups`, tone, now, heading: html`<a href="/">Backups</a> / ${config.name}` }, html`
<section class="pair" aria-label="The backup">${card(shown, now, true)}${whatToType(shown, now, frame)}</section>
<h2>Backups</h2>
${backups(shown, now)}
<h2>Restore drills</h2>
${drills(shown, now)}
<h2>Runs that failed</h2>
${failedRuns(observation.failedRuns, now)}`);
}

function backups({ observation, assessment }: Shown, now: Date): Html {
  const all = observation.catalog?.backups ?? [];
  if (all.length === 0) return html`<p>There is none${observation.catalog ? '' : ' that could be read'}.</p>`;
  const shown = all.slice(-MOST_BACKUPS).reverse();
  const drilled = new Map(observation.drills.filter(({ backup }) => backup !== null).map(drill => [drill.backup!, drill]));
  return table('Backups', [['Backup'], ['Data from'], ['Size', 'number'], ['Took', 'number'], ['State', 'wide'], ['Copies', 'wide'], ['Drilled']], shown.map(backup => {
    const { record } = backup;
    const drill = drilled.get(record.id);
    return [
      html`${record.id}${backup === assessment.latest && html`<br><small>the latest</small>`}${observation.pinned.has(record.id) && html`<br><small>pinned</small>`}`,
      moment(record.startedAt, now),
      formatBytes(bytesOf(record.artifacts)),
      record.imported ? 'imported' : formatSeconds(secondsOf(record)),
      html`${backupState(backup)}${(record.warnings ?? []).map(warning => html`<br><small>${warning}</small>`)}`,
      copyLines(backup, observation.stores, now),
      drill !== undefined && state(drill.outcome === 'passed' ? 'good' : 'bad', html`${drill.outcome} ${moment(drill.finishedAt, now)}`),
    ];
  }), all.length > shown.length && `${all.length - shown.length} older ones are not shown: cdk8s-backup list`);
}

function backupState(backup: Backup): Html {
  const { record: { suspect }, accepted, ahead, differing } = backup;
  if (differing) return state('bad', `records differ between ${[...differing.keys()].join(' and ')}`);
  if (ahead) return state('warn', describeAhead(ahead));
  if (suspect !== null && !accepted) return state('warn', `suspect: ${suspect}`);
  if (!isUsable(backup)) return state('bad', isFoundDamaged(backup) ? 'every copy damaged' : 'no whole copy');
  if ([...copiesAsRead(backup).values()].some(({ kind }) => kind === 'damaged')) return state('warn', 'usable, a copy is damaged');
  return state('good', suspect !== null ? `suspect, accepted: ${suspect}` : 'usable');
}

function drills({ observation: { drills: all } }: Shown, now: Date): Html {
  if (all.length === 0) return html`<p>There was none.</p>`;
  const shown = all.slice(-MOST_DRILLS).reverse();
  return table('Restore drills', [['When'], ['Outcome'], ['Took', 'number'], ['RTO', 'number'], ['Backup'], ['From'], ['Rows or keys', 'number'], ['Faults', 'wide']], shown.map(drill => {
    const { seconds: { total }, rtoTargetSeconds } = drill;
    const late = rtoTargetSeconds !== null && total > rtoTargetSeconds;
    return [
      moment(drill.finishedAt, now),
      state(drill.outcome === 'passed' ? 'good' : 'bad', drill.outcome),
      formatSeconds(total),
      rtoTargetSeconds !== null && html`${formatSeconds(rtoTargetSeconds)}${late && html`<br><strong class="bad">missed</strong>`}`,
      drill.backup ?? 'none',
      drill.store ?? false,
      drill.items ?? false,
      drill.faults.join('; '),
    ];
  }), all.length > shown.length && `${all.length - shown.length} older ones are not shown: cdk8s-backup drills`);
}

function failedRuns(all: readonly FailedRun[], now: Date): Html {
  if (all.length === 0) return html`<p>There is none on record.</p>`;
  const shown = all.slice(-MOST_FAILED_RUNS).reverse();
  return table('Runs that failed', [['Began'], ['Exit code', 'number'], ['Why', 'wide']], shown.map(run => [moment(run.startedAt, now), run.exitCode, run.message]),
    all.length > shown.length && `${all.length - shown.length} earlier ones are not shown`);
}
