import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { codeOf, RunnerError } from './errors';
import { Said, shortened } from './said';
import { stoppable } from './stoppable';
import { ExitCode } from '../../contract/exit-code';

/** Of what a program of our own writes to its stderr. */
const STDERR_TAIL_CHARS = 64_000;
/** A program that ignores SIGTERM this long is killed. */
const KILL_AFTER_MS = 2000;

/** A program to run. Secrets go into `env`: arguments are visible to every process on the node. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** All that it gets besides PATH, HOME and a plain locale. */
  readonly env?: NodeJS.ProcessEnv;
  /** Written to its standard input. If a stream fails, the program is stopped, and what it made of the rest counts for nothing. */
  readonly input?: string | Readable;
  /**
   * Explains a failure better than the generic error; `undefined` if it can't.
   *
   * @param said the lines of its stderr that quote neither rows nor statements
   */
  readonly explain?: (said: string, exitCode: number | null, signal: AbortSignal) => RunnerError | undefined | Promise<RunnerError | undefined>;
  /** Gets the same lines of a program that has succeeded, before its output ends: it may have warned of something. */
  readonly warned?: (said: string) => void;
  /** As {@link explain}, for a program of our own, which writes what it has to say as data: gets the end of all of its stderr. */
  readonly decode?: (stderr: string) => RunnerError | undefined;
}

/**
 * Runs a program without a shell and streams its stdout.
 *
 * The stream ends only after the program exited with 0 and fails otherwise, so a truncated dump can't pass for a whole one.
 * Destroying it, or aborting `signal`, stops the program.
 */
export function stdoutOf(program: Program, signal: AbortSignal): Readable {
  const { file, args, input, explain, warned, decode } = program;
  signal.throwIfAborted();
  const child = spawn(file, args, {
    env: childEnv(program.env),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that what the program starts is stopped with it
  });
  let stderr = '';
  const said = new Said();
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    said.add(chunk);
    if (decode) stderr = (stderr + chunk).slice(-STDERR_TAIL_CHARS);
  });
  let inputFailure: Error | null = null;
  let stoppedReading = false;
  if (typeof input === 'string') {
    child.stdin!.on('error', () => {}); // it ended before it read everything: its exit code says why
    child.stdin!.end(input);
  }
  // Node throws away what a program has written that ends before somebody reads it, unless there is a listener.
  child.stdout!.on('readable', () => {});
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let ended = false;
  // A failure to start is reported below, once somebody reads.
  const settled = closed.catch(() => {}).then(() => {
    ended = true;
  });

  const stop = () => {
    if (ended || child.pid === undefined) return;
    killGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(() => killGroup(child.pid!, 'SIGKILL'), KILL_AFTER_MS);
    void settled.then(() => clearTimeout(timer));
  };
  signal.addEventListener('abort', stop, { once: true });
  if (input instanceof Readable) {
    // Who was first tells which of the two has failed, and not the code of the error: a connection that the input comes from breaks like a pipe.
    const noted = () => {
      if (input.errored === null && (!input.destroyed || input.readableEnded)) stoppedReading = true;
    };
    child.stdin!.once('error', noted).once('close', noted);
    pipeline(input, child.stdin!, error => {
      if (!error || ended || stoppedReading) return; // its exit code says why
      inputFailure = error;
      stop();
    });
  }

  async function* output(): AsyncGenerator<Buffer> {
    try {
      yield* child.stdout!;
      const [code, killedBy] = await closed.catch(error => {
        throw cannotStart(file, error);
      });
      signal.throwIfAborted();
      if (inputFailure) throw inputFailure as Error;
      if (code !== 0) {
        throw await explain?.(said.text(), code, signal) ?? decode?.(stderr)
          ?? new RunnerError(`${path.basename(file)} ended with ${killedBy ?? `exit code ${code}`}: ${shortened(said.text()) || 'it gave no reason'}`, ExitCode.FAILED);
      }
      warned?.(said.text());
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }
  return stoppable(output(), stop);
}

/** Runs a program without a shell and returns all of its stdout. For small output only. */
export async function outputOf(program: Program, signal: AbortSignal): Promise<string> {
  return text(stdoutOf(program, signal));
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error; // it has ended meanwhile
  }
}

function cannotStart(file: string, error: unknown): RunnerError {
  if (codeOf(error) === 'ENOENT') {
    return new RunnerError(`${file} is not installed, or not on PATH: install it, or use the runner image, which has it`, ExitCode.BAD_CONFIG, { cause: error });
  }
  return new RunnerError(`${file} can't be started: ${String(error)}`, ExitCode.FAILED, { cause: error });
}

function childEnv(extra: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH } = process.env;
  // A plain locale: messages are matched in English.
  return { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, LC_ALL: 'C.UTF-8', ...extra };
}
