/*
 * A document without a form: what is written once, and rendered as Markdown and as HTML. Names come from users, so every text is plain until a renderer
 * has escaped it.
 */
import { CommandMarks } from '../../../contract/runbook';

/** Text as it is typed, or as a file is called. */
export interface Code {
  readonly code: string;
}

/** A heading of this document, by its text. */
export interface Reference {
  readonly heading: string;
}

/** A page elsewhere, shown by its address. */
export interface Address {
  readonly url: string;
}

export interface Strong {
  readonly strong: string;
}

export type Inline = string | Code | Reference | Address | Strong;
export type Text = readonly Inline[];

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: Text }
  | { readonly kind: 'list'; readonly items: readonly Text[] }
  /** In their order: each has blocks of its own. */
  | { readonly kind: 'steps'; readonly steps: readonly (readonly Block[])[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Text[])[] }
  /** What is typed, in one go. */
  | { readonly kind: 'commands'; readonly lines: readonly string[]; readonly marks: CommandMarks };

/** Text with parts in it: `` say`Type ${code('ls')}.` `` */
export function say(texts: TemplateStringsArray, ...parts: readonly (Inline | number | Text)[]): Text {
  return texts.flatMap((text, i): Text => [...text === '' ? [] : [text], ...i < parts.length ? inlines(parts[i]) : []]);
}

function inlines(part: Inline | number | Text): Text {
  if (typeof part === 'number') return [String(part)];
  return Array.isArray(part) ? part as Text : part === '' ? [] : [part as Inline];
}

export const code = (text: string): Code => ({ code: text });
export const strong = (text: string): Strong => ({ strong: text });
/** Leads to the heading with this text. */
export const to = (heading: string): Reference => ({ heading });

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const paragraph = (text: Text): Block => ({ kind: 'paragraph', text });
export const list = (...items: readonly Text[]): Block => ({ kind: 'list', items });
export const steps = (...all: readonly (readonly Block[])[]): Block => ({ kind: 'steps', steps: all });
export const table = (head: readonly string[], rows: readonly (readonly Text[])[]): Block => ({ kind: 'table', head, rows });
export const commands = (...lines: readonly string[]): Block => ({ kind: 'commands', lines, marks: {} });

/** The same blocks, in which commands have these marks beside their own. */
export function marked(marks: CommandMarks, blocks: readonly Block[]): Block[] {
  return blocks.map((block): Block => {
    switch (block.kind) {
      case 'commands': return { ...block, marks: { ...marks, ...block.marks } };
      case 'steps': return { ...block, steps: block.steps.map(step => marked(marks, step)) };
      default: return block;
    }
  });
}

/** The parts of a list in one text, with something between them. */
export function joined(texts: readonly (Inline | Text)[], between = ', '): Text {
  return texts.flatMap((text, i): Text => [...i === 0 ? [] : [between], ...Array.isArray(text) ? text as Text : [text as Inline]]);
}
