import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IN_MEMORY, leftIn, ORIGINAL_TMPDIR, WAS_THERE } from './_setup';

/** What was told to end may take a moment to do so. */
const PATIENCE_MS = 10_000;

/** After all tests: removes what `_setup.ts` made, unless a test failed, names and ends programs that run still, and fails the run for them and for files elsewhere. */
export default async function teardown(): Promise<void> {
  const directory = tmpdir();
  const original = process.env[ORIGINAL_TMPDIR]!;
  const inMemory = process.env[IN_MEMORY]!;
  if (existsSync(path.join(directory, 'failed'))) {
    if (inMemory !== directory) rmSync(inMemory, { recursive: true, force: true }); // databases: their logs are in the other one
    process.stderr.write(`\nA test failed: what the servers and the program have left is kept in ${directory}\n`);
    return;
  }
  const left = (await processesLeft(directory)).map(pid => ({ pid, name: `process ${pid}, which is ended (${commandLine(pid)})` }));
  for (const { pid } of left) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  for (const one of [directory, inMemory]) rmSync(one, { recursive: true, force: true });
  const before = (process.env[WAS_THERE] ?? '').split('/');
  const files = leftIn(original).filter(name => !before.includes(name)).map(name => path.join(original, name));
  const behind = [...left.map(({ name }) => name), ...files];
  if (behind.length > 0) throw new Error(`the tests have left behind: ${behind.join('; ')}`);
}

/** Programs that tests have started, that run still, and that nobody waits for any more: they outlive whoever started them. */
async function processesLeft(directory: string): Promise<string[]> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    const left = orphans(directory);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(200);
  }
}

function orphans(directory: string): string[] {
  const parentOf = (pid: string) => read(pid, 'stat').split(') ').at(-1)!.split(' ')[1] ?? '';
  const isOurs = (pid: string): boolean => pid === String(process.pid) || (Number(pid) > 1 && isOurs(parentOf(pid)));
  return readdirSync('/proc').filter(name => /^\d+$/.test(name) && read(name, 'environ').includes(directory) && !isOurs(name));
}

function commandLine(pid: string): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

function read(pid: string, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return ''; // it has ended, or is somebody else's
  }
}
