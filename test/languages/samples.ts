/*
 * Translates the samples of the README for the packages of other languages, where they would be TypeScript that is called Python. Each is compiled first.
 * What is written is found by jsii-pacmak, beside the assembly.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../pages';

/** What samples import. */
const IMPORTED = ['cdk8s', 'cdk8s-plus-28', 'constructs', '@types'];

const folder = mkdtempSync(join(tmpdir(), 'samples-'));
try {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of IMPORTED) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  symlinkSync(ROOT, join(modules, 'cdk8s-backup'));
  execFileSync('jsii-rosetta', ['extract', '--compile', '--fail', '--directory', folder, ROOT], { stdio: ['ignore', 'inherit', 'inherit'] });
} finally {
  rmSync(folder, { recursive: true });
}
