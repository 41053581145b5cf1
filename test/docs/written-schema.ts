/*
 * The schemas by which the program reads what is stored, made ready to be written down: with the comments that the contract has for their fields, and
 * strict, so that a test finds a field that is in no schema.
 */
import * as z from 'zod';
import { fieldsOf } from './doc-comments';
import { plainOf } from '../../src/runner/core/schema';

/** Comments by name of the field; `seconds.verify` for one of an object in an object. */
type Comments = ReadonlyMap<string, string>;

const NO_COMMENTS: Comments = new Map();

/** Interfaces of the contract, `FILE#NAME`, by the path of the field that has an object of them; `''` is the document. */
export type Interfaces = Readonly<Record<string, string>>;

/** A schema of an object as it is written down. */
export function written(schema: z.ZodObject, interfaces: Interfaces): z.ZodObject {
  return writtenAt('', schema, interfaces, NO_COMMENTS) as z.ZodObject;
}

function writtenAt(path: string, read: z.ZodType, interfaces: Interfaces, outer: Comments): z.ZodType {
  const schema = plainOf(read);
  const inside = (inner: unknown) => writtenAt(path, inner as z.ZodType, interfaces, outer);
  if (schema instanceof z.ZodOptional) return inside(schema.unwrap()).optional();
  if (schema instanceof z.ZodNullable) return inside(schema.unwrap()).nullable();
  if (schema instanceof z.ZodArray) return new z.ZodArray({ ...schema._zod.def, element: inside(schema.element) });
  if (schema instanceof z.ZodRecord) return z.record(z.string(), inside(schema.valueType));
  if (!(schema instanceof z.ZodObject)) return schema;
  const comments = interfaces[path] === undefined ? outer : commentsOf(interfaces[path]);
  return z.strictObject(Object.fromEntries(Object.entries(schema.shape).map(([name, type]) => {
    const field = writtenAt(path === '' ? name : `${path}.${name}`, type, interfaces, within(comments, name));
    const comment = comments.get(name);
    return [name, comment === undefined || comment === '' ? field : field.describe(comment)];
  })));
}

function commentsOf(interfaceOf: string): Comments {
  const [file, name] = interfaceOf.split('#');
  return new Map(fieldsOf(file!, name!).map(field => [field.name, field.comment]));
}

/** The comments on the fields of the object `name`. */
function within(comments: Comments, name: string): Comments {
  const start = `${name}.`;
  return new Map([...comments].flatMap(([field, comment]) => field.startsWith(start) ? [[field.slice(start.length), comment]] : []));
}
