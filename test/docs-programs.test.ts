import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as cdk8s from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import ts from 'typescript';
import { isTypeScript } from './docs-snippets';
import { blocks, readPages } from './pages';
import * as cdk8sBackup from '../src';

/* The whole programs of README and docs are run: synth refuses much that the compiler lets through. */
const programs = readPages().flatMap(blocks).filter(block => isTypeScript(block) && block.code.includes('app.synth();'));

const MODULES: Record<string, unknown> = { cdk8s, 'cdk8s-plus-28': kplus, 'cdk8s-backup': cdk8sBackup };

test.each(programs)('the program at $place synthesizes', ({ code }) => {
  expect(synthesize(code)).toContainEqual(expect.stringMatching(/\.k8s\.yaml$/));
});

test('a program that synth refuses is found', () => {
  const { code } = programs.find(({ place }) => place.startsWith('docs/how-to/'))!;
  expect(() => synthesize(code.replaceAll(/minute: '\d+'/g, "minute: '60'"))).toThrow(/60/);
});

/** Runs a program in this process, and returns the files that it has written. */
function synthesize(code: string): readonly string[] {
  const out = mkdtempSync(path.join(tmpdir(), 'cdk8s-backup-docs-'));
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } });
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = out;
  for (const method of ['log', 'error'] as const) jest.spyOn(console, method).mockReturnValue(); // as `plan.describe()` is printed
  try {
    new Function('require', 'exports', outputText)((name: string) => MODULES[name], {});
    return readdirSync(out);
  } finally {
    jest.restoreAllMocks();
    if (before === undefined) delete process.env.CDK8S_OUTDIR; else process.env.CDK8S_OUTDIR = before;
    rmSync(out, { recursive: true });
  }
}
