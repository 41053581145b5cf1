import { ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clientPath, PostgresMajor } from './servers/postgres';
import { Config, CONFIG_ENV } from '../../src/contract/config';

/** The bundle, as the image has it. */
const PROGRAM = path.join(__dirname, '..', '..', 'dist', 'runner', 'main.js');

/** A run of the program that has ended. */
export interface Ended {
  /** 128 and the signal's number if a signal ended it, as a shell says it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it logged, line by line. */
  readonly events: readonly { readonly level: string; readonly event: string; readonly message: string; readonly [fact: string]: unknown }[];
  /** Message of the last event. */
  readonly message: string;
  /** Result of a backup, with id and artifacts. */
  readonly result: BackupResult;
}

export interface BackupResult {
  readonly id: string;
  readonly suspect: string | null;
  readonly artifacts: readonly { readonly file: string; readonly bytes: number }[];
}

/** What `list --json` says, as far as the tests look at it. */
export interface Listing {
  readonly latest: string | null;
  readonly backups: readonly { readonly id: string; readonly [field: string]: unknown }[];
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  readonly config?: Config;
  /** Secrets, as a pod would get them. */
  readonly env?: NodeJS.ProcessEnv;
  /** Directories in front of PATH; the clients of PostgreSQL follow. */
  readonly path?: string;
  /** Which clients of PostgreSQL are there, beside 15, which always is; all of them if it is not said, as in the image. */
  readonly clients?: readonly PostgresMajor[];
  readonly cwd?: string;
  /** Program and arguments to put in front, such as `faketime`. */
  readonly through?: readonly string[];
}

/** The program and its arguments. */
export function programArgs(...args: readonly string[]): string[] {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run "npx projen bundle:runner"`);
  return [process.execPath, PROGRAM, ...args];
}

export function environmentOf({ config, env, path: first, clients = [] }: RunOptions): NodeJS.ProcessEnv {
  return {
    PATH: [...first === undefined ? [] : [first], clientPath(...clients)].join(':'),
    HOME: '/nonexistent',
    TMPDIR: tmpdir(), // what a run leaves that is killed goes with the rest
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'compile-cache'), // a third of the start-up time, thousands of times
    ...config && { [CONFIG_ENV]: JSON.stringify(config) },
    ...env,
  };
}

/** Starts the program as the image does: the bundled file, and nothing in its environment but what a pod spec would give it. */
export function start(args: readonly string[], options: RunOptions): Running {
  const [file, ...rest] = [...options.through ?? [], ...programArgs(...args)];
  const child = spawn(file!, rest, { cwd: options.cwd, env: environmentOf(options), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => stdout += text);
  child.stderr.setEncoding('utf8').on('data', text => stderr += text);
  const ended = once(child, 'close').then(([code, signal]) => {
    return endedWith(code ?? ({ SIGTERM: 143, SIGKILL: 137 } as { [name: string]: number })[signal] ?? 128, stdout, stderr);
  });
  return { process: child, ended };
}

/** A run with this exit code and output. */
export function endedWith(code: number, stdout: string, stderr: string): Ended {
  const lines = stderr.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  return {
    code,
    stdout,
    stderr,
    events: lines,
    message: lines.at(-1)?.message ?? '',
    get result() {
      return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    },
  };
}

/** Runs a command line, without a process of its own where nothing asks for one. What is about the process, such as its arguments, takes {@link start}. */
export function run(args: readonly string[], options: RunOptions): Promise<Ended> {
  return needsProcess(options) ? start(args, options).ended : runThere(args, options);
}

/** What is looked for in the environment of a process, and not in that of a command line. */
const OF_A_PROCESS = /^(AWS_|FAKETIME|LD_|NODE_|SSL_)|^(HOME|LANG|LC_ALL|PATH|TMPDIR|TZ)$/;

function needsProcess({ through, cwd, path: first, clients, env = {} }: RunOptions): boolean {
  return [through, cwd, first, clients].some(option => option !== undefined) || Object.keys(env).some(name => OF_A_PROCESS.test(name));
}

/** A command line for the process of `_command-lines.ts`, and how it ended. */
export interface CommandLine {
  readonly id: number;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface CommandLineEnded {
  readonly id: number;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let lastId = 0;
let commandLines: ReturnType<typeof startCommandLines> | undefined;

/** Runs a command line in a process that runs all those of a file of tests, which costs a fifth of one of its own. */
async function runThere(args: readonly string[], options: Pick<RunOptions, 'config' | 'env'>): Promise<Ended> {
  const { child, waiting } = commandLines ??= startCommandLines();
  const id = lastId++;
  const { code, stdout, stderr } = await new Promise<CommandLineEnded>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    child.send({ id, args, env: environmentOf(options) } satisfies CommandLine);
  });
  return endedWith(code, stdout, stderr);
}

function startCommandLines() {
  const [, bundle] = programArgs();
  const child = fork(path.join(__dirname, '_command-lines.ts'), [bundle!], {
    env: environmentOf({}),
    execArgv: ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
  });
  const waiting = new Map<number, { resolve(ended: CommandLineEnded): void; reject(error: Error): void }>();
  child.on('message', (ended: CommandLineEnded) => {
    waiting.get(ended.id)!.resolve(ended);
    waiting.delete(ended.id);
  });
  child.once('exit', (code, signal) => {
    commandLines = undefined;
    for (const { reject } of waiting.values()) reject(new Error(`the process of the command lines ended by itself: ${signal ?? code}`));
  });
  child.unref(); // the fault campaign, which has no hooks, must be able to end
  child.channel!.unref();
  return { child, waiting };
}

(globalThis as { afterAll?: jest.Lifecycle }).afterAll?.(() => commandLines?.child.disconnect());

/** Takes a backup and fails the test unless it succeeds. */
export async function backup(options: RunOptions): Promise<BackupResult> {
  const ended = await run(['backup'], options);
  if (ended.code !== 0) throw new Error(`the backup ended with ${ended.code}:\n${ended.stderr}`);
  return ended.result;
}

/** What `list --json` says. */
export async function list(options: RunOptions): Promise<Listing> {
  const ended = await run(['list', '--json'], options);
  if (ended.code !== 0) throw new Error(`list ended with ${ended.code}:\n${ended.stderr}`);
  return JSON.parse(ended.stdout);
}

/** Names of what is in a directory, hidden files included. */
export function filesIn(directory: string): string[] {
  return readdirSync(directory).sort();
}

/** Command lines and environments of all processes below `pid` now, and of `pid` itself. */
export function processesBelow(pid: number): { readonly pid: number; readonly args: string; readonly env: string }[] {
  const read = (id: number, what: string) => {
    try {
      return readFileSync(`/proc/${id}/${what}`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  // What has ended and was not reaped yet is gone: in a container nobody may ever do that.
  const all = readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(id => read(id, 'stat').split(') ')[1]?.[0] !== 'Z');
  const parent = new Map(all.map(id => [id, Number(read(id, 'stat').split(') ')[1]?.split(' ')[1])]));
  const isBelow = (id: number | undefined): boolean => id === pid || (id !== undefined && id > 1 && isBelow(parent.get(id)));
  return all.filter(isBelow).map(id => ({ pid: id, args: read(id, 'cmdline'), env: read(id, 'environ') }));
}

/** Ends this process and all below it at once, as the end of a container does. */
export function killAllBelow(pid: number): void {
  killAll(processesBelow(pid));
}

/** Ends those that run still. */
export function killAll(processes: readonly { readonly pid: number }[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it ended with the one before
    }
  }
}
