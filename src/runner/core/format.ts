/** For people: `1.5 MB`, in powers of ten as disks and object stores are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

/** For people: `42 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [[Math.floor(whole / 86_400), 'd'], [Math.floor(whole / 3600) % 24, 'h'], [Math.floor(whole / 60) % 60, 'min'], [whole % 60, 's']];
  const first = parts.findIndex(([value]) => value > 0);
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`).join(' ');
}

/** For people: `2026-05-02`, of UTC. */
export function formatDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** For people: `18:47:57 UTC`, or `2026-05-02 18:47:57 UTC` where that is another day than `now`. */
export function formatTime(at: Date, now: Date): string {
  const time = `${at.toISOString().slice(11, 19)} UTC`;
  return formatDay(at) === formatDay(now) ? time : `${formatDay(at)} ${time}`;
}

/** For people: `6 h 12 min ago`, `just now`, `in 3 h`. */
export function formatAge(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (Math.abs(seconds) < 10) return 'just now';
  return seconds > 0 ? `${formatSeconds(seconds)} ago` : `in ${formatSeconds(-seconds)}`;
}
