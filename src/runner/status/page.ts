import { html, Html } from './html';
import { exact, tabIcon, Tone } from './parts';
import { STYLE } from './style';
import { VERSION } from '../core/version';

/** Where the backups are that the pages show; `null` where nobody gave a name. */
export interface Place {
  readonly cluster: string | null;
  readonly environment: string | null;
}

/** What all pages have in common. */
export interface Frame {
  readonly place: Place;
  /** Where the runbook is published; `null`: nobody has said. */
  readonly runbookUrl: string | null;
  /** The page asks for itself again after so many seconds. */
  readonly refreshSeconds: number;
}

export interface PageOptions extends Frame {
  readonly title: string;
  readonly tone: Tone;
  readonly now: Date;
  /** At the top, on the left. */
  readonly heading: Html | string;
}

/** A whole page. It needs nothing beside itself: no script, no font, no image from elsewhere. */
export function page({ title, tone, now, refreshSeconds, heading, place }: PageOptions, content: Html): string {
  const places = [place.cluster, place.environment].filter(name => name !== null);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="${Math.max(30, Math.round(refreshSeconds))}">
<title>${[title, ...places].join(' \u2013 ')}</title>
<link rel="icon" href="${tabIcon(tone)}">
<style>${new Html(STYLE)}</style>
</head>
<body><div class="frame">
<header class="top"><div class="where"><h1>${heading}</h1>${places.map(name => html`<span class="place">${name}</span>`)}</div><p class="quiet">As of ${exact(now.toISOString())}</p></header>
<main>
${content}
</main>
<footer><span>cdk8s-backup ${VERSION}</span><span>Stores are looked at every ${Math.round(refreshSeconds)} s</span><a href="/metrics">metrics</a><a href="/api/backups">JSON</a></footer>
</div></body>
</html>
`.text;
}
