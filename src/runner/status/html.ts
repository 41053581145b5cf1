/*
 * HTML from templates in which everything is escaped that is not HTML already. What is shown comes from stores that others may write
 * to: names of files, messages of failed programs.
 */

/** Text that is HTML already. */
export class Html {
  constructor(public readonly text: string) {}
}

type Value = Html | string | number | null | undefined | false | readonly Value[];

/** A template with everything in it escaped but other HTML; lists are joined, and what is not there is left out. */
export function html(texts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(texts.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join(''));
}

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return (value as readonly Value[]).map(render).join('');
  return escape(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };

/** Control characters, and those that turn the direction of what follows: neither belongs into a message. */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escape(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(LONE_SURROGATE, '\ufffd').replace(/[&<>"']/g, c => ENTITIES[c]!);
}

/** A text that is not longer than anybody reads. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** A text without what only a program compares. */
export function withoutDigests(text: string): string {
  return text.replace(/\b[0-9a-f]{32,}\b/gi, '\u2026');
}
