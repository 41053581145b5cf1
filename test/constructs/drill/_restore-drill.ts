import { Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupCronJobProps, BackupSource, RestoreDrill, RestoreDrillProps } from '../../../src';
import { CONFIG_ENV, DrillConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { newChart, objectsOf, props } from '../../synth';

export const WEEKLY = Cron.schedule({ minute: '30', hour: '4', weekDay: '0' });
export const secrets = (chart: Chart) => kplus.Secret.fromSecretName(chart, 'Secrets', 'secrets');
export const sqlite = (chart: Chart) => BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data'), path: 'a.db' });
export const redis = BackupSource.redis({ host: 'redis' });
export const SIX_HOURS = Duration.hours(6);
export const AT_ONCE = { backupSize: Size.gibibytes(1), downloadPerSecond: Size.gibibytes(1), restorePerSecond: Size.gibibytes(1) };

export interface Case {
  readonly backup?: (chart: Chart) => Partial<BackupCronJobProps>;
  readonly drill?: (chart: Chart) => Partial<RestoreDrillProps>;
}

/** A drill, and its objects; those of the backup are left out. */
export function define({ backup = () => ({}), drill = () => ({}) }: Case = {}): { readonly drill: RestoreDrill; readonly objects: any[] } {
  const chart = newChart();
  const of = new BackupCronJob(chart, 'db-backup', props(backup(chart)));
  const before = objectsOf(chart).length;
  const made = new RestoreDrill(chart, 'db-drill', { backup: of, schedule: WEEKLY, ...drill(chart) });
  return { drill: made, objects: objectsOf(chart).slice(before) };
}

export const named = (objects: readonly any[], kind: string) => objects.find(object => object.kind === kind);
export const podOf = (objects: readonly any[]) => named(objects, 'CronJob').spec.jobTemplate.spec.template.spec;
export const serverOf = (objects: readonly any[]) => podOf(objects).initContainers[0];

/** The config as the runner reads it: what it does not take, fails here. */
export function configOf(objects: readonly any[]): DrillConfig {
  return parseConfig(unescapeEnvValue(podOf(objects).containers[0].env.find(({ name }: any) => name === CONFIG_ENV).value)) as DrillConfig;
}
