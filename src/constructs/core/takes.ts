/*
 * What properties take: the types of which several forms have some.
 */
import { Cron, Duration, Size } from 'cdk8s';
import { IConstruct } from 'constructs';
import { checkForm, checkGiven, exampleOf, Form, isObject, isPlain, Takes } from './form';

export const TEXT: Takes<string> = { what: 'text', example: '"text"', accepts: value => typeof value === 'string' };
export const FLAG: Takes<boolean> = { what: 'true or false', example: 'true', accepts: value => typeof value === 'boolean' };
export const NUMBER: Takes<number> = { what: 'a number', example: '3', accepts: value => typeof value === 'number' };

/** Text of a kind, with an example of it. */
export function text(example: string): Takes<string> {
  return { ...TEXT, example: JSON.stringify(example) };
}

// By what they can do rather than by their class: an app may have more than one copy of cdk8s.
export const DURATION: Takes<Duration> = { what: 'a Duration', example: 'Duration.hours(1)', accepts: value => has(value, 'toSeconds', 'function') };
export const SIZE: Takes<Size> = { what: 'a Size', example: 'Size.gibibytes(10)', accepts: value => has(value, 'toMebibytes', 'function') };
export const CRON: Takes<Cron> = {
  what: 'a Cron', example: 'Cron.schedule with \'minute\': "0" and \'hour\': "2"', accepts: value => has(value, 'expressionString', 'string'),
};

export const DATE: Takes<Date> = {
  what: 'a Date', example: 'the Date of 2026-11-22T02:00:00Z', accepts: value => Object.prototype.toString.call(value) === '[object Date]',
};

export const SECRET: Takes<IConstruct> = resource('a Secret', 'Secret', 'kplus.Secret.fromSecretName(chart, "Secret", "backup-secrets")');
export const CONFIG_MAP: Takes<IConstruct> = resource('a ConfigMap', 'ConfigMap', 'kplus.ConfigMap.fromConfigMapName(chart, "Map", "ca")');
export const CLAIM: Takes<IConstruct> = resource(
  'a PersistentVolumeClaim', 'PersistentVolumeClaim', 'kplus.PersistentVolumeClaim.fromClaimName(chart, "Claim", "data")');
export const SERVICE_ACCOUNT: Takes<IConstruct> = resource(
  'a ServiceAccount', 'ServiceAccount', 'kplus.ServiceAccount.fromServiceAccountName(chart, "Account", "backup")');

/** An object of Kubernetes, defined in this app or elsewhere: of any cdk8s-plus, or an `ApiObject`. */
export function resource(what: string, kind: string, example: string): Takes<IConstruct> {
  return { what, example, accepts: value => isObject(value) && !isPlain(value) && has(value, 'name', 'string') && (value as any).kind === kind };
}

/** An instance of a class of this library. */
export function instance<T>(type: { readonly prototype: T }, what: string, example: string): Takes<T> {
  return { what, example, accepts: value => value instanceof (type as any) };
}

/** A value of an enum. */
export function oneOf<T extends string>(values: { readonly [name: string]: T }, what: string): Takes<T> {
  const names = Object.keys(values).map(name => `${what}.${name}`);
  return { what: `a value of ${what}`, example: names.join(' or '), accepts: value => Object.values<unknown>(values).includes(value) };
}

/** A list. Whether it may be empty is not said here. */
export function listOf<T>(each: Takes<T>): Takes<readonly T[]> {
  return {
    what: `a list of ${each.what.replace(/^an? /, '')}`,
    example: `a list with ${each.example}`,
    accepts: value => Array.isArray(value),
    inside: (where, values) => {
      // Not with forEach, which leaves out what is empty.
      for (const [i, value] of [...values].entries()) checkGiven(`${where}[${i}]`, value, each);
    },
  };
}

/** Values by names of the user's. */
export function mapOf<T>(each: Takes<T>, name = 'name'): Takes<{ readonly [name: string]: T }> {
  return {
    what: `an object with ${each.what} for each name`,
    example: `an object with ${JSON.stringify(name)}: ${each.example}`,
    accepts: value => isObject(value) && isPlain(value),
    inside: (where, values) => {
      for (const [key, value] of Object.entries(values)) checkGiven(`${where}.${key}`, value, each);
    },
  };
}

/** Options in props. Their example has what is needed, and `more`. */
export function struct<T extends object>(form: Form<T>, ...more: readonly (keyof T & string)[]): Takes<T> {
  return { what: 'an object', example: exampleOf(form, more), accepts: isObject, inside: (where, value) => checkForm(value, form, where) };
}

/** Whether it has this member: what tells apart classes of which an app may have several, such as those of cdk8s-plus. */
export function has(value: unknown, member: string, type: 'function' | 'string'): boolean {
  return isObject(value) && typeof (value as any)[member] === type;
}
