/*
 * Pieces of schemas for documents that come from outside: what is wrong with one is told in a sentence, however large it is, and
 * however often it is wrong.
 */
import * as z from 'zod';

/** What a person reads of it. */
const SHOWN_FAULTS = 20;
const SHOWN_CHARS = 2000;
const SHOWN_VERSION_CHARS = 40;

/** What {@link listOf} and {@link mapOf} accept, as zod itself would say it. */
const PLAIN = new WeakMap<z.ZodType, z.ZodType>();

/** A list that is refused at its first wrong element: of a million of them none but that is kept in memory. */
export function listOf<T>(element: z.ZodType<T>, least = 0): z.ZodType<T[]> {
  const schema = z.array(z.unknown()).min(least).transform((list, context) => {
    const result: T[] = [];
    for (const [i, value] of list.entries()) {
      const { data, error } = element.safeParse(value);
      if (error) return refused(error, i, context);
      result.push(data);
    }
    return result;
  });
  PLAIN.set(schema, z.array(element).min(least));
  return schema;
}

/** Values by name, refused at the first wrong one. */
export function mapOf<T>(element: z.ZodType<T>): z.ZodType<{ [name: string]: T }> {
  const schema = z.record(z.string(), z.unknown()).transform((map, context) => {
    const result: [string, T][] = [];
    for (const [name, value] of Object.entries(map)) {
      const { data, error } = element.safeParse(value);
      if (error) return refused(error, name, context);
      result.push([name, data]);
    }
    return Object.fromEntries(result);
  });
  PLAIN.set(schema, z.record(z.string(), element));
  return schema;
}

/** A schema as zod itself would say it, from which a JSON schema can be made: zod can't look into a transformation. */
export function plainOf(schema: z.ZodType): z.ZodType {
  return PLAIN.get(schema) ?? schema;
}

function refused(error: z.ZodError, at: string | number, context: { addIssue(issue: { code: 'custom'; path: PropertyKey[]; message: string }): void }): never {
  for (const { path, message } of error.issues) context.addIssue({ code: 'custom', path: [at, ...path], message });
  return z.NEVER;
}

/** What is wrong, field by field. */
export function faultsOf({ issues }: z.ZodError, root = ''): string {
  const shown = issues.slice(0, SHOWN_FAULTS).map(({ path, message }) => `${path.join('.') || root}: ${message}`).join('; ');
  return cut(issues.length > SHOWN_FAULTS ? `${shown}; and ${issues.length - SHOWN_FAULTS} more` : shown);
}

/** The field `version` of whatever it is, for a message that refuses it. */
export function versionText(root: unknown): string {
  const version = (root as { version?: unknown } | null)?.version;
  if (typeof version === 'string') return JSON.stringify(version.slice(0, SHOWN_VERSION_CHARS));
  // Not as JSON: it can be nested deeper than anything can follow.
  if (Array.isArray(version)) return '[…]';
  return typeof version === 'object' && version !== null ? '{…}' : String(version);
}

/** A text from outside, no longer than a message may be. */
export function cut(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
