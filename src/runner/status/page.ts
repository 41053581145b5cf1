import { html, Html } from './html';
import { tabIcon, Tone, showTime } from './parts';
import { STYLE } from './style';
import { VERSION } from '../core/version';

export interface PageOptions {
  readonly title: string;
  readonly tone: Tone;
  readonly now: Date;
  /** The page asks for itself again after so many seconds. */
  readonly refreshSeconds: number;
  /** Below the frame's heading, on the left. */
  readonly heading: Html | string;
}

/** A whole page. It needs nothing beside itself: no script, no font, no image from elsewhere. */
export function page({ title, tone, now, refreshSeconds, heading }: PageOptions, content: Html): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="${Math.max(30, Math.round(refreshSeconds))}">
<title>${title}</title>
<link rel="icon" href="${tabIcon(tone)}">
<style>${new Html(STYLE)}</style>
</head>
<body><div class="frame">
<header class="top"><h1>${heading}</h1><p class="quiet">As of <time datetime="${now.toISOString()}">${showTime(now.toISOString())}</time></p></header>
<main>
${content}
</main>
<footer><span>cdk8s-backup ${VERSION}</span><span>Stores are looked at every ${Math.round(refreshSeconds)} s</span><a href="/metrics">metrics</a><a href="/api/backups">JSON</a></footer>
</div></body>
</html>
`.text;
}
