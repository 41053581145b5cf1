import { ExitCode } from '../../contract/exit-code';
import { checkFolder } from '../break-glass/folder';
import { proveNewest } from '../break-glass/newest';
import { readProofs, writeProofs } from '../break-glass/proofs';
import { decryptionOf } from '../catalog/open-plain';
import { InspectionConfig } from '../config/load';
import { Context } from '../core/context';
import { renderTable } from '../core/table';
import { LEVEL_WORDS, sentenceOf, worstOf } from '../doctor/finding';

/** In the present folder, as the runbook says. */
const PROOFS = 'break-glass.json';

export interface BreakGlassOptions {
  /** The manifest that was named; `undefined` or `-`: none that lies in a folder. */
  readonly manifest?: string;
  /** File with age identities; that of the config if not given. */
  readonly identity?: string;
  /** File with the dates of the last proofs; {@link PROOFS} if not given. */
  readonly proofs?: string;
  readonly json: boolean;
}

/**
 * Proves what a recovery after the loss of the cluster begins with: the keys read a store, the newest backup in it is whole and can be opened, and the
 * folder with manifests and runbook is where Git has it. What was proved is noted with its date, so that the next look tells how long ago that was.
 */
export async function breakGlass(context: Context<InspectionConfig>, options: BreakGlassOptions): Promise<ExitCode> {
  const { manifest, identity, proofs: file = PROOFS, json } = options;
  const { config: { name }, signal, stdout } = context;
  const before = readProofs(file);
  const findings = [
    ...await proveNewest(context, decryptionOf(context.config, identity)),
    ...await checkFolder(manifest === '-' ? undefined : manifest, name, signal),
  ];
  signal.throwIfAborted();
  const now = new Date().toISOString();
  const proved = Object.fromEntries(findings.filter(({ level }) => level === 'ok').map(({ subject }) => [subject, now]));
  const after = { ...before, [name]: { ...before[name], ...proved } };
  writeProofs(file, after);
  const dated = findings.map(finding => ({ ...finding, lastProved: after[name]?.[finding.subject] ?? null }));
  stdout.write(json
    ? `${JSON.stringify({ name, findings: dated }, null, 2)}\n`
    : renderTable(['RESULT', 'WHAT', 'LAST PROVED', 'FINDING'], dated.map(finding =>
      [LEVEL_WORDS[finding.level], finding.subject, finding.lastProved?.slice(0, 10) ?? 'never', sentenceOf(finding)])));
  return worstOf(findings);
}
