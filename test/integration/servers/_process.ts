import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The promise is 5 s, and what does not keep it waits for minutes: a test tells them apart on a machine of any speed. */
export const AT_ONCE_MS = 60_000;

const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
const LOG_TAIL_CHARS = 3000;

export interface ProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** Gets stdout and stderr, after what is there already. */
  readonly logFile: string;
  /** Asked again and again until it answers `true`; throwing counts as `false`. */
  readonly readiness: () => Promise<boolean>;
  readonly timeoutMs: number;
  /** Asks the program to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface RunningProcess {
  readonly pid: number;
  /** Resolves, never rejects, when the program is gone. */
  readonly exited: Promise<void>;
  /** Sends a signal to the program and all that it started. */
  kill(signal: NodeJS.Signals): void;
  /** Asks the program to end, kills it when it does not, and resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a server and resolves once it is ready. Rejects with the end of its log when it ends first or takes too long. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  if (!existsSync(options.logFile)) symlinkSync(placeOfLog(options.logFile), options.logFile);
  const log = openSync(options.logFile, 'a');
  // The kernel kills the server when the tests die, however they die: no handler in the tests runs after a SIGKILL.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', options.file, ...options.args], {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
    stdio: ['ignore', log, log],
    detached: true, // a process group of its own, so that one signal reaches all that it starts
  });
  closeSync(log);

  const exited = once(child, 'exit').then(() => {}, () => {});
  const gone = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const killGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // nobody is left
    }
  };
  const stop = async () => {
    if (!gone()) child.kill(options.stopSignal ?? 'SIGTERM');
    await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    killGroup('SIGKILL');
    await exited;
  };

  try {
    await until(`${options.file} is ready`, options.timeoutMs, async () => {
      if (gone()) throw new Error(`${options.file} ended at once`);
      return options.readiness().catch(() => false);
    });
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}; the end of ${options.logFile}:\n${tailOf(options.logFile)}`);
  }
  return { pid: child.pid!, kill: killGroup, exited, stop };
}

/** Waits until `condition` answers `true`; one that throws ends the wait. */
export async function until(what: string, timeoutMs: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
    await sleep(POLL_MS);
  }
}

/** Ports below those that the kernel gives away by itself: a connection of somebody else's can't take one before the server listens on it. */
const PORTS = { first: 10_000, last: 31_999 };

/** A TCP port of this machine that nobody listens on; where to look first is left to chance, since other files of tests look at the same time. */
export async function freePort(): Promise<number> {
  for (let port = randomInt(PORTS.first, PORTS.last); ; port = port < PORTS.last ? port + 1 : PORTS.first) {
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Makes an empty directory, which is removed after all tests (see `_setup.ts`). */
export function tempDir(prefix: string): string {
  return mkdtempSync(join(tmpdir(), `${prefix}-`));
}

/**
 * A file for the log of a server that has it in its directory, and removes that when it stops: whether its tests pass is known only later. Then
 * `_reporter.ts` says which logs there are of a file of tests that failed.
 */
function placeOfLog(file: string): string {
  const tests = typeof expect === 'undefined' ? 'campaign' : relative(process.cwd(), expect.getState().testPath ?? 'setup');
  const directory = join(tmpdir(), 'logs', tests.replaceAll('/', '_'));
  mkdirSync(directory, { recursive: true });
  return join(directory, relative(tmpdir(), file).replaceAll('/', '_'));
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').slice(-LOG_TAIL_CHARS);
}
