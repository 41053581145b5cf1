import { Writable } from 'node:stream';
import pino from 'pino';
import { coloursOf } from './colour';
import { formatBytes, formatSeconds } from './format';
import { isText, LogFormat } from './log-format';
import { printable } from './table';

const LOG_INTERVAL_MS = 10_000;
const BAR_INTERVAL_MS = 100;

/** Facts of an event; units are in the names. */
export type Facts = Readonly<Record<string, unknown>>;

/** Tells what a command is doing: to a person on a terminal, or as one JSON object per line to a log. */
export interface Reporter {
  /** @param event what happened, machine-readable: `backup.started` */
  info(event: string, message: string, facts?: Facts): void;
  warn(event: string, message: string, facts?: Facts): void;
  error(event: string, message: string, facts?: Facts): void;
  /**
   * Begins to report progress of one stream. Ends with {@link Progress.done}.
   *
   * @param sure whether that many bytes are to come, rather than estimated: then the time that remains is told
   */
  progress(what: string, expectedBytes: number | null, sure?: boolean): Progress;
}

export interface Progress {
  add(bytes: number): void;
  done(): void;
}

/** Reports to `stream`: on a terminal with a progress bar, in a log with the time, or as JSON lines. */
export function createReporter(
  stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }, format: LogFormat = 'auto', env: NodeJS.ProcessEnv = {},
): Reporter {
  if (!isText(format, stream)) return jsonReporter(stream);
  return stream.isTTY ? terminalReporter(stream, env) : textReporter(stream);
}

function jsonReporter(stream: Writable): Reporter {
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message', formatters: { level: level => ({ level }) } }, stream);
  return {
    info: (event, message, facts) => log.info({ event, ...facts }, message),
    warn: (event, message, facts) => log.warn({ event, ...facts }, message),
    error: (event, message, facts) => log.error({ event, ...facts }, message),
    progress: (what, expectedBytes, sure) => meter(LOG_INTERVAL_MS, ({ bytes, seconds }) => {
      const left = sure ? remainingSeconds(bytes, expectedBytes, seconds) : null;
      log.info({
        event: 'progress',
        what,
        bytes,
        expectedBytes,
        bytesPerSecond: Math.round(bytes / seconds),
        elapsedSeconds: Math.round(seconds),
        ...left !== null && { remainingSeconds: Math.round(left) },
      }, what);
    }),
  };
}

/** A log for people: the time in front of each line, which has all that is to be known. */
function textReporter(stream: Writable): Reporter {
  const line = (mark: string) => (_event: string, message: string, { retryMayHelp, exitCode, stack }: Facts = {}) => {
    const lines = [`${mark}${message}`, ...typeof stack === 'string' ? [stack] : []].flatMap(text => text.split('\n')).map(printable);
    const end = exitCode === undefined ? '' : ` (exit code ${String(exitCode)}${retryMayHelp === true ? ', a retry may help' : retryMayHelp === false ? ', a retry does not help' : ''})`;
    stream.write(`${new Date().toISOString().slice(11, 19)} UTC  ${lines[0]!}${end}\n${lines.slice(1).map(more => `${' '.repeat(14)}${more}\n`).join('')}`);
  };
  const info = line('');
  return {
    info,
    warn: line('Warning: '),
    error: line('Error: '),
    progress: (what, expectedBytes, sure = false) => meter(LOG_INTERVAL_MS, ({ bytes, seconds }) => {
      const share = portion(bytes, expectedBytes, sure);
      const of = expectedBytes === null ? '' : ` of ${sure ? '' : 'about '}${formatBytes(expectedBytes)}`;
      info('progress', `${what}: ${share === '' ? '' : `${share}, `}${formatBytes(bytes)}${of}, ${formatBytes(bytes / seconds)}/s${timeLeft(bytes, expectedBytes, seconds, sure)}`);
    }),
  };
}

function terminalReporter(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }, env: NodeJS.ProcessEnv): Reporter {
  const colour = coloursOf(stream, env);
  const line = (mark: string) => (_event: string, message: string) => {
    stream.write(`\r\x1b[K${mark}${message.split('\n').map(printable).join('\n')}\n`);
  };
  return {
    info: line(''),
    warn: line(colour.yellow('Warning: ')),
    error: line(colour.red('Error: ')),
    progress: (what, expectedBytes, sure = false) => {
      const progress = meter(BAR_INTERVAL_MS, ({ bytes, seconds }) => {
        const time = `${formatSeconds(seconds)}${timeLeft(bytes, expectedBytes, seconds, sure)}`;
        const share = portion(bytes, expectedBytes, sure);
        const text = `${what}  ${bar(bytes, expectedBytes)}${share === '' ? '' : `${share}  `}${formatBytes(bytes)}  ${formatBytes(bytes / seconds)}/s  ${time}`;
        stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
      });
      return {
        add: progress.add,
        done: () => {
          progress.done();
          stream.write('\r\x1b[K');
        },
      };
    },
  };
}

function meter(intervalMs: number, show: (state: { bytes: number; seconds: number }) => void): Progress {
  const started = performance.now();
  let bytes = 0;
  const timer = setInterval(() => show({ bytes, seconds: (performance.now() - started) / 1000 }), intervalMs);
  timer.unref();
  return {
    add: count => {
      bytes += count;
    },
    done: () => clearInterval(timer),
  };
}

/** At the present rate. */
function remainingSeconds(bytes: number, expectedBytes: number | null, seconds: number): number | null {
  return expectedBytes === null || bytes === 0 ? null : Math.max(0, (expectedBytes - bytes) * seconds / bytes);
}

/** How much of it is there, where that is known well enough. An estimate never says that it is all. */
function portion(bytes: number, expectedBytes: number | null, sure: boolean): string {
  if (expectedBytes === null || expectedBytes === 0) return '';
  const percent = Math.floor(100 * bytes / expectedBytes);
  return sure ? `${Math.min(100, percent)} %` : `about ${Math.min(99, percent)} %`;
}

function timeLeft(bytes: number, expectedBytes: number | null, seconds: number, sure: boolean): string {
  const left = remainingSeconds(bytes, expectedBytes, seconds);
  return left === null || (!sure && left === 0) ? '' : `, ${sure ? '' : 'about '}${formatSeconds(left)} left`;
}

/** A bar where the end is known well enough, nothing otherwise. */
function bar(bytes: number, expectedBytes: number | null): string {
  if (expectedBytes === null || expectedBytes === 0) return '';
  const filled = Math.min(20, Math.round((20 * bytes) / expectedBytes));
  return `[${'='.repeat(filled)}${' '.repeat(20 - filled)}]  `;
}
