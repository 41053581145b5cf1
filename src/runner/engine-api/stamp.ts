/** A stamp, for people, of a time that is not known yet. */
export const STAMP_PATTERN = 'YYYYMMDD_HHMMSS';

const STAMP = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

/** `YYYYMMDD_HHMMSS` in UTC: when something was put aside. */
export function stampOf(at: Date): string {
  const iso = at.toISOString(); // 2026-11-22T02:00:00.000Z
  return `${iso.slice(0, 10).replaceAll('-', '')}_${iso.slice(11, 19).replaceAll(':', '')}`;
}

/** The time of a stamp; `undefined` if it is none. */
export function timeOf(stamp: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = STAMP.exec(stamp) ?? [];
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The name of what is put aside at `at`, or in the first second after it whose name is not taken: a restore and its rollback may share one. */
export function freeName(nameAt: (at: Date) => string, at: Date, taken: readonly string[]): string {
  const candidate = nameAt(at);
  return taken.includes(candidate) ? freeName(nameAt, new Date(at.getTime() + 1000), taken) : candidate;
}
