import * as z from 'zod';
import { isMarker } from './own-files';
import { ExitCode } from '../../contract/exit-code';
import { parseKey } from '../../contract/layout';
import { BackupRecord, RECORD_VERSION } from '../../contract/record';
import { ENGINE_NAMES } from '../config/engines/table';
import { RunnerError } from '../core/errors';
import { cut, faultsOf, listOf, mapOf, versionText } from '../core/schema';
import { isKey } from '../store-api/keys';

/** A larger one is not read: whoever lists backups has all of their records in memory. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const count = z.int().min(0);
const instant = z.iso.datetime();

const source = z.object({
  engine: z.enum(ENGINE_NAMES),
  serverVersion: z.string(),
  address: z.string(),
  database: z.string().nullable(),
});

/** How a record in a store is read. docs/reference/schemas/record.json is made from it, as other schemas are from those of the history. */
export const recordSchema = z.object({
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  name: z.string(),
  source,
  members: mapOf(source).optional(),
  startedAt: instant,
  finishedAt: instant,
  tools: mapOf(z.string()),
  artifacts: listOf(z.object({
    file: z.string(),
    member: z.string().optional(),
    role: z.enum(['data', 'globals']),
    database: z.string().nullable(),
    bytes: count,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    compression: z.object({
      algorithm: z.enum(['zstd', 'gzip', 'none']),
      level: count,
      where: z.enum(['inside', 'outside']),
    }),
    plainBytes: count.nullable(),
    counts: z.object({
      precision: z.enum(['exact', 'estimate']),
      unit: z.enum(['rows', 'keys']),
      items: mapOf(count),
      unlisted: z.object({ items: count, total: count }).optional(),
    }).nullable(),
    recipients: listOf(z.string(), 1).optional(),
  }), 1),
  stores: listOf(z.string(), 1),
  suspect: z.string().nullable(),
  warnings: listOf(z.string(), 1).optional(),
  safety: z.object({ before: z.string(), rollback: z.boolean() }).optional(),
  imported: z.object({
    from: z.string(), at: instant, timeFrom: z.string(), checksumFile: z.string().nullable(), sha256: z.string().optional(),
  }).optional(),
}) satisfies z.ZodType<BackupRecord>;

/** Renders a record for the store and for people who look at it there. */
export function renderRecord(record: BackupRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/**
 * Reads the record that stands under `key`.
 *
 * @throws RunnerError with exit code CORRUPT unless it is a whole record, of this version, for this very key; its artifacts
 * have names of the same backup, so that no record can name a file elsewhere, and each its own, which nothing but an artifact has
 */
export function parseRecord(key: string, json: string): BackupRecord {
  const fail = (reason: string) => new RunnerError(`the record ${key} can't be read: ${cut(reason)}`, ExitCode.CORRUPT);
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch (error) {
    throw fail(`it is not JSON (${String(error)})`);
  }
  if ((root as { version?: unknown } | null)?.version !== RECORD_VERSION) {
    throw fail(`it has version ${versionText(root)}, this runner reads version ${RECORD_VERSION}; use the runner release that wrote it`);
  }
  const result = recordSchema.safeParse(root);
  if (!result.success) {
    throw fail(faultsOf(result.error));
  }
  const record = result.data;
  const { id, name } = parseKey(key) ?? {};
  if (record.id !== id || record.name !== name) throw fail(`it is of another backup, ${record.id}`);
  const files = new Set<string>();
  for (const { file } of record.artifacts) {
    if (parseKey(file)?.id !== id || !isFileName(file)) throw fail(`it names the file ${JSON.stringify(file)}, which is none of this backup`);
    if (isMarker(file) || files.has(file)) throw fail(`it names the file ${file} as an artifact, which is ${files.has(file) ? 'another one already' : 'none'}`);
    files.add(file);
  }
  return record;
}

/** Whether every store takes it, and every terminal shows it as it is. */
function isFileName(file: string): boolean {
  return isKey(file) && !CONTROL.test(file);
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
