import { Html, html } from './html';
import { Frame } from './page';
import { intoRunbook } from './runbook';
import { Shown } from './summary';
import { isUsable, passedOver } from '../catalog/choose-backup';

/** One thing to type, and what it does. */
interface Step {
  readonly what: string;
  readonly command: string;
}

const MANIFEST = 'MANIFEST.k8s.yaml';

/** What to type, in this order: look, restore, and what else helps. A restore needs kubectl only; each command is one line to copy. */
export function whatToType(shown: Shown, now: Date, { runbookUrl }: Pick<Frame, 'runbookUrl'>): Html {
  const { config: { namespace }, assessment: { verdict } } = shown;
  const all = [...restoring(shown, now), ...otherwise(shown, now)];
  return html`<section class="type" id="restore" aria-label="What to type"><h2>What to type</h2>
${verdict === 'no' && html`<p class="note">A restore would find nothing that it may take. Look at the stores first.</p>`}
<ol>${all.map(({ what, command }) => html`<li><p>${what}</p><pre tabindex="0">${words(command)}</pre></li>`)}</ol>
<p class="quiet">${namespace === null && 'Add -n NAMESPACE to kubectl. '}${MANIFEST} is the file that your app was applied from.</p>${intoRunbook(shown, runbookUrl)}</section>`;
}

/** Lines end between words: browsers would end one after each hyphen. */
function words(command: string): Html {
  return html`${command.split(' ').map((word, i) => html`${i > 0 && ' '}<span>${word}</span>`)}`;
}

function restoring({ config, observation: { catalog }, assessment: { latest } }: Shown, now: Date): Step[] {
  const { cronJob, restoreJob, namespace } = config;
  if (restoreJob === null) {
    return [{
      what: 'Fetch the newest backup, verified. This page knows of no RestoreJob: `restores` of BackupExporter names it.',
      command: `npx cdk8s-backup fetch latest --to . --manifest ${MANIFEST} --job ${cronJob}`,
    }];
  }
  const kubectl = kubectlOf(namespace);
  const [look, restore] = [`${restoreJob}-look-${clock(now)}`, `${restoreJob}-${clock(now)}`];
  const dryRun = '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--dry-run"}]';
  const older = catalog?.backups.findLast(backup => backup !== latest && isUsable(backup));
  const [damaged] = catalog ? passedOver(catalog, latest) : [];
  return [
    {
      what: 'Look first. This shows each step of a restore and all that is missing for it, and changes nothing.',
      command: `${kubectl} create job ${look} --from=cronjob/${restoreJob} --dry-run=client -o yaml | kubectl patch --local -f - --type=json -o yaml -p '${dryRun}' | ${kubectl} create -f - && ${follow(kubectl, look)}`,
    },
    {
      what: damaged && latest
        ? `Restore ${latest.record.id}, the newest backup that was not found damaged: ${damaged.record.id} is newer. The last line of the log says what is there now, and how to go back.`
        : 'Restore the newest backup. The last line of the log says what is there now, and how to go back.',
      command: `${kubectl} create job ${restore} --from=cronjob/${restoreJob} && ${follow(kubectl, restore)}`,
    },
    ...older === undefined ? [] : [{
      what: 'Restore another one than the newest.',
      command: `npx cdk8s-backup restore-manifest --manifest ${MANIFEST} --job ${restoreJob} --backup ${older.record.id} --name ${restore} | kubectl create -f - && ${follow(kubectl, restore)}`,
    }],
  ];
}

function otherwise({ config: { cronJob, namespace }, assessment: { problems } }: Shown, now: Date): Step[] {
  const damaged = problems.some(({ kind }) => kind === 'copy-damaged' || kind === 'every-copy-damaged');
  return [
    ...damaged ? [{
      what: 'Replace damaged copies by good ones of other stores.',
      command: `npx cdk8s-backup verify --all --repair --manifest ${MANIFEST} --job ${cronJob}`,
    }] : [],
    { what: 'Take a backup now.', command: `${kubectlOf(namespace)} create job ${cronJob}-${clock(now)} --from=cronjob/${cronJob}` },
    { what: 'See all backups.', command: `npx cdk8s-backup list --manifest ${MANIFEST} --job ${cronJob}` },
    ...damaged ? [] : [{ what: 'Read the newest backup back.', command: `npx cdk8s-backup verify --manifest ${MANIFEST} --job ${cronJob}` }],
  ];
}

function kubectlOf(namespace: string | null): string {
  return namespace === null ? 'kubectl' : `kubectl -n ${namespace}`;
}

/** There is no log while the container is created, so it is asked for until there is one. */
function follow(kubectl: string, job: string): string {
  return `until ${kubectl} logs -f job/${job}; do sleep 1; done`;
}

/** As in `0304`: a name that was not used yet, and is short enough behind every name of a CronJob. */
function clock(now: Date): string {
  return now.toISOString().slice(11, 16).replace(':', '');
}
