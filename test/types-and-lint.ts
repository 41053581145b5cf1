/*
 * Types and lint of all TypeScript: what is wrong is printed, and then the exit code is 1.
 *   tsx test/types-and-lint.ts src test
 *
 * Half of what ESLint does is to find types, and all of what `tsc` does: here they share a program, which finds each of them once. `projen eslint`
 * and `tsc --noEmit -p test/tsconfig.json` say the same.
 */
import { join } from 'node:path';
import * as parser from '@typescript-eslint/parser';
import { LegacyESLint } from 'eslint/use-at-your-own-risk';
import ts from 'typescript';

const PROJECT = join(__dirname, 'tsconfig.json');

let program: ts.Program;

/** ESLint loads this file as its parser. Rules about imports look into packages too, which are no part of the program. */
export function parseForESLint(code: string, options: parser.ParserOptions) {
  const types = program.getSourceFile(options.filePath!) && { programs: [program] };
  return parser.parseForESLint(code, { ...options, project: undefined, ...types });
}

function typesAreRight(): boolean {
  const found = ts.getPreEmitDiagnostics(program);
  const host = { getCurrentDirectory: ts.sys.getCurrentDirectory, getCanonicalFileName: (name: string) => name, getNewLine: () => '\n' };
  process.stdout.write(ts.formatDiagnosticsWithColorAndContext(found, host));
  return found.length === 0;
}

async function lintIsRight(places: string[]): Promise<boolean> {
  const eslint = new LegacyESLint({ extensions: ['.ts'], errorOnUnmatchedPattern: false, overrideConfig: { parser: __filename } });
  const results = await eslint.lintFiles(places);
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(results));
  return results.every(({ errorCount }) => errorCount === 0);
}

async function main(): Promise<void> {
  program = parser.createProgram(PROJECT);
  const right = [typesAreRight(), await lintIsRight(process.argv.slice(2))];
  process.exitCode = right.every(Boolean) ? 0 : 1;
}

if (require.main === module) void main();
