import { usage } from './refusals';
import { formatAge, formatTime } from '../core/format';

const LOCAL = String.raw`(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)`;
const WITHOUT_ZONE = new RegExp(`^${LOCAL}$`);
const WITH_ZONE = new RegExp(`^${LOCAL} ?(Z|[+-]\\d\\d:?\\d\\d)$`, 'i');

/** The time that `--at` names. Which time zone is meant is not guessed: at night an hour more or less is another backup. */
export function parseAt(text: string): Date {
  const [, day, time, zone] = WITH_ZONE.exec(text) ?? [];
  // Not every engine refuses the 31st of a short month.
  const exists = day !== undefined && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day);
  const at = exists ? new Date(`${day}T${time}${zone!.toUpperCase().replace(/(\d\d):?(\d\d)$/, '$1:$2')}`) : undefined;
  if (at && !Number.isNaN(at.getTime())) return at;
  if (WITHOUT_ZONE.test(text)) {
    const local = text.replace(' ', 'T');
    throw usage(`--at ${text} does not say in which time zone: write ${local}Z for UTC, or an offset, as in ${local}+01:00`);
  }
  throw usage(`--at takes a time such as 2026-11-22T02:00:00Z, got ${JSON.stringify(text)}`);
}

/** How `--at` was understood. */
export function describeAt(text: string, now: Date): string {
  const at = parseAt(text);
  return `--at ${text} is ${formatTime(at, now)} (${formatAge(at, now)}${at > now ? ', so that no backup is left out' : ''})`;
}
