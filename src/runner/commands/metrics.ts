import { Context } from './context';
import { forEachBackup } from './each-backup';
import { lookAt, reportLook } from './look';
import { ExitCode } from '../../contract/exit-code';
import { LookConfigs } from '../load-config';
import { renderSamples, Sample, samplesOf } from '../watch/metrics';

/**
 * Prints what the records say as Prometheus metrics, for a file that a node exporter collects. Of a store that can't be read there is only
 * that it can't.
 */
export async function metrics(context: Context<LookConfigs>): Promise<ExitCode> {
  const { reporter, signal, stdout } = context;
  const samples: Sample[] = [];
  const exitCode = await forEachBackup(context, { json: false }, async (config, stores) => {
    const observation = await lookAt(config.name, stores, signal);
    samples.push(...samplesOf(observation, 'rpoSeconds' in config ? config : {}));
    return { json: null, text: '', report: () => reportLook(observation, reporter) };
  });
  stdout.write(await renderSamples(samples));
  return exitCode;
}
