import { Readable } from 'node:stream';
import fc from 'fast-check';
import { ExitCode } from '../../src/contract/exit-code';
import { RunnerError } from '../../src/runner/core/errors';
import { isKey } from '../../src/runner/store-api/keys';
import { MemoryStore } from '../runner/stores/_memory';

/* What somebody may leave in a store who means harm, or a disk that is going bad. Seeded: a run that fails fails again. */

export const SEED = 20261122;

/** Bounded, and the same in every run. */
export function runs(numRuns: number): fc.Parameters<unknown> {
  return { seed: SEED, numRuns };
}

/** Names that lead elsewhere, or are something else to JavaScript, to a shell or to a terminal. */
export const EVIL_NAMES: readonly string[] = [
  '', '.', '..', '../../etc/passwd', '/etc/passwd', '..\\..\\x', 'a/b', 'a\0b', 'a\nb', '\x1b[2J', '__proto__', 'constructor', 'toString',
  '.hidden', '-rf', '*', '$(id)', '%2e%2e%2f', 'app_20261122_020000.db/../../x', 'app_20261122_020000.\0', 'app_x_20261122_020000.db', 'é'.repeat(200),
];

const EVIL_VALUES: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, -0, 2 ** 53, 1e308, '', 'x'.repeat(100_000), [], [[]], {}, { length: -1 }, { toString: null }, '2026-13-45T99:99:99Z',
  '9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00Z', 'NaN', ...EVIL_NAMES,
];

/** Nested deeper than a stack reaches. */
export const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

/** Texts that come from the JSON of `valid` by changes at random places: other values, fields too many and too few, damage of the text. */
export function spoiled(valid: object): fc.Arbitrary<string> {
  const paths = pathsIn(valid);
  const value = fc.oneof(fc.constantFrom(...EVIL_VALUES), fc.jsonValue(), fc.string(), fc.double());
  const change = fc.tuple(fc.constantFrom(...paths), fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(REMOVED) }));
  const changed = fc.array(change, { minLength: 1, maxLength: 3 }).map(changes => {
    const copy = JSON.parse(JSON.stringify(valid)) as object;
    for (const [path, put] of changes) set(copy, path, put);
    return JSON.stringify(copy);
  });
  const text = JSON.stringify(valid);
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 2, arbitrary: fc.nat(text.length).map(length => text.slice(0, length)) },
    { weight: 2, arbitrary: damaged(text, 3, 1) },
    // A name twice, and names that are something else to JavaScript.
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('__proto__', 'constructor', ...Object.keys(valid)), value)
        .map(([name, put]) => `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(put) ?? 'null'}}`),
    },
    { weight: 1, arbitrary: fc.constantFrom('', 'null', '[]', '1', '"x"', '\ufeff{}', '1e999', DEEP, `{"version":${DEEP}}`, '{"version":1,"__proto__":{"id":"x"}}') },
    { weight: 1, arbitrary: fc.json() },
  );
}

/** A text with something else at some place: up to so many characters put in, for up to so many that are left out. */
export function damaged(text: string, put: number, left: number): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(text.length - 1), fc.string({ maxLength: put }), fc.nat(left))
    .map(([at, other, skipped]) => text.slice(0, at) + other + text.slice(at + skipped));
}

const REMOVED = Symbol('removed');

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [...path.length > 0 ? [path] : [], ...Object.entries(value).flatMap(([key, below]) => pathsIn(below, [...path, key]))];
}

function set(root: object, path: readonly string[], value: unknown): void {
  let node = root as { [key: string]: unknown };
  for (const key of path.slice(0, -1)) {
    if (typeof node[key] !== 'object' || node[key] === null) return; // an earlier change has put something else there
    node = node[key] as { [key: string]: unknown };
  }
  if (value === REMOVED) delete node[path.at(-1)!];
  else node[path.at(-1)!] = value;
}

/** The result, or what was refused; fails where it is anything but a `RunnerError` whose message a person can read. */
export function refusalOf<T>(action: () => T): { readonly value: T } | { readonly refused: RunnerError } {
  try {
    return { value: action() };
  } catch (error) {
    return { refused: refusal(error) };
  }
}

/** As {@link refusalOf}, for what takes time. */
export async function refusalIn<T>(action: () => Promise<T>): Promise<{ readonly value: T } | { readonly refused: RunnerError }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { refused: refusal(error) };
  }
}

function refusal(error: unknown): RunnerError {
  if (!(error instanceof RunnerError)) throw error;
  if (error.message.length > 5000) throw new Error(`a message of ${error.message.length} characters: ${error.message.slice(0, 200)}`);
  return error;
}

/** A store that notes every key that it is asked for, and fails the test where one leads out of it. */
export class WatchedStore extends MemoryStore {
  public readonly asked: string[] = [];
  /** Keys of which the store says something else. */
  public readonly broken = new Map<string, RunnerError | (() => Readable)>();

  public override async get(key: string, signal: AbortSignal): Promise<Readable> {
    this.note([key]);
    const broken = this.broken.get(key);
    if (broken instanceof RunnerError) throw broken;
    return broken ? broken() : super.get(key, signal);
  }

  public override async create(key: string, content: string, signal: AbortSignal): Promise<boolean> {
    this.note([key]);
    return super.create(key, content, signal);
  }

  public override async put(key: string, body: Readable, expectedBytes: number | null, signal: AbortSignal): Promise<number> {
    this.note([key]);
    return super.put(key, body, expectedBytes, signal);
  }

  public override async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    this.note(keys);
    return super.remove(keys, signal);
  }

  private note(keys: readonly string[]): void {
    this.asked.push(...keys);
    const evil = keys.find(key => !isKey(key));
    if (evil !== undefined) throw new Error(`the store was asked for ${JSON.stringify(evil)}`);
  }
}

/** An object without an end, which counts what is read of it. */
export function endless(content = Buffer.alloc(64 * 1024, 'x')): { readonly open: () => Readable; readonly read: () => number } {
  let bytes = 0;
  return {
    open: () => new Readable({
      highWaterMark: 1,
      read() {
        bytes += content.length;
        if (bytes > 2 * 1024 ** 3) this.destroy(new Error('2 GiB were read of a small document'));
        else this.push(content);
      },
    }),
    read: () => bytes,
  };
}

export const denied = (key: string) => new RunnerError(`volume (/backups): can't read ${key}: user 65532 may not`, ExitCode.DENIED);
export const badBlock = (key: string) => new RunnerError(`volume (/backups): can't read ${key}: the disk reports an error (EIO)`, ExitCode.UNAVAILABLE);
