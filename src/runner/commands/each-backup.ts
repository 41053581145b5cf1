import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig, InspectionConfigs } from '../config/load';
import { Context } from '../core/context';
import { messageOf, RunnerError } from '../core/errors';
import { Store } from '../store-api/store';
import { openStores } from '../stores/open';

/** What a command has to say about one backup. */
export interface Said {
  readonly json: unknown;
  readonly text: string;
  /** Tells what could not be read, after everything else, and gives the exit code that follows from it. */
  report(): ExitCode;
}

/**
 * Lets `look` look at each backup of the config, and writes what it says: as JSON an object for one backup, and a list where the config
 * may have several. A backup whose stores can't be read at all does not stop the others; the first fault gives the exit code.
 */
export async function forEachBackup(
  context: Context<InspectionConfigs>, { json }: { readonly json: boolean },
  look: (config: InspectionConfig, stores: readonly Store[]) => Promise<Said>,
): Promise<ExitCode> {
  const { config: { backups, one }, reporter, signal, stdout } = context;
  const said: Said[] = [];
  let exitCode: ExitCode = ExitCode.OK;
  for (const config of backups) {
    try {
      said.push(await look(config, openStores({ ...context, config })));
      const { text } = said.at(-1)!;
      if (!json && text !== '') stdout.write(`${one ? '' : `${said.length > 1 ? '\n' : ''}${config.name}\n`}${text}`);
    } catch (error) {
      signal.throwIfAborted();
      if (one || !(error instanceof RunnerError)) throw error;
      reporter.error('catalog.incomplete', `${config.name}: ${messageOf(error)}`, { backup: config.name });
      exitCode ||= error.exitCode;
    }
  }
  if (json) stdout.write(`${JSON.stringify(one ? said[0]!.json : said.map(each => each.json), null, 2)}\n`);
  for (const each of said) exitCode ||= each.report();
  return exitCode;
}
