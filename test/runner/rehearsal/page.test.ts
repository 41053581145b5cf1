import { below, isShell, plain, sectionsOf } from '../../../src/runner/rehearsal/page';

const PAGE = `before

\`\`\`sh
ls
\`\`\`

# Top

1. First step, see [Go back](#go-back) \\_now\\_.

   \`\`\`sh skip="x"
   # no heading
   for X in a b; do
     echo "$X"

   done
   \`\`\`

   \`\`\`yaml
   a: 1
   \`\`\`

## One

- **Delete** \`nothing\`:

\`\`\`bash
true
\`\`\`

### Deeper

\`\`\`
no language
\`\`\`

## Two

\`\`\`sh
never ended
`;

const sections = sectionsOf(PAGE);

test('the blocks of a page are below their headings, with what is said in front of them', () => {
  expect(sections.map(({ level, heading, blocks }) => [level, heading, blocks.length])).toEqual([[0, '', 1], [1, 'Top', 2], [2, 'One', 1], [3, 'Deeper', 1], [2, 'Two', 0]]);
  expect(sections[1]!.blocks[0]).toEqual({
    line: 11, info: 'sh skip="x"', code: '# no heading\nfor X in a b; do\n  echo "$X"\n\ndone\n', about: 'First step, see Go back _now_.',
  });
  expect(sections[1]!.blocks[1]!.about).toBe('First step, see Go back _now_.');
  expect(sections[2]!.blocks[0]!.about).toBe('Delete nothing:');
});

test('only what is of a shell is a command', () => {
  expect(sections.flatMap(({ blocks }) => blocks).filter(isShell).map(({ info }) => info)).toEqual(['sh', 'sh skip="x"', 'bash']);
});

test('below a heading is what has a deeper one, and nothing where there is no such heading', () => {
  expect(below(sections, 'One').map(({ heading }) => heading)).toEqual(['One', 'Deeper']);
  expect(below(sections, 'Top').map(({ heading }) => heading)).toEqual(['Top', 'One', 'Deeper', 'Two']);
  expect(below(sections, 'Three')).toEqual([]);
});

test('a page that Git has given the line ends of Windows is read alike', () => {
  expect(sectionsOf(PAGE.replaceAll('\n', '\r\n'))).toEqual(sections);
});

test('a line reads as a site shows it', () => {
  expect(plain('a \\[b\\](c) **d** [e](f) `g\\|h`')).toBe('a [b](c) d e g|h');
});
