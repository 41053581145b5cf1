import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { renderTable } from '../core/table';
import { checkCatalog } from '../doctor/catalog';
import { Check, DoctorFinding, LEVEL_WORDS, sentenceOf, worstOf } from '../doctor/finding';
import { checkSecrets } from '../doctor/secrets';
import { checkSource, sourceElsewhere } from '../doctor/source';
import { checkStore } from '../doctor/store';

export interface DoctorOptions {
  readonly json: boolean;
  /** These two are of `--break-glass`. */
  readonly identity?: string;
  readonly proofs?: string;
}

/**
 * Looks for everything that would stand in the way of a backup, or of a restore, and says of each finding what to do about it, and what can't be
 * checked from here. Fails if there is an error among them; warnings alone don't.
 */
export async function doctor(context: Context<InspectionConfig>, { json, identity, proofs }: DoctorOptions): Promise<ExitCode> {
  const { config, env, signal, stdout } = context;
  const alone = identity !== undefined ? '--identity' : proofs !== undefined ? '--proofs' : undefined;
  if (alone !== undefined) throw new RunnerError(`${alone} goes with --break-glass: without it nothing is opened, and nothing is noted`, ExitCode.USAGE);
  const source: Check = 'source' in config ? await checkSource(config, env, signal) : { findings: sourceElsewhere(config), expectedBytes: null };
  const { expectedBytes } = source;
  const stores = await Promise.all(config.stores.map(store => checkStore(store, { config, env, signal, expectedBytes })));
  const catalog = await checkCatalog(config, env, signal);
  const findings: readonly DoctorFinding[] = [...checkSecrets(config, env), ...source.findings, ...stores.flat(), ...catalog];
  signal.throwIfAborted();
  stdout.write(json
    ? `${JSON.stringify({ name: config.name, findings }, null, 2)}\n`
    : renderTable(['RESULT', 'WHAT', 'FINDING'], findings.map(finding => [LEVEL_WORDS[finding.level], finding.subject, sentenceOf(finding)])));
  return worstOf(findings);
}
