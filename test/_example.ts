import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

export const EXAMPLES = join(__dirname, '..', 'examples');

/** By the names of their folders. */
export const EXAMPLE_NAMES = readdirSync(EXAMPLES, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => name).sort();

/** Of `examples/whispercache`, each with what differs from production. */
export const PROFILES = ['production', 'on-premises', 'development'];

/** Synthesizes an example in a process of its own, as a user does; files by name. */
export function synthExample(example: string, env: NodeJS.ProcessEnv = {}): { readonly [file: string]: string } {
  const out = mkdtempSync(join(tmpdir(), 'cdk8s-backup-'));
  try {
    execFileSync(join(__dirname, '..', 'node_modules', '.bin', 'tsx'), ['main.ts'], {
      cwd: join(EXAMPLES, example), env: { ...process.env, ...env, CDK8S_OUTDIR: out },
    });
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    const paths = files.map(entry => relative(out, join(entry.parentPath, entry.name))).sort();
    return Object.fromEntries(paths.map(path => [path, readFileSync(join(out, path), 'utf8')]));
  } finally {
    rmSync(out, { recursive: true });
  }
}
