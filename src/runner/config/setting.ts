import { usage } from './refusals';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Changes one value of a config: `source.host=localhost`, `stores.s3.endpoint=http://localhost:9000`.
 *
 * Elements of a list are addressed by their index or their `name`, and `null` removes one. Otherwise the text becomes what the present value is: a number, a
 * boolean, a text; in place of `null`, objects and lists it is read as JSON if it is JSON, and is a text otherwise.
 */
export function applySetting(config: unknown, setting: string): unknown {
  const at = setting.indexOf('=');
  if (at < 1) throw usage(`--set takes path=value, got ${JSON.stringify(setting)}`);
  const path = setting.slice(0, at);
  return replace(config as Json, path.split('.'), setting.slice(at + 1), path);
}

function replace(node: Json, [head, ...rest]: readonly string[], value: string, path: string): Json {
  if (head === undefined) return convert(node, value, path);
  if (Array.isArray(node)) {
    const elements = node as readonly Json[];
    const index = elements.findIndex((element, i) => (element as { readonly name?: Json } | null)?.name === head || String(i) === head);
    if (index < 0) {
      const names = elements.map((element, i) => (element as { readonly name?: string } | null)?.name ?? i);
      throw usage(`--set ${path}: there is no ${head}; there is ${names.join(', ') || 'nothing'}`);
    }
    if (rest.length === 0 && value === 'null') return elements.filter((_, i) => i !== index);
    return elements.map((element, i) => i === index ? replace(element, rest, value, path) : element);
  }
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, head)) {
    throw usage(`--set ${path}: there is no ${head}; there is ${typeof node === 'object' && node !== null ? Object.keys(node).join(', ') : 'nothing below'}`);
  }
  const object = node as { readonly [key: string]: Json };
  return { ...object, [head]: replace(object[head]!, rest, value, path) };
}

function convert(present: Json, value: string, path: string): Json {
  if (value === 'null') return null;
  switch (typeof present) {
    case 'string': return value;
    case 'number':
      if (value.trim() === '' || Number.isNaN(Number(value))) throw usage(`--set ${path}: must be a number, got ${JSON.stringify(value)}`);
      return Number(value);
    case 'boolean':
      if (value !== 'true' && value !== 'false') throw usage(`--set ${path}: must be true or false, got ${JSON.stringify(value)}`);
      return value === 'true';
    default:
      try {
        return JSON.parse(value) as Json;
      } catch {
        return value; // a text in place of null
      }
  }
}
