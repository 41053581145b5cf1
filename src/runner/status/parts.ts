import { html, Html } from './html';
import { BackupRecord } from '../../contract/record';
import { bytesOf } from '../catalog/sizes';
import { formatBytes, formatSeconds } from '../core/format';
export type Tone = 'good' | 'warn' | 'bad' | 'unknown';

/** Each tone has a shape of its own: nobody needs to see the colour. */
const SHAPES: Readonly<Record<Tone, Html>> = {
  good: html`<circle cx="12" cy="12" r="11" fill="currentColor"/><path d="M6.8 12.4l3.5 3.5 7-7.4" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>`,
  warn: html`<path d="M12 1.6a1.6 1.6 0 0 1 1.4.8l9.6 17.2a1.6 1.6 0 0 1-1.4 2.4H2.4A1.6 1.6 0 0 1 1 19.6L10.6 2.4A1.6 1.6 0 0 1 12 1.6z" fill="currentColor"/><path d="M12 8.2v6" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round"/><circle cx="12" cy="18" r="1.5" fill="var(--card)"/>`,
  bad: html`<path d="M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z" fill="currentColor"/><path d="M8 8l8 8M16 8l-8 8" fill="none" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round"/>`,
  unknown: html`<path d="M12 .8L23.2 12 12 23.2.8 12z" fill="currentColor"/><path d="M9.5 9.6a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.2.9-1.2 1.8" fill="none" stroke="var(--card)" stroke-width="2" stroke-linecap="round"/><circle cx="12" cy="16.8" r="1.3" fill="var(--card)"/>`,
};

/** The shape of a tone. What it means stands beside it in words. */
export function icon(tone: Tone): Html {
  return html`<svg class="icon ${tone}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${SHAPES[tone]}</svg>`;
}

/** For the tab of the browser: an image of its own, so its colours are fixed. */
export function tabIcon(tone: Tone): string {
  const colour = { good: '#1a7441', warn: '#c98a00', bad: '#c5281c', unknown: '#6b7280' }[tone];
  const shape = SHAPES[tone].text.replaceAll('currentColor', colour).replaceAll('var(--card)', '#fff');
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${shape}</svg>`)}`;
}

/** A shape and the words for it. */
export function state(tone: Tone, words: string | Html): Html {
  return html`<span class="state">${icon(tone)}<span>${words}</span></span>`;
}

/** How long ago: `3 h 5 min ago`. */
export function ago(instant: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(instant)) / 60_000);
  return `${minutes < 1 ? 'less than a minute' : formatSeconds(minutes * 60)} ago`;
}

/** A point in time, with the time itself. */
export function exact(instant: string): Html {
  return html`<time datetime="${instant}">${showTime(instant)}</time>`;
}

/** A point in time: how long ago, and the time itself. */
export function moment(instant: string, now: Date): Html {
  return html`<span class="moment"><span>${ago(instant, now)}</span> <small>${exact(instant)}</small></span>`;
}

/** `2026-11-22 02:00:00 UTC` */
export function showTime(instant: string): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How much of what is allowed is used up. The mark is the limit; what goes beyond it has another colour, and the words say so. */
export function meter(value: number, limit: number, words: string): Html {
  const scale = Math.max(value, limit);
  const percent = (part: number) => Math.round(part / scale * 1000) / 10;
  return html`<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="${words}"><rect class="track" y="1" width="100" height="4"/><rect class="fill" y="1" width="${percent(Math.min(value, limit))}" height="4"/>${
    value > limit && html`<rect class="over" x="${percent(limit)}" y="0" width="${100 - percent(limit)}" height="6"/><rect class="mark" x="${percent(limit)}" y="0" width="0.6" height="6"/>`
  }</svg>`;
}

/** Sizes of the newest backups, oldest on the left, one bar each; a suspect one is hollow. */
export function sizeChart(backups: readonly BackupRecord[], most: number, tall = false): Html | undefined {
  const shown = backups.slice(-most);
  if (shown.length < 2) return undefined;
  const sizes = shown.map(({ artifacts }) => bytesOf(artifacts));
  const largest = Math.max(...sizes, 1);
  // Few bars stay narrow, and begin at the left.
  const step = 240 / Math.max(shown.length, 24);
  const round = (value: number) => Math.round(value * 100) / 100;
  const bars = shown.map((record, i) => {
    const height = Math.max(1, sizes[i]! / largest * 28);
    return html`<rect class="${record.suspect === null ? 'bar' : 'hollow'}" x="${round(i * step)}" y="${round(29 - height)}" width="${round(step * 0.72)}" height="${round(height)}"/>`;
  });
  const suspects = shown.filter(({ suspect }) => suspect !== null).length;
  const words = `Size of the last ${shown.length} backups: ${formatBytes(Math.min(...sizes))} to ${formatBytes(largest)}, the newest ${formatBytes(sizes.at(-1)!)}${
    suspects > 0 ? `; ${suspects} suspect` : ''}`;
  return html`<svg class="spark${tall && ' tall'}" viewBox="0 0 240 30" preserveAspectRatio="none" role="img" aria-label="${words}"><rect class="base" y="29.5" width="240" height="0.5"/>${bars}</svg>`;
}
