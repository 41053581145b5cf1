import { check } from './drill-target';
import { FreshnessConfig } from '../../contract/config';
import { DrillCheck } from '../../contract/drill-record';
import { BackupRecord } from '../../contract/record';
import { formatSeconds } from '../core/format';

/** Numbers from here on are milliseconds: as seconds they would be the year 5138. */
const LEAST_MILLISECONDS = 1e11;

/**
 * Whether the newest time that the data have is close enough to the start of the backup: what is old by then was old in the backup, or
 * the backup is not of the database that is in use.
 *
 * @param newest `null` if the query returned nothing
 */
export function checkFreshness({ sql, maxAgeSeconds }: FreshnessConfig, newest: Date | null, { id, startedAt }: BackupRecord): DrillCheck {
  const name = `freshness of ${sql}`;
  if (newest === null) return check(name, 'it returns nothing: there are no rows, or no times in them', '');
  const age = (Date.parse(startedAt) - newest.getTime()) / 1000;
  const detail = age < 0
    ? `the newest is of ${newest.toISOString()}, after ${id} began`
    : `the newest is of ${newest.toISOString()}, ${formatSeconds(age)} before ${id} began`;
  return check(name, age > maxAgeSeconds ? `the data are stale: ${detail}, and may be ${formatSeconds(maxAgeSeconds)} older` : null, detail);
}

/**
 * A time as SQLite keeps it, which has no type for it: a text in ISO 8601, in UTC unless it says otherwise, or a number of seconds or of
 * milliseconds since 1970. `undefined` if it is none.
 */
export function timeOf(value: unknown): Date | undefined {
  if (typeof value === 'number') return valid(new Date(value < LEAST_MILLISECONDS ? value * 1000 : value));
  if (typeof value !== 'string') return undefined;
  const text = value.trim().replace(' ', 'T');
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  return valid(new Date(/T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`));
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}
