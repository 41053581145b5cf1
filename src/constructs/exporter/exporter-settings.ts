import { Duration } from 'cdk8s';
import { BackupExporterProps } from './backup-exporter-props';
import { BackupCronJob } from '../backup/backup-cron-job';
import { toCronJobName } from '../core/backup-name';
import { checkHttpUrl, checkLabels, checkPort, isDnsLabel, show, wholeSeconds } from '../core/check';
import { RestoreDrill } from '../drill/restore-drill';
import { RestoreJob } from '../restore/restore-job';

/** Tells the Service of one exporter from that of another with the same labels. */
export const NAME_LABEL = 'cdk8s-backup/exporter';

/** What the props of an exporter say, checked, and with the defaults applied. */
export interface ExporterSettings {
  readonly exporterName: string;
  readonly restores: readonly RestoreJob[];
  readonly drills: readonly RestoreDrill[];
  readonly port: number;
  readonly refreshSeconds: number;
  readonly labels: { [key: string]: string };
}

export function checkExporterProps(id: string, props: BackupExporterProps): ExporterSettings {
  const exporterName = checkName(id, props.exporterName);
  for (const property of ['cluster', 'environment'] as const) checkPlace(property, props[property]);
  if (props.runbookUrl !== undefined) checkHttpUrl('runbookUrl', props.runbookUrl, 'leave the login to the browser', 'https://git.example.com/shop/dist/RUNBOOK.md');
  checkBackups(props.backups);
  const restores = checkRestores(props.restores ?? [], props.backups);
  const drills = checkDrills(props.drills ?? [], props.backups);
  const port = checkPort(props.port ?? 8080);
  const refreshSeconds = wholeSeconds('refresh', props.refresh ?? Duration.minutes(1), 10, 'each look lists every object');
  const labels = { ...props.labels ?? { component: 'backup-exporter' }, [NAME_LABEL]: exporterName };
  checkLabels('labels', labels);
  checkLabels('serviceMonitorLabels', props.serviceMonitorLabels ?? {});
  return { exporterName, restores, drills, port, refreshSeconds, labels };
}

function checkName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, 52) || !/^[a-z]/.test(name)) {
    throw new Error(`'exporterName' must be up to 52 lower-case letters, digits and "-", with a letter first and a letter or digit last, got ${show(name)}${given === undefined ? `: it comes from the construct's id ${show(id)}, set 'exporterName'` : ''}`);
  }
  return name;
}

/** It stands at the top of every page, where there is room for a name. */
function checkPlace(property: string, given: string | undefined): void {
  if (given !== undefined && !/^[\x21-\x7e]([\x20-\x7e]{0,58}[\x21-\x7e])?$/.test(given)) {
    throw new Error(`'${property}' must be up to 60 characters of ASCII without a space at its ends, got ${show(given)}`);
  }
}

function checkBackups(backups: readonly BackupCronJob[]): void {
  if (backups.length === 0) throw new Error('\'backups\' must have at least one backup, got []');
  const names = backups.map(({ backupName }) => backupName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new Error(`'backups' must have different backup names, got ${show(twice)} more often: pages and metrics tell them apart by it; give one of them another 'backupName', or an exporter of its own`);
  }
}

function checkRestores(restores: readonly RestoreJob[], backups: readonly BackupCronJob[]): readonly RestoreJob[] {
  for (const restore of restores) {
    if (!restore._backup || !backups.includes(restore._backup)) {
      throw new Error(`'restores' has ${show(restore.node.path)}, which restores none of 'backups': leave it out, or give it the 'backup'`);
    }
    if (!restore._isTemplate) {
      throw new Error(`'restores' has ${show(restore.node.path)}, which runs when it is applied: only templates can be started from, so leave it out`);
    }
  }
  return restores;
}

function checkDrills(drills: readonly RestoreDrill[], backups: readonly BackupCronJob[]): readonly RestoreDrill[] {
  const foreign = drills.find(({ _drill }) => !backups.includes(_drill.backup));
  if (foreign) throw new Error(`'drills' has ${show(foreign.node.path)}, whose backup is not among 'backups': leave it out, or add the backup`);
  return drills;
}
