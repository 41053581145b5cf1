/*
 * Props as forms that are checked when they are handed in. TypeScript checks them only where somebody runs it: apps are started with tsx, which
 * does not. There a misspelt `encyption` would be no encryption, and nobody would be told.
 *
 * A form has a line for each property of its interface, and the compiler sees to it that none is missing and that each takes what the interface
 * says. (jsii's assembly says the same, but lies beside the package, and not in an app that is bundled into one file.)
 *
 * Python, Java and Go refuse an unknown name themselves, and jsii hands over known ones only: there nothing unknown arrives here, and what is of a
 * wrong type is told all the same.
 */
import { likeliest } from './likeliest';

/** What a property takes. */
export interface Takes<T> {
  /** With its article: `a Retention`. */
  readonly what: string;
  /** What to write, in words and calls that are right in each language: `Retention.days(30)`, `BackupSource.redis with 'host': "redis"`. */
  readonly example: string;
  readonly accepts: (value: unknown) => boolean;
  /** Checks what is in the value, which is called `where` in messages. */
  readonly inside?: (where: string, value: T) => void;
}

/** What a property takes that must be given. */
export type Needed<T> = Takes<T> & { readonly needed: true };

/** What each property of props or options takes. */
export type Form<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Takes<Exclude<T[K], undefined>> : Needed<T[K]>;
};

export function needed<T>(takes: Takes<T>): Needed<T> {
  return { ...takes, needed: true };
}

/** Refuses props or options that have an unknown name, lack what is needed, or have something of a wrong type, at every level. */
export function checkForm<T extends object>(value: T, form: Form<T>, where = ''): void {
  if (!isObject(value) || !isOf(value, form)) {
    throw new Error(`${where === '' ? 'the properties' : `'${where}'`} must be an object, got ${kindOf(value)}: as in ${exampleOf(form)}`);
  }
  const prefix = where === '' ? '' : `${where}.`;
  if (isPlain(value)) checkNames(Object.keys(value), Object.keys(form), prefix);
  for (const [name, takes] of Object.entries<Takes<any>>(form)) checkValue(prefix + name, (value as any)[name], takes);
}

/** Refuses what is of another type than the property takes, and nothing where something is needed. Never shows text, which may be a secret. */
export function checkValue<T>(property: string, value: T | undefined, takes: Takes<T>): void {
  if (value === undefined) {
    if ('needed' in takes) throw new Error(`'${property}' is missing: give ${takes.what}, as in ${takes.example}`);
    return;
  }
  checkGiven(property, value, takes);
}

/** The same of a value that is there. */
export function checkGiven<T>(property: string, value: T, takes: Takes<T>): void {
  if (!takes.accepts(value)) {
    const given = kindOf(value);
    const wayOut = given === takes.what ? `that is of another copy of its package, which "npm ls cdk8s-backup cdk8s-plus-28" shows; as in ${takes.example}` : `as in ${takes.example}`;
    throw new Error(`'${property}' must be ${takes.what}, got ${given}: ${wayOut}`);
  }
  takes.inside?.(property, value);
}

/** What is given, in a word. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return isPlain(value) ? `an object with ${listed(Object.keys(value)) || 'nothing in it'}` : withArticle(value.constructor.name);
  return String(value);
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is no instance of a class. By its shape: what another realm made has another `Object` as its prototype. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An instance of a class may implement the interface; one that has nothing of it is something else. */
function isOf(value: object, form: object): boolean {
  return isPlain(value) || Object.keys(form).some(name => name in value);
}

function checkNames(given: readonly string[], known: readonly string[], prefix: string): void {
  const unknown = given.find(name => !known.includes(name));
  if (unknown === undefined) return;
  const meant = likeliest(unknown, known.filter(name => !given.includes(name))) ?? likeliest(unknown, known);
  const wayOut = meant === undefined ? `known are ${listed(known)}` : `did you mean '${prefix}${meant}'?`;
  throw new Error(`'${prefix}${unknown}' is unknown: ${wayOut}`);
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

function listed(names: readonly string[]): string {
  return names.map(name => `'${name}'`).join(', ');
}

/** Props or options with what has to be there, and with `more`; of those that need nothing, the first. */
export function exampleOf(form: object, more: readonly string[] = []): string {
  const all = Object.entries<Takes<unknown>>(form as any);
  const shown = all.filter(([name, takes]) => 'needed' in takes || more.includes(name));
  return `an object with ${(shown.length === 0 ? all.slice(0, 1) : shown).map(([name, { example }]) => `'${name}': ${example}`).join(', ')}`;
}
