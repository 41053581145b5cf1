/** Light and dark as the reader's system is, and on paper: black on white, with no command torn in two, nor from the sentence above it. */
export const STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1b1f27; --quiet: #5a6372; --line: #d5d9e0; --tint: #f3f5f8; --link: #1f5fa8; }
@media (prefers-color-scheme: dark) {
  :root { --page: #111419; --text: #e8eaee; --quiet: #a0a9b8; --line: #363d48; --tint: #1b2028; --link: #8dbcf0; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 12px; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
main { max-width: 900px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 12px; }
h2 { font-size: 21px; line-height: 1.3; margin: 44px 0 10px; padding-top: 14px; border-top: 2px solid var(--line); }
h3 { font-size: 17px; line-height: 1.35; margin: 28px 0 8px; }
p, ul, ol { margin: 8px 0; }
ol, ul { padding-left: 26px; }
li { margin: 6px 0; }
a { color: var(--link); text-underline-offset: 3px; }
a:focus-visible, pre:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
:not(pre) > code { background: var(--tint); border-radius: 4px; padding: 1px 4px; }
pre { margin: 8px 0; padding: 10px 12px; background: var(--tint); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; user-select: all; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; font-size: 15px; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px; border: 1px solid var(--line); overflow-wrap: normal; }
th { background: var(--tint); }
@media screen and (max-width: 700px) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { border: 1px solid var(--line); border-bottom: 0; padding: 4px 0; }
  tbody tr:last-child { border-bottom: 1px solid var(--line); }
  td { border: 0; padding: 2px 10px; overflow-wrap: anywhere; }
  td:empty { display: none; }
  td::before { content: attr(data-title) ": "; color: var(--quiet); }
}
@media print {
  @page { margin: 15mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt system-ui, sans-serif; } }
  :root { --page: #ffffff; --text: #000000; --quiet: #333333; --line: #999999; --tint: #ffffff; --link: #000000; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  code, pre { font-size: 9pt; }
  :not(pre) > code { padding: 0; }
  table { font-size: 9.5pt; width: calc(100% - 1px); }
  th, td { padding: 4px 6px; overflow-wrap: anywhere; min-width: 8.5em; }
  h1, h2, h3, h3 + p, p:has(+ pre) { break-after: avoid; }
  pre, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
