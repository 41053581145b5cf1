import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Verdict {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs promtool in a folder with these files. */
export async function promtool(files: { readonly [name: string]: string }, ...args: string[]): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-backup-promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const child = spawn('promtool', args, { cwd: folder, env: { ...process.env, GOGC: '400' } }); // a fifth less work, for some megabytes
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout), text(child.stderr), new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve)),
    ]);
    return { passed: code === 0, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
