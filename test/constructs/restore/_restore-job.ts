import { Chart } from 'cdk8s';
import { BackupCronJob, BackupSource, RestoreJob, RestoreJobProps } from '../../../src';
import { CONFIG_ENV, RestoreConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { newChart, objectsOf, props } from '../../synth';

export type Changes = Partial<RestoreJobProps> | ((chart: Chart) => Partial<RestoreJobProps>);

/** The objects of a restore; those of the backup that it restores are left out. */
export function synth(changes: Changes = {}, id: string = 'db-restore'): any[] {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props());
  const before = objectsOf(chart).length;
  new RestoreJob(chart, id, { backup, ...typeof changes === 'function' ? changes(chart) : changes });
  return objectsOf(chart).slice(before);
}

export const resourceOf = (objects: readonly any[]) => objects.find(({ kind }) => kind === 'CronJob' || kind === 'Job');
export const jobOf = (objects: readonly any[]) => resourceOf(objects).spec.jobTemplate?.spec ?? resourceOf(objects).spec;
export const podOf = (objects: readonly any[]) => jobOf(objects).template.spec;
export const envOf = (objects: readonly any[]): any[] => podOf(objects).containers[0].env;

/** The config as the runner reads it: what it does not take, fails here. */
export function configOf(objects: readonly any[]): RestoreConfig {
  return parseConfig(unescapeEnvValue(envOf(objects).find(({ name }) => name === CONFIG_ENV).value)) as RestoreConfig;
}

export const redis = BackupSource.redis({ host: 'redis' });
