/*
 * What of the docs is printed from the code: `npx tsx test/docs/printed.ts` writes it, and printed.test.ts fails where that was forgotten. It stands
 * in a page between these two lines:
 *
 *   <!-- printed: exit-codes -->
 *   <!-- end of what is printed -->
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constantsOf, Documented, fieldsOf } from './doc-comments';
import { LifecycleProvider } from '../../src/constructs/bucket/lifecycle-provider';
import { ExitCode, RETRYABLE } from '../../src/contract/exit-code';
import { LIFECYCLE_RULES, LifecycleRuleFacts } from '../../src/contract/lifecycle-rules';
import { Metric, Metrics } from '../../src/contract/metrics';
import { readPages, ROOT } from '../pages';

export const PRINTED: Readonly<Record<string, () => string>> = {
  'exit-codes': () => table(['code', 'meaning', 'retried'], constantsOf('exit-code.ts', 'ExitCode').map(({ value, comment }) =>
    [value, comment, { yes: 'yes', no: 'no', never: '' }[retried(Number(value) as ExitCode)]])),
  'metrics': () => table(['metric', 'meaning'], Object.values(Metrics).map(({ name, help }: Metric) => [`\`${name}\``, help])),
  'lifecycle-rules': () => table(['#', 'rule', ''], Object.values(LIFECYCLE_RULES).map((rule: LifecycleRuleFacts) => [`${rule.number}`, rule.says, consequence(rule)])),
  'lifecycle-providers': () => table(['profile', 'as of', 'transitions', 'differences from AWS'], Object.entries(LifecycleProvider)
    .map(([name, { _profile: { asOf, transitions, differences } }]: [string, LifecycleProvider]) => [`\`${name}\``, asOf, transitions, differences])),
  'record': () => fields('record.ts', 'BackupRecord'),
  'recorded-source': () => fields('record.ts', 'RecordedSource'),
  'recorded-artifact': () => fields('record.ts', 'RecordedArtifact'),
  'recorded-compression': () => fields('record.ts', 'RecordedCompression'),
  'recorded-counts': () => fields('record.ts', 'RecordedCounts'),
  'recorded-safety': () => fields('record.ts', 'RecordedSafety'),
  'recorded-import': () => fields('record.ts', 'RecordedImport'),
  'verification-record': () => fields('verification-record.ts', 'VerificationRecord'),
  'drill-record': () => fields('drill-record.ts', 'DrillRecord'),
  'drill-check': () => fields('drill-record.ts', 'DrillCheck'),
  'failed-run': () => fields('failed-run.ts', 'FailedRun'),
};

/** A page with all that is printed in it as it is printed now. */
export function withPrinted(page: string): string {
  return page.replace(/^<!-- printed: (.+) -->\n[^]*?^<!-- end of what is printed -->$/gm, (_, name: string) => {
    const print = PRINTED[name];
    if (print === undefined) throw new Error(`nothing is called ${name}: these are ${Object.keys(PRINTED).join(', ')}`);
    return `<!-- printed: ${name} -->\n\n${print()}\n\n<!-- end of what is printed -->`;
  });
}

function retried(code: ExitCode): 'yes' | 'no' | 'never' {
  if (code === ExitCode.OK || code === ExitCode.DIFFERS) return 'never'; // no Job that has failed ends with it
  return RETRYABLE.includes(code) ? 'yes' : 'no';
}

/** What happens where a rule is broken. */
function consequence({ error, warning }: LifecycleRuleFacts): string {
  if (error === undefined && warning === undefined) return 'documentation';
  const parts = [['E', error], ['W', warning]].flatMap(([level, where]) => where === undefined ? [] : [`${level} ${where}`.trim()]);
  return parts.join(parts.some(part => part.length > 1) ? '; ' : ', ');
}

function fields(file: string, interfaceName: string): string {
  return table(['field', 'type', 'meaning'], fieldsOf(file, interfaceName).map(({ name, optional, type, comment }: Documented) =>
    [`\`${name}\`${optional ? ', may be absent' : ''}`, `\`${type}\``, comment]));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')).replaceAll(' ', ''), ...rows.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return `|${cells.map(cell => cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `).join('|')}|`;
}

if (require.main === module) for (const { file, text } of readPages()) writeFileSync(join(ROOT, file), withPrinted(text));
