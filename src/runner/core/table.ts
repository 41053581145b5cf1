/**
 * A text from a store as it may stand on a terminal: what would move the cursor there, or begin a line of its own, is shown as `\xNN`.
 * Whoever can write to a store must not be able to draw a good backup where there is none.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Lines up rows of text under their headings. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map(row => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  return lines.map(line => `${line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}\n`).join('');
}
