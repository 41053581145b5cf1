/*
 * A page of Markdown as far as commands are concerned: headings, and the fenced blocks below them.
 */

/** A fenced block. */
export interface FencedBlock {
  /** Of the fence, counted from 1. */
  readonly line: number;
  /** Behind the fence: the language, and what else is known of the block. */
  readonly info: string;
  /** Without the indentation of the fence. */
  readonly code: string;
  /** The paragraph in front of it, as it reads; that of the block before where there is none between. */
  readonly about: string;
}

/** A heading with what stands below it, up to the next heading of whatever level. */
export interface Section {
  readonly level: number;
  /** `''` of what stands in front of the first one. */
  readonly heading: string;
  readonly blocks: readonly FencedBlock[];
}

/** All sections of a page, in their order. A heading inside a block is none. */
export function sectionsOf(text: string): readonly Section[] {
  const lines = text.split(/\r?\n/);
  const sections: { level: number; heading: string; blocks: FencedBlock[] }[] = [{ level: 0, heading: '', blocks: [] }];
  let about = '';
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const [, marks, heading] = /^(#{1,6}) +(.*)$/.exec(line) ?? [];
    const [, indent, fence, info] = /^( *)(`{3,})([^`]*)$/.exec(line) ?? [];
    if (heading !== undefined) {
      sections.push({ level: marks!.length, heading: plain(heading), blocks: [] });
      about = '';
    } else if (fence === undefined) {
      if (line.trim() !== '') about = plain(line.trim().replace(/^(\d+\.|-) /, ''));
    } else {
      const end = lines.indexOf(indent! + fence, i + 1);
      if (end < 0) continue; // it is no block, and what follows is read as the page that it is
      const code = lines.slice(i + 1, end).map(each => `${each.startsWith(indent!) ? each.slice(indent!.length) : each}\n`).join('');
      sections.at(-1)!.blocks.push({ line: i + 1, info: info!.trim(), code, about });
      i = end;
    }
  }
  return sections;
}

/** A heading, and those that are below it; empty: there is none of this text. */
export function below(sections: readonly Section[], heading: string): readonly Section[] {
  const start = sections.findIndex(section => section.heading === heading);
  if (start < 0) return [];
  const { level } = sections[start]!;
  const end = sections.findIndex((section, i) => i > start && section.level <= level);
  return sections.slice(start, end < 0 ? undefined : end);
}

/** The language of a block is the first word behind its fence. */
export function isShell({ info }: Pick<FencedBlock, 'info'>): boolean {
  return ['sh', 'bash'].includes(info.split(' ', 1)[0]!);
}

/** One line of Markdown as it reads: without marks, and of links only the text. */
export function plain(line: string): string {
  return line.replace(/(?<!\\)\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/(?<!\\)(\*\*|`)/g, '').replace(/\\([\\`*_[\]<>|#~])/g, '$1');
}
