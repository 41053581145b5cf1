import { createRequire } from 'node:module';
import { Readable, Writable } from 'node:stream';
import type { CommandLine, CommandLineEnded } from './_runner';
import type * as Cli from '../../src/runner/cli';

/*
 * A process that runs command lines of the bundle for a process of the tests, without one of its own for each. Starting a client of
 * PostgreSQL copies the page tables of whoever starts it: 20 ms from a process of 300 MB, as Jest is, and 5 ms from this one of 100 MB.
 *
 * Node.js itself loads this file, and strips the types: nothing may be in it that is not erased.
 */

const [, thisFile, bundle] = process.argv;
const { run } = createRequire(thisFile!)(bundle!) as typeof Cli;

function capture(): Writable & { readonly chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  return Object.assign(new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) }), { chunks });
}

process.on('message', async ({ id, args, env }: CommandLine) => {
  const [stdout, stderr] = [capture(), capture()];
  const code = await run(args, { env, stdin: Readable.from([]), stdout, stderr, signal: new AbortController().signal });
  const ended: CommandLineEnded = { id, code, stdout: Buffer.concat(stdout.chunks).toString(), stderr: Buffer.concat(stderr.chunks).toString() };
  process.send!(ended);
});
process.on('disconnect', () => process.exit());
