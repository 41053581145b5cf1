/*
 * The memory that `pg_dump` needs. It holds one row at a time, twice: as it comes in, and as it goes out. So the largest row decides. That is
 * looked for without reading what is large: the length of a value stands in its row, the value itself elsewhere.
 */
import { PostgresClient } from './client';
import { quoted } from './errors';
import { dumpedRelations } from './facts';
import { literal } from './pattern';
import { PostgresConfig } from '../../../contract/config';
import { formatBytes } from '../../core/format';
import { MemoryNeed } from '../../engine-api/source';

/** Tables that are looked at: those with the most outside of their rows. */
const MOST_TABLES = 20;
/** Of one table. Smaller ones are looked at as a whole, of others a sample of as many. */
const MOST_PAGES = 2000;
/** What is outside of the rows of a table, where there is anything to be looked for. */
const LEAST_OUTSIDE_BYTES = 1024 ** 2;
const LIMITS = 'set statement_timeout = \'10s\'; set lock_timeout = \'2s\';';

/** Of `pg_dump` with rows of no size. */
const PROGRAM_BYTES = 16 * 1024 ** 2;
/** In which libpq begins to receive; it doubles that until a row fits. */
const BUFFER_BYTES = 16 * 1024;

interface LargeTable {
  readonly schema: string;
  readonly name: string;
  readonly pages: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

interface LargestRow {
  readonly table: string;
  readonly bytes: number;
}

/** Estimates what `pg_dump` needs for the largest row that a quick look finds. */
export async function memoryForDump(client: PostgresClient, database: string, config: PostgresConfig, signal: AbortSignal): Promise<MemoryNeed> {
  const tables = await client.query<LargeTable[]>(database, LIMITS + largeTablesQuery(config), signal);
  const largest = tables.length === 0 ? null : await client.query<LargestRow | null>(database, LIMITS + largestRowQuery(tables), signal);
  if (largest === null) return { bytes: PROGRAM_BYTES, what: `pg_dump of ${database}, which has no large rows` };
  const partly = tables.some(({ pages }) => pages > MOST_PAGES);
  return {
    bytes: bytesForRow(largest.bytes),
    what: `pg_dump of ${database}, for a row of ${largest.table} that has ${formatBytes(largest.bytes)} as a text${partly ? ', the largest in a sample' : ''}`,
  };
}

/** @param bytes of the row as COPY writes it */
export function bytesForRow(bytes: number): number {
  let buffer = BUFFER_BYTES;
  while (buffer < bytes) buffer *= 2;
  return PROGRAM_BYTES + buffer + bytes;
}

function largeTablesQuery(config: PostgresConfig): string {
  return `with ${dumpedRelations(config)},
    large as (
      select d.*, pg_relation_size(c.reltoastrelid) as outside, pg_relation_size(d.oid) / current_setting('block_size')::int as size_pages
      from dumped d join pg_class c on c.oid = d.oid where d.kind = 'r' and c.reltoastrelid <> 0
    )
    select coalesce(json_agg(json_build_object(
      'schema', schema, 'name', name, 'pages', size_pages,
      'columns', (
        select coalesce(json_agg(json_build_object('name', attname, 'type', format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null))), '[]')
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = large.oid and attnum > 0 and not attisdropped and a.attlen = -1 and attgenerated = ''
      )
    )), '[]') from (select * from large where outside >= ${LEAST_OUTSIDE_BYTES} order by outside desc limit ${MOST_TABLES}) as large;`;
}

function largestRowQuery(tables: readonly LargeTable[]): string {
  const each = tables.filter(({ columns }) => columns.length > 0).map(({ schema, name, pages, columns }) => {
    const row = columns.map(column => `coalesce(${textBytes(column)}, 0)`).join(' + ');
    const percent = Math.min(100, 100 * MOST_PAGES / Math.max(1, pages));
    return `select ${literal(`${schema}.${name}`)} as "table", max(${row}) as bytes from only ${quoted(schema)}.${quoted(name)} tablesample system (${percent})`;
  });
  return `select coalesce((select row_to_json(largest) from (${each.join('\nunion all\n')}) as largest where bytes is not null order by bytes desc limit 1), 'null');`;
}

/** How long a value gets as a text. No function is among these that reads one. */
function textBytes({ name, type }: LargeTable['columns'][number]): string {
  switch (type) {
    case 'bytea': return `2 * octet_length(${quoted(name)})::bigint`; // in hexadecimal digits
    case 'text':
    case 'character varying': return `octet_length(${quoted(name)})::bigint`;
    default: return `2 * pg_column_size(${quoted(name)})::bigint`; // as it is stored, perhaps compressed
  }
}
