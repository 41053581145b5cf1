import { createHash } from 'node:crypto';

/** The style of all pages. Colour only repeats what words and shapes say. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --line: #dfe2e8; --text: #1b1f27; --quiet: #5a6372; --track: #e6e9ee;
  --good: #1a7441; --warn: #8a5a00; --bad: #b3261e; --data: #3b6ea8; --good-tint: #e7f4ec; --warn-tint: #fdf3dc; --bad-tint: #fcebe9; --quiet-tint: #eceef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111419; --card: #1a1e25; --line: #2d333d; --text: #e8eaee; --quiet: #a0a9b8; --track: #2b313b;
    --good: #6cc893; --warn: #e3b04b; --bad: #ff8a80; --data: #7fb0e6; --good-tint: #16291f; --warn-tint: #2d2514; --bad-tint: #331c1b; --quiet-tint: #232830;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
.frame { max-width: 1240px; margin: 0 auto; padding: 20px 16px 32px; }
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
a { color: inherit; text-underline-offset: 3px; text-decoration-color: var(--quiet); }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--data); outline-offset: 2px; border-radius: 4px; }
.quiet, small { color: var(--quiet); font-size: 13px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 4px 16px; margin-bottom: 14px; }
.where { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 8px; }
.place { font-size: 13px; font-weight: 600; border: 1px solid var(--line); background: var(--card); border-radius: 6px; padding: 1px 8px; }
h1 { font-size: 17px; font-weight: 600; }
h2 { font-size: 16px; font-weight: 600; margin: 28px 0 10px; }
svg { display: block; }
.icon { flex: none; width: 22px; height: 22px; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .unknown { color: var(--quiet); }
.answer { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; margin-bottom: 16px; }
.answer-head { display: flex; gap: 14px; align-items: flex-start; }
.answer-head .icon { width: 40px; height: 40px; }
.answer-head h2 { margin: 0; font-size: 23px; line-height: 1.25; letter-spacing: -0.01em; }
.answer-head p { margin-top: 2px; color: var(--quiet); }
.counts { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 18px; margin-top: 14px; font-size: 14px; }
.counts li { display: inline-flex; gap: 6px; align-items: center; }
.counts .icon { width: 15px; height: 15px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 16px 24px; margin-top: 18px; padding-top: 16px; border-top: 1px solid var(--line); }
.facts dt, .rows dt { color: var(--quiet); font-size: 13px; }
.facts .value { font-size: 20px; font-weight: 600; }
.views { display: flex; justify-content: flex-end; gap: 14px; margin: 0 2px 8px; font-size: 13px; }
.views a { color: var(--quiet); } .views a[aria-current] { color: var(--text); font-weight: 600; text-decoration: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); gap: 16px; align-items: start; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; align-items: start; }
.card, .type { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; min-width: 0; }
.card-head { display: flex; gap: 10px; align-items: flex-start; }
.card-head > div { min-width: 0; }
.card-head .icon { width: 28px; height: 28px; margin-top: 2px; }
.card-head h3 { font-size: 16px; font-weight: 600; line-height: 1.3; }
.headline { font-size: 16px; font-weight: 700; line-height: 1.3; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.moment > * { display: inline-block; white-space: nowrap; }
.problems { list-style: none; margin-top: 6px; display: grid; gap: 6px; }
.problems li { display: flex; gap: 8px; font-size: 14px; border-radius: 8px; padding: 7px 10px; background: var(--warn-tint); }
.problems li.is-bad { background: var(--bad-tint); } .problems li.is-note { background: var(--quiet-tint); }
.problems .icon { width: 16px; height: 16px; margin-top: 2px; }
.problems span { min-width: 0; }
.act { margin-top: 10px; }
.act a { display: block; text-align: center; font-size: 14px; font-weight: 600; text-decoration: none; border: 1px solid var(--data); color: var(--data); border-radius: 8px; padding: 6px 10px; }
.rows { margin-top: 10px; }
.rows > div { display: grid; grid-template-columns: 96px minmax(0, 1fr); gap: 2px 12px; padding: 7px 0; border-top: 1px solid var(--line); }
.rows.first > div { border-top: 0; }
.rows dt { padding-top: 1px; }
.rows .big { font-size: 19px; }
.rows strong { font-weight: 600; }
.store { color: var(--text); font-weight: 500; }
.type h2 { margin: 0 0 8px; }
.type .note { margin-bottom: 8px; font-weight: 600; }
.type ol { margin: 0 0 10px; padding: 0; list-style: none; counter-reset: step; display: grid; gap: 12px; }
.type li { counter-increment: step; }
.type li p { font-size: 14px; margin-bottom: 4px; }
.type li p::before { content: counter(step) ". "; font-weight: 700; }
.meter { width: 100%; max-width: 480px; height: 6px; margin: 5px 0 4px; }
.meter .track { fill: var(--track); } .meter .fill { fill: var(--data); } .meter .over { fill: var(--bad); } .meter .mark { fill: var(--text); }
.spark { width: 100%; height: 30px; margin-top: 4px; color: var(--data); }
.spark.tall { height: 60px; }
.spark .bar { fill: currentColor; } .spark .hollow { fill: none; stroke: var(--warn); stroke-width: 1; vector-effect: non-scaling-stroke; } .spark .base { fill: var(--track); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 8px 12px; border-top: 1px solid var(--line); overflow-wrap: normal; }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; font-size: 13px; white-space: nowrap; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 200px; }
td .moment > * { display: block; }
.dense th, .dense td { padding: 5px 12px; }
.dense tbody th { min-width: 120px; }
@media (min-width: 861px) { .dense .state { white-space: nowrap; } }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-wrap: anywhere; min-width: 180px; }
.state { display: inline-flex; gap: 5px; align-items: flex-start; }
.state .icon { width: 14px; height: 14px; margin-top: 3px; }
.line + .line { margin-top: 4px; }
pre { margin: 0; background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 8px 10px; white-space: pre-wrap; user-select: all; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre span { display: inline-block; max-width: 100%; }
footer { margin-top: 28px; color: var(--quiet); font-size: 13px; display: flex; flex-wrap: wrap; gap: 4px 16px; }
@media (max-width: 860px) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr { display: block; }
  .dense tr, tr { padding: 10px 12px; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; }
  tbody th, td, td.wide, td.number, .dense tbody th, .dense td { display: block; border: 0; padding: 2px 0; min-width: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  tbody th { font-weight: 600; }
  td { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 10px; }
  td.wide, td.number, .dense td { display: grid; }
  td::before { content: attr(data-title); color: var(--quiet); font-size: 13px; padding-top: 1px; }
  td.none, .dense td.none { display: none; }
}
@media (max-width: 480px) {
  .frame { padding: 12px 10px 24px; }
  .answer { padding: 14px; }
  .answer-head { gap: 10px; }
  .answer-head h2 { font-size: 20px; }
  .answer-head .icon { width: 32px; height: 32px; }
  .facts { grid-template-columns: 1fr; gap: 10px; margin-top: 12px; padding-top: 12px; }
  .card, .type { padding: 13px; }
}
@media (prefers-contrast: more) { :root { --quiet: var(--text); --line: var(--text); } }
@media print { body { background: none; } .card, .answer { break-inside: avoid; } }
`;

/** What a browser may do with the pages: show them, in this style. */
export const CONTENT_SECURITY_POLICY = [
  'default-src \'none\'',
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:', // the icon in the tab
  'base-uri \'none\'',
  'form-action \'none\'',
  'frame-ancestors \'none\'',
].join('; ');
