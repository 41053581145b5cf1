import { Block, Inline, Text } from './document';
import { fenceInfo, slug } from '../../../contract/runbook';

/** The document for Git, and for every site that shows Markdown: a line for each paragraph, item and row, so that a diff shows what has changed. */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(render).join('\n\n')}\n`;
}

function render(block: Block): string {
  switch (block.kind) {
    case 'heading': return `${'#'.repeat(block.level)} ${escape(block.text)}`;
    case 'paragraph': return text(block.text);
    case 'list': return block.items.map(content => `- ${text(content)}`).join('\n');
    case 'steps': return block.steps.map((step, i) => item(`${i + 1}. `, step.map(render).join('\n\n'))).join('\n\n');
    case 'table': return [row(block.head.map(escape)), `|${'---|'.repeat(block.head.length)}`, ...block.rows.map(cells => row(cells.map(cell)))].join('\n');
    case 'commands': return [`\`\`\`${fenceInfo('sh', block.marks)}`, ...block.lines, '```'].join('\n');
  }
}

/** Its lines stand below the text of the first one, without spaces at the ends of empty ones. */
function item(number: string, content: string): string {
  return number + content.split('\n').map((line, i) => i === 0 || line === '' ? line : ' '.repeat(number.length) + line).join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A `|` ends a cell, in code as well. */
function cell(content: Text): string {
  return content.map(part => typeof part === 'object' && 'code' in part ? inline(part).replace(/\|/g, '\\|') : inline(part)).join('');
}

function text(content: Text): string {
  return content.map(inline).join('');
}

function inline(part: Inline): string {
  if (typeof part === 'string') return escape(part);
  if ('heading' in part) return `[${escape(part.heading)}](#${slug(part.heading)})`;
  if ('url' in part) return `<${part.url.replace(/[<>\s]/g, encodeURIComponent)}>`;
  return 'strong' in part ? `**${escape(part.strong)}**` : codeSpan(part.code);
}

/** In as many marks as do not occur in it. */
function codeSpan(content: string): string {
  const marks = '`'.repeat(1 + Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length)));
  return marks.length === 1 ? `\`${content}\`` : `${marks} ${content} ${marks}`;
}

/** One line in which nothing is a mark. */
function escape(content: string): string {
  return content.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#~]/g, '\\$&');
}
