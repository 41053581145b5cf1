import { PostgresConfig } from '../../../contract/config';

/** Patterns for tables and schemas, as `psql` and `pg_dump` read them, taken apart into regular expressions of PostgreSQL. */
export interface NamePattern {
  /** `null` where the pattern has no schema. */
  readonly schema: string | null;
  readonly name: string;
}

/** Reads a pattern by the rules of `pg_dump`: `*` and `?`, lower case outside of double quotes, a dot after the schema. */
export function parsePattern(pattern: string): NamePattern {
  const parts = [''];
  let inQuotes = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    let regex = char;
    if (char === '"') {
      if (!inQuotes || pattern[at + 1] !== '"') {
        inQuotes = !inQuotes;
        continue;
      }
      at++; // a doubled quote stands for itself
    } else if (char === '$') {
      regex = '\\$';
    } else if (inQuotes) {
      if ('|*+?()[]{}.^\\'.includes(char)) regex = `\\${char}`;
    } else if (char === '.') {
      parts.push('');
      continue;
    } else if (char === '*') {
      regex = '.*';
    } else if (char === '?') {
      regex = '.';
    } else if (char === '[' && pattern[at + 1] === ']') {
      regex = '\\['; // as in the name of an array type
    } else if (char >= 'A' && char <= 'Z') {
      regex = char.toLowerCase();
    }
    parts[parts.length - 1] += regex;
  }
  const [schema, name] = parts.slice(-2).map(part => `^(${part})$`);
  return name === undefined ? { schema: null, name: schema! } : { schema: schema!, name };
}

/**
 * A SQL condition for what `pg_dump` dumps under these filters, on `c`, a row of `pg_class`, and `n`, its `pg_namespace`.
 *
 * A pattern for tables without a schema means those that are found without naming theirs.
 */
export function filterCondition(config: Pick<PostgresConfig, 'includeSchemas' | 'excludeSchemas' | 'includeTables' | 'excludeTables'>): string {
  const { includeSchemas, excludeSchemas, includeTables, excludeTables } = config;
  const conditions: string[] = [];
  if (includeTables.length > 0) {
    conditions.push(anyOf(includeTables.map(tableCondition))); // pg_dump then does not look at filters for schemas
  } else {
    if (includeSchemas.length > 0) conditions.push(anyOf(includeSchemas.map(schemaCondition)));
    if (excludeSchemas.length > 0) conditions.push(`not ${anyOf(excludeSchemas.map(schemaCondition))}`);
  }
  if (excludeTables.length > 0) conditions.push(`not ${anyOf(excludeTables.map(tableCondition))}`);
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/** A SQL literal, whatever `standard_conforming_strings` is. */
export function literal(text: string): string {
  return `E'${text.replace(/['\\]/g, '\\$&')}'`;
}

function schemaCondition(pattern: string): string {
  return `n.nspname ~ ${literal(parsePattern(pattern).name)}`;
}

function tableCondition(pattern: string): string {
  const { schema, name } = parsePattern(pattern);
  const inSchema = schema === null ? 'pg_table_is_visible(c.oid)' : `n.nspname ~ ${literal(schema)}`;
  return `(c.relname ~ ${literal(name)} and ${inSchema})`;
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(' or ')})`;
}
