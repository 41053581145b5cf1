import { ExitCode } from '../../contract/exit-code';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { renderTable } from '../core/table';
import { checkCatalog } from '../doctor/catalog';
import { Check, DoctorFinding, Level } from '../doctor/finding';
import { checkSecrets } from '../doctor/secrets';
import { checkSource, sourceElsewhere } from '../doctor/source';
import { checkStore } from '../doctor/store';

/** Which errors of several give the exit code: what a person has to mend before the rest. */
const SEVERITY: readonly ExitCode[] = [
  ExitCode.BAD_CONFIG, ExitCode.DENIED, ExitCode.NOT_FOUND, ExitCode.VERSION_MISMATCH, ExitCode.CORRUPT, ExitCode.NO_SPACE, ExitCode.UNAVAILABLE,
  ExitCode.FAILED,
];

const WORDS: Readonly<Record<Level, string>> = { ok: 'ok', unchecked: 'not checked', warning: 'WARNING', error: 'ERROR' };

/**
 * Looks for everything that would stand in the way of a backup, or of a restore, and says of each finding what to do about it, and what can't be
 * checked from here. Fails if there is an error among them; warnings alone don't.
 */
export async function doctor(context: Context<InspectionConfig>, { json }: { readonly json: boolean }): Promise<ExitCode> {
  const { config, env, signal, stdout } = context;
  const source: Check = 'source' in config ? await checkSource(config, env, signal) : { findings: sourceElsewhere(config), expectedBytes: null };
  const { expectedBytes } = source;
  const stores = await Promise.all(config.stores.map(store => checkStore(store, { config, env, signal, expectedBytes })));
  const catalog = await checkCatalog(config, env, signal);
  const findings: readonly DoctorFinding[] = [...checkSecrets(config, env), ...source.findings, ...stores.flat(), ...catalog];
  signal.throwIfAborted();
  stdout.write(json
    ? `${JSON.stringify({ name: config.name, findings }, null, 2)}\n`
    : renderTable(['RESULT', 'WHAT', 'FINDING'], findings.map(({ level, subject, message, advice }) =>
      [WORDS[level], subject, advice === null ? message : `${message}: ${advice}`])));
  const codes = findings.filter(({ level }) => level === 'error').map(({ exitCode }) => exitCode);
  return codes.length === 0 ? ExitCode.OK : SEVERITY.find(code => codes.includes(code)) ?? codes[0]!;
}
