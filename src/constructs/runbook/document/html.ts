import { Block, Inline, Text } from './document';
import { STYLE } from './style';
import { slug } from '../../../contract/runbook';

/** The document as a page that needs nothing beside itself: no script, no font, no image. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escape(title)}</title>
<style>
${STYLE.trim()}
</style>
</head>
<body>
<main>
${blocks.map(render).join('\n')}
</main>
</body>
</html>
`;
}

function render(block: Block): string {
  switch (block.kind) {
    case 'heading': return `<h${block.level} id="${escape(slug(block.text))}">${escape(block.text)}</h${block.level}>`;
    case 'paragraph': return `<p>${text(block.text)}</p>`;
    case 'list': return `<ul>\n${block.items.map(item => `<li>${text(item)}</li>`).join('\n')}\n</ul>`;
    case 'steps': return `<ol>\n${block.steps.map(step => `<li>${step.map(render).join('\n')}</li>`).join('\n')}\n</ol>`;
    case 'table': return [
      '<div class="scroll"><table>',
      `<thead><tr>${block.head.map(name => `<th scope="col">${escape(name)}</th>`).join('')}</tr></thead>`,
      `<tbody>\n${block.rows.map(cells => `<tr>${cells.map((cell, i) => `<td data-title="${escape(block.head[i])}">${text(cell)}</td>`).join('')}</tr>`).join('\n')}\n</tbody>`,
      '</table></div>',
    ].join('\n');
    // A click chooses all of it.
    case 'commands': return `<pre tabindex="0"><code>${escape(block.lines.join('\n'))}</code></pre>`;
  }
}

function text(content: Text): string {
  return content.map(inline).join('');
}

function inline(part: Inline): string {
  if (typeof part === 'string') return breakable(part);
  if ('heading' in part) return `<a href="#${escape(slug(part.heading))}">${escape(part.heading)}</a>`;
  if ('url' in part) return `<a href="${escape(part.url)}">${escape(part.url)}</a>`;
  return 'strong' in part ? `<strong>${escape(part.strong)}</strong>` : `<code>${breakable(part.code)}</code>`;
}

/** A browser breaks no line behind a slash by itself: in a narrow cell it would tear the words of a path. */
function breakable(content: string): string {
  return escape(content).replace(/\//g, '/<wbr>');
}

const ENTITIES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };

function escape(content: string): string {
  return content.replace(/[&<>"']/g, character => ENTITIES[character]);
}
