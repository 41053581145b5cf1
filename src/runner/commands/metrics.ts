import { forEachBackup } from './each-backup';
import { NAMESPACE_ENV } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { InspectionConfigs } from '../config/load';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { inspectBackups, reportInspection } from '../monitor/inspect-backups';
import { renderSamples, Sample, samplesOf } from '../monitor/metrics';

/**
 * Prints what the records say as Prometheus metrics, for a file that a node exporter collects. Of a store that can't be read there is only
 * that it can't.
 */
export async function metrics(context: Context<InspectionConfigs>): Promise<ExitCode> {
  const { config: { backups }, reporter, signal, stdout } = context;
  const samples: Sample[] = [];
  for (const config of backups) {
    if (!('namespace' in config)) {
      throw new RunnerError(`this is the config of a restore of ${config.name}, which does not say in which namespace the backup is, and its metrics have that: name the job of the backup`, ExitCode.BAD_CONFIG);
    }
    if (config.namespace === null) {
      reporter.warn('metrics.no-namespace', `The namespace of ${config.name} is not known, and alert rules look for metrics that have one: set ${NAMESPACE_ENV}, or give the chart a namespace`, { backup: config.name });
    }
  }
  const exitCode = await forEachBackup(context, { json: false }, async (config, stores) => {
    const observation = await inspectBackups(config.name, stores, signal);
    if ('namespace' in config) samples.push(...samplesOf(observation, { ...'rpoSeconds' in config ? config : {}, namespace: config.namespace }));
    return { json: null, text: '', report: () => reportInspection(observation, reporter) };
  });
  stdout.write(await renderSamples(samples));
  return exitCode;
}
