import { Html, html } from './html';

/** A column: its title, and whether it holds numbers or long text. */
export type Column = readonly [title: string, kind?: 'number' | 'wide'];

/** First of a row is what the row is about. `false`: there is nothing to say. */
export type Cell = Html | string | number | false;

/**
 * A table that becomes a list where the window is narrow: each cell then has its title beside it, so nothing lies outside of the window. The roles
 * keep it a table for whoever has it read out.
 */
export function table(label: string, columns: readonly Column[], rows: readonly (readonly Cell[])[], more: string | false = false): Html {
  const classOf = (kind: string | undefined) => kind !== undefined && html` class="${kind}"`;
  const cell = (content: Cell, [title, kind]: Column, i: number) => i === 0
    ? html`<th scope="row" role="rowheader">${content}</th>`
    : html`<td role="cell" data-title="${title}"${classOf(content === false || content === '' ? 'none' : kind)}>${content === false ? '' : html`<div>${content}</div>`}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table role="table"><thead role="rowgroup"><tr role="row">${columns.map(([title, kind]) =>
    html`<th scope="col" role="columnheader"${classOf(kind)}>${title}</th>`)}</tr></thead><tbody role="rowgroup">${rows.map(row =>
    html`<tr role="row">${row.map((content, i) => cell(content, columns[i]!, i))}</tr>`)}</tbody></table></div>${more && html`<p class="quiet">${more}</p>`}`;
}
