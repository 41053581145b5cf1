import { mkdtempSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { inNodeNetwork, place, startKubectl } from './_cluster';
import { program } from './_paths';
import { Whispercache } from './_whispercache';
import { ROOT } from '../image/_lab';
import { clientBin } from '../integration/servers/postgres';
import { shellLine } from '../pages';

/**
 * Runs commands of README and docs in a shell of "a laptop", which has kubectl, our program, the keys of the bucket, and what was synthesized in `dist`.
 * Returns what they print. The last one has to succeed; after one that fails the next is typed all the same.
 */
export async function run(commands: string, { cliEnv, dist }: Pick<Whispercache, 'cliEnv' | 'dist'>): Promise<string> {
  const directory = mkdtempSync(path.join(process.env.TMPDIR!, 'laptop-'));
  symlinkSync(dist, path.join(directory, 'dist'));
  const script = `cd ${directory}
    kubectl() { ${program('kubectl')} --kubeconfig ${place().kubeconfig} "$@"; }
    npx() { [ "$1" = cdk8s-backup ] && ${process.execPath} ${path.join(ROOT, 'dist', 'runner', 'main.js')} "\${@:2}"; }
    ${commands}`;
  return inNodeNetwork(['bash', '-uo', 'pipefail', '-c', script], { env: { ...cliEnv, PATH: `${clientBin(17)}${path.delimiter}${process.env.PATH}` } });
}

/** Starts a line of README and docs that goes on until it is stopped, such as a port-forward. */
export function start(beginning: string): { stop(): void } {
  const [command, ...args] = shellLine(beginning).replace(/ &.*$/, '').split(' ');
  if (command !== 'kubectl') throw new Error(`${beginning} is no kubectl`);
  return startKubectl(...args);
}
