/* Pieces of the schemas of configs: what most of them have. */
import * as z from 'zod';
import { NAME_PATTERN } from '../../contract/layout';

/** No program and no file can be told a text with a NUL in it. */
export const NO_NUL = [/^[^\0]*$/, 'must not have a NUL in it'] as const;
export const text = z.string().min(1).regex(...NO_NUL);
export const texts = z.array(text).readonly();
/** An IPv6 address may have the brackets that it has in a URL: no program takes them beside a port. */
export const host = text.transform(value => value.replace(/^\[(.*:.*)\]$/, '$1'));
export const port = z.int().min(1).max(65535);
export const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
export const absolutePath = z.string().startsWith('/', 'must be an absolute path').regex(...NO_NUL);
// Their text gets into logs and messages.
export const httpUrl = z.url({ protocol: /^https?$/ }).refine(url => !/^https?:\/\/[^/?#]*@/.test(url), 'must not have credentials in it');
/** Of a backup. */
export const backupName = z.string().regex(NAME_PATTERN, 'must be 1 to 63 letters, digits, "_" or "-", the first a letter or digit');

/** One of several kinds of object, which are told apart by the value of a field. */
export function oneOf<Schema extends z.ZodType>(
  field: string, schemas: readonly Schema[],
): z.ZodType<z.output<Schema>, z.input<Schema>> {
  const union: z.ZodType = z.discriminatedUnion(field, schemas as unknown as [z.core.$ZodTypeDiscriminable]);
  return union as z.ZodType<z.output<Schema>, z.input<Schema>>;
}
