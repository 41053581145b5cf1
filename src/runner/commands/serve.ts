import { ExporterConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { Context } from '../core/context';
import { Monitor } from '../monitor/monitor';
import { StatusServer } from '../status/server';
import { openStore } from '../stores/open';

/** Serves the status page, metrics and JSON until the process is told to stop, which is how it ends well. */
export async function serve({ config, env, reporter, signal }: Context<ExporterConfig>): Promise<ExitCode> {
  const watch = new Monitor(config, store => openStore(store, env, message => reporter.warn('store.odd', message, { store: store.name })), reporter);
  const server = new StatusServer(watch, { place: config, runbookUrl: config.runbookUrl ?? null, refreshSeconds: config.refreshSeconds });
  const port = await server.listen(config.port);
  reporter.info('serve.started', `Serving the state of ${config.backups.length === 1 ? config.backups[0]!.name : `${config.backups.length} backups`} on port ${port}`, { port });
  try {
    return await watch.run(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    reporter.info('serve.stopped', 'Stopped');
    return ExitCode.OK;
  } finally {
    await server.close();
  }
}
