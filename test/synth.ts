import { App, Chart, Cron } from 'cdk8s';
import { BackupCronJob, BackupCronJobProps, BackupSource, BackupStore } from '../src';
import { BackupConfig, CONFIG_ENV, unescapeEnvValue } from '../src/contract/config';

/** The smallest valid input, with what a test changes about it. */
export function props(changes: Partial<BackupCronJobProps> = {}): BackupCronJobProps {
  return {
    source: BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'backup' }),
    stores: [BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })],
    ...'onDemand' in changes ? {} : { schedule: Cron.schedule({ minute: '0', hour: '2' }) },
    ...changes,
  };
}

/** A chart of an app, for what needs more than one backup. */
export function newChart(namespace: string = 'shop'): Chart {
  return new Chart(new App(), 'chart', { namespace });
}

/** All objects of a chart that has one backup; `changes` may need the chart. */
export function synth(changes: Partial<BackupCronJobProps> | ((chart: Chart) => Partial<BackupCronJobProps>) = {}, id: string = 'db-backup'): any[] {
  const chart = newChart();
  new BackupCronJob(chart, id, props(typeof changes === 'function' ? changes(chart) : changes));
  return objectsOf(chart);
}

/** The objects as the YAML has them. */
export function objectsOf(chart: Chart): any[] {
  return JSON.parse(JSON.stringify(App._synthChart(chart)));
}

export function cronJobOf(objects: readonly any[]): any {
  return objects.find(object => object.kind === 'CronJob');
}

export function podOf(objects: readonly any[]): any {
  return cronJobOf(objects).spec.jobTemplate.spec.template.spec;
}

/** The text that the container sees in the environment variable of the config. */
export function configTextOf(objects: readonly any[]): string {
  return unescapeEnvValue(podOf(objects).containers[0].env.find((variable: any) => variable.name === CONFIG_ENV).value);
}

export function configOf(objects: readonly any[]): BackupConfig {
  return JSON.parse(configTextOf(objects));
}

/** Environment variables from Secrets, as `NAME: SECRET/KEY`. */
export function secretsOf(objects: readonly any[]): { readonly [name: string]: string } {
  return Object.fromEntries(podOf(objects).containers[0].env.filter((variable: any) => variable.valueFrom)
    .map((variable: any) => [variable.name, `${variable.valueFrom.secretKeyRef.name}/${variable.valueFrom.secretKeyRef.key}`]));
}
