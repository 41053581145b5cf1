import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { NOT_NOW } from './_cluster';
import { ROOT } from '../image/_lab';

export const BUCKET = 'your-backup-bucket';

/** Stands before each file of an example, where all of them are one text. */
const FILE = /^\/\/ file (\S+)\n/m;

/**
 * The example with a bucket that is not Amazon's, and nothing else about it changed but what `change` does. Nothing in it fires by itself.
 *
 * @param change of all files of the example, one after the other
 */
export async function synthesizeExample(example: string, id: string, endpoint: string, change: (source: string) => string): Promise<string> {
  // Below the project: that is where its imports are found.
  const directory = path.join(ROOT, '.cache', 'cluster', id);
  const from = path.join(ROOT, 'examples', example);
  const files = readdirSync(from).filter(file => file.endsWith('.ts'));
  const source = replaced(
    files.map(file => `// file ${file}\n${readFileSync(path.join(from, file), 'utf8')}`).join(''), `bucketName: '${BUCKET}',`, `bucketName: '${BUCKET}', endpoint: '${endpoint}',`,
  );
  mkdirSync(directory, { recursive: true });
  try {
    const [, ...parts] = change(source).split(FILE);
    for (let i = 0; i < parts.length; i += 2) writeFileSync(path.join(directory, parts[i]!), parts[i + 1]!);
    const dist = path.join(process.env.TMPDIR!, 'dist', id);
    mkdirSync(dist, { recursive: true });
    const tsx = path.join(ROOT, 'node_modules', '.bin', 'tsx');
    await promisify(execFile)(tsx, ['--tsconfig', path.join(ROOT, 'examples', 'tsconfig.json'), 'main.ts'], { cwd: directory, env: { ...process.env, CDK8S_OUTDIR: dist } });
    for (const manifest of readdirSync(dist).filter(file => file.endsWith('.k8s.yaml')).map(file => path.join(dist, file))) {
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/^  schedule: .+$/gm, `  schedule: ${NOT_NOW.expressionString}`));
    }
    return dist;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Text with something replaced that has to be there. */
export function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the example has no ${from} any more: change the test that replaces it`);
  return text.replaceAll(from, to);
}
