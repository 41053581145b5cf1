import { isTypeScript, mistakes } from './docs-snippets';
import { blocks, readPages } from './pages';

const all = readPages().flatMap(blocks).filter(isTypeScript);

const ofPage = (code: string, info = 'ts') => ({ place: 'docs/a.md:10', info, code });

/** One program for all of it: of the pages, and of blocks that show that mistakes are found. */
const found = mistakes([
  ...all,
  ofPage("new BackupCronJob(chart, 'a', { source, stores, schedule, encyption: undefined });\n"),
  ofPage("// first\nimport { Chart } from 'cdk8s';\nnew Chart();\n"),
  ofPage('retention: Retention.days(7),\nretension: 1\n', 'ts BackupCronJobProps'),
  ofPage('…\n'),
]);

test('every TypeScript block of README and docs compiles', () => {
  // test/docs-snippets.ts says what a block may use. A block that shows properties only begins with ```ts and the name of the interface.
  expect(found.filter(each => !each.startsWith('docs/a.md:'))).toEqual([]);
  expect(all.length).toBeGreaterThan(15);
});

test('a misspelt property, a missing argument and an elision are found, with page and line', () => {
  expect(found.filter(each => each.startsWith('docs/a.md:'))).toEqual([
    expect.stringMatching(/^docs\/a\.md:11: .*'encyption' does not exist/),
    expect.stringMatching(/^docs\/a\.md:13: Expected 2-3 arguments, but got 0/),
    expect.stringMatching(/^docs\/a\.md:12: .*'retension' does not exist/),
    expect.stringMatching(/^docs\/a\.md:11: Invalid character/),
  ]);
});
