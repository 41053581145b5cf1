/*
 * Writes the schemas in docs/reference/schemas: `npx tsx test/docs/json-schemas.ts`. json-schemas.test.ts fails where that was forgotten, and where
 * the program prints anything else than what they say, down to a field that no schema has.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { COMMAND_SCHEMAS } from './command-schemas';
import { LOG_SCHEMAS } from './log-schemas';
import { status } from './status-schema';
import { drill, failedRun, record, verification } from './stored-schemas';
import { ROOT } from '../pages';

export const FOLDER = path.join(ROOT, 'docs', 'reference', 'schemas');

export const SCHEMAS = {
  'record': record.describe('ID.json in a store: the record of a backup.'),
  'verification': verification.describe('ID.verified.TIME.json in a store: what reading a copy back has shown.'),
  'drill': drill.describe('ID.drill.json in a store: a restore drill.'),
  'failed-run': failedRun.describe('ID.failed.json in a store: a backup run that failed.'),
  ...COMMAND_SCHEMAS,
  ...LOG_SCHEMAS,
  status,
} as const;

/** What the files hold, by name. Readers have to expect fields that a later release adds. */
export function schemaFiles(): Map<string, string> {
  return new Map(Object.entries(SCHEMAS).map(([name, schema]) => {
    const json = z.toJSONSchema(schema, {
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        if (jsonSchema.minItems === 0) delete jsonSchema.minItems;
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern; // says the same in 300 characters
      },
    });
    return [`${name}.json`, `${JSON.stringify(json, null, 2)}\n`];
  }));
}

if (require.main === module) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(path.join(FOLDER, name), text);
}
