/*
 * The tables of README and docs that are printed from the code: `npx tsx test/readme-tables.ts` writes them, and readme-tables.test.ts fails where
 * that was forgotten.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readClaimingPages, ROOT } from './pages';
import { LifecycleProvider } from '../src/constructs/bucket/lifecycle-provider';
import { LIFECYCLE_RULES, LifecycleRuleFacts } from '../src/contract/lifecycle-rules';

/** A table by its first line, which says what is in its columns. */
interface Table {
  readonly header: string;
  readonly rows: readonly string[];
}

export const TABLES: readonly Table[] = [
  {
    header: '| # | rule | |',
    rows: Object.values(LIFECYCLE_RULES).map((rule: LifecycleRuleFacts) => row([`${rule.number}`, rule.says, consequence(rule)])),
  },
  {
    header: '| profile | as of | transitions | differences from AWS |',
    rows: Object.entries(LifecycleProvider).map(([name, { _profile: { asOf, transitions, differences } }]: [string, LifecycleProvider]) =>
      row([`\`${name}\``, asOf, transitions, differences])),
  },
];

/** A page with these tables as they are printed, where it has one of them. */
export function withTables(page: string): string {
  return TABLES.reduce((text, { header, rows }) => {
    const start = text.indexOf(`\n${header}\n`) + 1;
    if (start === 0) return text;
    const end = text.indexOf('\n\n', start) + 1;
    const ruler = header.replace(/[^|]+/g, '---');
    return `${text.slice(0, start)}${[header, ruler, ...rows].join('\n')}\n${text.slice(end)}`;
  }, page);
}

/** What happens where a rule is broken. */
function consequence({ error, warning }: LifecycleRuleFacts): string {
  if (error === undefined && warning === undefined) return 'documentation';
  const parts = [['E', error], ['W', warning]].flatMap(([level, where]) => where === undefined ? [] : [`${level} ${where}`.trim()]);
  return parts.join(parts.some(part => part.length > 1) ? '; ' : ', ');
}

function row(cells: readonly string[]): string {
  return `|${cells.map(cell => cell === '' ? ' ' : ` ${cell} `).join('|')}|`;
}

if (require.main === module) for (const { file, text } of readClaimingPages()) writeFileSync(join(ROOT, file), withTables(text));
