import { Reporter } from '../core/reporter';
import { quoted } from '../core/shell-word';

/** What was typed to say which config, and which backup of it, is meant. */
export interface TypedFlags {
  /** Of the command that was typed. */
  readonly command: string;
  /** An option as its command describes it, such as `--job <name>`. */
  readonly flags: readonly (readonly [option: string, value: string])[];
}

/** The options of each command, as it describes them. */
export type Commands = ReadonlyMap<string, readonly string[]>;

/** Commands that restore get the config of a restore, also where a backup's was named: only there is a `target`. */
const RESTORING: readonly string[] = ['restore', 'rollback', 'discard'];

/**
 * Repeats behind each command that a text names what was typed to say which config is meant, so that the command can be run as it stands.
 * Only what is shown is changed: what is stored, and read elsewhere, must not have the paths of this machine.
 *
 * @param commands that there are; one that does not have an option, or has it for something else, does not get it: `--name <name>` is no `--name <backup>`
 */
export function withTypedFlags(text: string, { command, flags }: TypedFlags, commands: Commands): string {
  if (flags.length === 0) return text;
  const named = new RegExp(`\\bcdk8s-backup (${[...commands.keys()].join('|')})(?![\\w-])(?! --(?:manifest|help))`, 'g');
  return text.replace(named, (hint, other: string) => {
    const same = RESTORING.includes(command) === RESTORING.includes(other);
    const repeated = flags.filter(([option, value]) => commands.get(other)!.includes(option) && (same || !option.startsWith('--set') || value.startsWith('stores.')));
    return [hint, ...repeated.map(([option, value]) => `${option.split(' ')[0]} ${quoted(value)}`)].join(' ');
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
