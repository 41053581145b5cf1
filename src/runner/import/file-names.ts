import { WallTime } from '../core/wall-time';

/*
 * Names that other programs give to backups. Before the time stands the name of the backup or of its database.
 */

/** What a name says. */
export interface NamedFile {
  /** What stands before the time. */
  readonly name: string;
  /** `null` where the name has only a month or a week. */
  readonly day: Pick<WallTime, 'year' | 'month' | 'day'> | null;
  /** `null` where the name has no time of day. */
  readonly clock: Pick<WallTime, 'hour' | 'minute' | 'second'> | null;
  /** A month, or a week of ISO 8601: names do not tell which. `null` where the name has a day. */
  readonly period: { readonly year: number; readonly number: number } | null;
  /** Whether the name itself says that its time is UTC. */
  readonly utc: boolean;
  /** The form of the name, for people. */
  readonly form: string;
}

const DAY = '(?<year>\\d{4})(?<month>\\d\\d)(?<day>\\d\\d)';
const CLOCK = '(?<hour>\\d\\d)(?<minute>\\d\\d)(?<second>\\d\\d)';

const FORMS: readonly (readonly [form: string, pattern: RegExp])[] = [
  // Scripts of one's own, postgres-backup-local, and this program.
  ['NAME_YYYYMMDD_HHMMSS', new RegExp(`^(?<name>.+)[-_]${DAY}[-_]${CLOCK}$`)],
  // postgres-backup-s3.
  ['NAME_YYYY-MM-DDTHH:MM:SS', /^(?<name>.+)_(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?<utc>Z?)$/],
  ['NAME_YYYYMMDD and the time of day in the archive', new RegExp(`^(?<name>.+)[-_]${DAY}$`)],
  // postgres-backup-local, in `monthly` and `weekly`.
  ['NAME_YYYYMM or NAME_YYYYWW and the time in the archive', /^(?<name>.+)[-_](?<year>\d{4})(?<period>\d\d)$/],
];
const MOST_WEEKS = 53;

/** For the page of the command, and for messages. */
export const KNOWN_FORMS = FORMS.map(([form]) => form);

/** Endings of what other programs make of backups of any kind, and why that can't be taken over. */
export const ENDINGS_OF_OTHERS: readonly (readonly [ending: RegExp, why: string])[] = [
  [/\.(xz|bz2|lz4|7z|zip|tar|tgz)$/, 'it is packed in a way that is not read here: unpack it first'],
  [/\.(gpg|age|enc)$/, 'another program has encrypted it: decrypt it first'],
];

/** Takes a name apart; `undefined` if there is no time in it that there can be. @param stem the name without its ending */
export function parseFileName(stem: string): NamedFile | undefined {
  for (const [form, pattern] of FORMS) {
    const groups = pattern.exec(stem)?.groups;
    if (groups === undefined) continue;
    const number = (part: string) => Number(groups[part]);
    if (groups.period !== undefined) {
      const period = { year: number('year'), number: number('period') };
      if (period.number < 1 || period.number > MOST_WEEKS) continue;
      return { name: groups.name!, day: null, clock: null, period, utc: false, form };
    }
    const day = { year: number('year'), month: number('month'), day: number('day') };
    const clock = groups.hour === undefined ? null : { hour: number('hour'), minute: number('minute'), second: number('second') };
    if (isReal({ ...day, ...clock ?? { hour: 0, minute: 0, second: 0 } })) return { name: groups.name!, day, clock, period: null, utc: groups.utc === 'Z', form };
  }
  return undefined;
}

/** Whether a day is in the month, or in the week, that a name has. */
export function isIn({ year, number }: NonNullable<NamedFile['period']>, day: Pick<WallTime, 'year' | 'month' | 'day'>): boolean {
  if (day.year === year && day.month === number) return true;
  // A week is that of its Thursday.
  const thursday = new Date(Date.UTC(day.year, day.month - 1, day.day));
  thursday.setUTCDate(thursday.getUTCDate() + 3 - (thursday.getUTCDay() + 6) % 7);
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * 86_400_000));
  return thursday.getUTCFullYear() === year && week === number;
}

/** Refuses the 31st of February, and 25 o'clock. */
function isReal({ year, month, day, hour, minute, second }: WallTime): boolean {
  const fields = [year, month - 1, day, hour, minute, second] as const;
  const date = new Date(Date.UTC(...fields));
  const shown = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  return shown.every((value, i) => value === fields[i]);
}
