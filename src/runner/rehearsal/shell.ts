import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';
import { quoted } from '../core/shell-word';

/** As a port-forward begins: when it says its first word, it listens. */
const BEGINS_WITHIN_MS = 30_000;
/** Whoever ignores SIGTERM so long is killed. */
const KILL_AFTER_MS = 2000;

/** In which the last line is. */
const TAIL_CHARS = 4000;

export interface EndedBlock {
  readonly exitCode: number;
  /** The last line that is not empty of what it has printed. */
  readonly lastLine: string;
}

/**
 * A bash in the folder of the page, in which one block is played after the other, as in one terminal. It ends with the first command that fails, and with
 * it what goes on beside it.
 */
export class RehearsalShell {
  private readonly bash: ChildProcess;
  private readonly closed: Promise<number>;
  private readonly beside: ChildProcess[] = [];
  private count = 0;
  private heard: ((text: string) => void) | undefined;

  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly out: { readonly stdout: Writable; readonly stderr: Writable },
  ) {
    this.bash = this.start(['--noprofile', '--norc'], 'pipe');
    this.bash.stdout!.setEncoding('utf8').on('data', (text: string) => this.heard?.(text));
    this.bash.stdin!.on('error', () => {}); // it has ended, which is told by how
    this.closed = closeOf(this.bash);
    this.bash.stdin!.write('set -eo pipefail\n');
  }

  /** Plays a block to its end. What it asks for is read from `answers`, one a line. */
  public async play(code: string, answers: readonly string[]): Promise<EndedBlock> {
    const mark = `\0end of block ${++this.count}\n`;
    let unread = '';
    let tail = '';
    const show = (text: string) => {
      if (text !== '') this.out.stdout.write(text);
      tail = (tail + text).slice(-TAIL_CHARS);
    };
    const ended = new Promise<number>(resolve => {
      this.heard = more => {
        unread += more;
        for (let at = unread.indexOf('\0'); at >= 0; at = unread.indexOf('\0')) {
          show(unread.slice(0, at));
          unread = unread.slice(at);
          if (unread.startsWith(mark)) return resolve(0);
          if (mark.startsWith(unread)) return; // the rest of it is still to come
          show('\0');
          unread = unread.slice(1);
        }
        show(unread);
        unread = '';
      };
    });
    const input = answers.length === 0 ? '/dev/null' : `<(printf '%s\\n' ${answers.map(quoted).join(' ')})`;
    this.bash.stdin!.write(`eval ${quoted(code)} < ${input}\nprintf '\\0end of block ${this.count}\\n'\n`);
    // A shell that has ended plays no more, however it ended.
    const exitCode = await Promise.race([ended, this.closed.then(ownCode => ownCode === 0 ? ExitCode.FAILED : ownCode)]);
    if (answers.length > 0) this.out.stdout.write(`${answers.join('\n')}\n`); // as a terminal shows what is typed
    return { exitCode, lastLine: tail.trimEnd().split('\n').at(-1)!.trim() };
  }

  /** Starts what goes on until the shell ends, and waits until it has begun. */
  public async playBeside(code: string): Promise<EndedBlock> {
    const child = this.start(['--noprofile', '--norc', '-c', code], 'ignore');
    this.beside.push(child);
    let said = false;
    const began = new Promise<number>(resolve => {
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said = true;
        this.out.stdout.write(text);
        resolve(0);
      });
    });
    const timer = new AbortController();
    const late = new Promise<number>(resolve => {
      const timeout = setTimeout(() => resolve(ExitCode.DEADLINE), BEGINS_WITHIN_MS);
      timer.signal.addEventListener('abort', () => clearTimeout(timeout));
    });
    const exitCode = await Promise.race([began, closeOf(child), late]);
    timer.abort();
    return { exitCode: exitCode === 0 && !said ? ExitCode.FAILED : exitCode, lastLine: '' };
  }

  /** Ends everything that was started here. What runs in the cluster goes on. */
  public async end(): Promise<void> {
    await Promise.all([this.bash, ...this.beside].map(async child => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const ended = once(child, 'exit');
      kill(child.pid, 'SIGTERM');
      const timer = setTimeout(() => kill(child.pid!, 'SIGKILL'), KILL_AFTER_MS);
      await ended;
      clearTimeout(timer);
    }));
  }

  /** With the environment of whoever rehearses: it is their shell that the page means. */
  private start(args: readonly string[], stdin: 'pipe' | 'ignore'): ChildProcess {
    const child = spawn('bash', args, { cwd: this.folder, env: this.env, stdio: [stdin, 'pipe', 'pipe'], detached: true });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => this.out.stderr.write(text));
    return child;
  }
}

/** The exit code of a program whose output has all been read. */
async function closeOf(child: ChildProcess): Promise<number> {
  try {
    const [code] = await once(child, 'close') as [number | null];
    return code ?? ExitCode.FAILED;
  } catch (error) {
    throw new RunnerError('bash can\'t be started: install it, or type the commands of the page yourself', ExitCode.BAD_CONFIG, { cause: error });
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended meanwhile
  }
}
