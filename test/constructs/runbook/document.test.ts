import { code, commands, heading, list, paragraph, say, steps, strong, table, to } from '../../../src/constructs/runbook/document/document';
import { toHtml } from '../../../src/constructs/runbook/document/html';
import { toMarkdown } from '../../../src/constructs/runbook/document/markdown';
import { slug } from '../../../src/contract/runbook';
import { blocks } from '../../pages';

const NASTY = '<b>|`*_[x](y)# &';

test('what is plain stays plain in both, whatever characters are in it', () => {
  const document = [heading(1, NASTY), paragraph(say`${NASTY}`), table([NASTY], [[say`${NASTY}`]])];
  expect(toMarkdown(document)).toBe('# \\<b\\>\\|\\`\\*\\_\\[x\\](y)\\# &\n\n\\<b\\>\\|\\`\\*\\_\\[x\\](y)\\# &\n\n| \\<b\\>\\|\\`\\*\\_\\[x\\](y)\\# & |\n|---|\n| \\<b\\>\\|\\`\\*\\_\\[x\\](y)\\# & |\n');
  expect(toHtml(NASTY, document).match(/&lt;b&gt;\|`\*_\[x\]\(y\)# &amp;/g)).toHaveLength(6); // the title, a heading, a paragraph, the head of a column, its cell, and the name that the cell has on a phone
});

test('code is as it is typed, with marks and bars in it too', () => {
  const document = [paragraph(say`${code('a `b` c')}`), table(['x'], [[say`${code('a|b')}`]])];
  expect(toMarkdown(document)).toContain('`` a `b` c ``');
  expect(toMarkdown(document)).toContain('| `a\\|b` |');
  expect(toHtml('', document)).toContain('<code>a `b` c</code>');
});

test('commands of steps are the lines that were given, in both', () => {
  const lines = ['for X in a b; do', '  echo "$X" > /tmp/x && true', '', 'done'];
  const document = [steps([paragraph(say`First`), commands(...lines)], [paragraph(say`Then`)])];
  expect(blocks({ file: 'x', text: toMarkdown(document) }).map(each => each.code)).toEqual([`${lines.join('\n')}\n`]);
  expect(toHtml('', document)).toContain('  echo &quot;$X&quot; &gt; /tmp/x &amp;&amp; true');
});

test('a reference leads to its heading in both', () => {
  const document = [heading(2, 'Go back, or keep it: x'), list(say`See ${to('Go back, or keep it: x')} and ${strong('now')}.`)];
  expect(slug('Go back, or keep it: x')).toBe('go-back-or-keep-it-x');
  expect(toMarkdown(document)).toContain('- See [Go back, or keep it: x](#go-back-or-keep-it-x) and **now**.');
  expect(toHtml('', document)).toMatch(/<h2 id="go-back-or-keep-it-x">.*\n.*\n.*<a href="#go-back-or-keep-it-x">/);
});
