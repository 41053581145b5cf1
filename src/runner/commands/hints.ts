import { Reporter } from '../core/reporter';

/** What was typed to say which config is meant, as far as another command takes it as well. */
export interface TypedFlags {
  /** Of the command that was typed. */
  readonly command: string;
  readonly flags: readonly (readonly [flag: string, value: string])[];
}

/** Commands that restore get the config of a restore, also where a backup's was named: only there is a `target`. */
const RESTORING: readonly string[] = ['restore', 'rollback', 'discard'];

/**
 * Repeats behind each command that a text names what was typed to say which config is meant, so that the command can be run as it stands.
 * Only what is shown is changed: what is stored, and read elsewhere, must not have the paths of this machine.
 *
 * @param commands that there are
 */
export function withTypedFlags(text: string, { command, flags }: TypedFlags, commands: readonly string[]): string {
  if (flags.length === 0) return text;
  const named = new RegExp(`\\bcdk8s-backup (${commands.join('|')})(?![\\w-])(?! --(?:manifest|help))`, 'g');
  return text.replace(named, (hint, other: string) => {
    const same = RESTORING.includes(command) === RESTORING.includes(other);
    return [hint, ...flags.filter(([flag, value]) => same || flag !== '--set' || value.startsWith('stores.')).map(([flag, value]) => `${flag} ${quoted(value)}`)].join(' ');
  });
}

/** Reports with the flags just typed. */
export function hinting(reporter: Reporter, change: (text: string) => string): Reporter {
  return {
    info: (event, message, facts) => reporter.info(event, change(message), facts),
    warn: (event, message, facts) => reporter.warn(event, change(message), facts),
    error: (event, message, facts) => reporter.error(event, change(message), facts),
    progress: (...args) => reporter.progress(...args),
  };
}

/** The same stream, with `change` in everything that is written to it. */
export function writing<S extends NodeJS.WritableStream>(stream: S, change: (text: string) => string): S {
  const write = (text: unknown, ...rest: readonly never[]) => stream.write((typeof text === 'string' ? change(text) : text) as string, ...rest as []);
  return new Proxy(stream, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'write') return write;
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** As a shell takes it for one word. */
export function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll('\'', '\'\\\'\'')}'`;
}
