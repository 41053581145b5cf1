import { createHash } from 'node:crypto';
import { transformSync, version, type TransformOptions } from 'esbuild';

/*
 * Makes of TypeScript, and of packages that are ES modules only, what jest can load. Types are not looked at: "tsc" does that once for all files.
 *
 * Node.js itself loads this file, and strips the types: nothing may be in it that is not erased.
 */

const OPTIONS: TransformOptions = {
  format: 'cjs',
  target: 'node24',
  sourcemap: 'inline', // a stack trace names the line that somebody wrote
  sourcesContent: false,
  tsconfigRaw: '{}',
};

/** The name is jest's, as that of the other. */
export function process(source: string, file: string): { code: string } {
  const { code } = transformSync(source, { ...OPTIONS, loader: file.endsWith('.ts') ? 'ts' : 'js', sourcefile: file });
  return { code };
}

export function getCacheKey(source: string, file: string): string {
  return createHash('sha256').update(JSON.stringify([OPTIONS, version])).update(file).update('\0').update(source).digest('hex').slice(0, 32);
}
