import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { commands, hasTest, readClaims } from './claims';
import { blocks, isShell, Page, readPages, ROOT, shellBlock, shellLine } from './pages';

const pages = readPages();
/** Signatures in the pages of the API are printed from the code. */
const allBlocks = pages.filter(({ file }) => !file.startsWith('docs/reference/api/')).flatMap(blocks);
const listed = readClaims('docs-commands.md');
const known = new Set([...listed, ...readClaims()].map(({ says }) => says));

/** Languages of blocks. A new one is either checked, or added here because nothing can be. */
const LANGUAGES = /^(sh|bash|ts( \w+)?|ini|python|yaml|json|mermaid|promql|)$/;

test('every link of README, docs and CONTRIBUTING leads to a file, and to a heading that is there', () => {
  const contributing = { file: 'CONTRIBUTING.md', text: readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8') };
  expect([...pages, contributing].flatMap(deadLinks)).toEqual([]);
});

test('a dead file, a dead heading and one with a number too many are found, and nothing in code', () => {
  const text = '# A head, `of` two\n\n## Twice\n## Twice\n\n[a](#a-head-of-two) [b](#twice-1) [c](#twice-2) [d](LICENSE) [e](nothing.md) `[f](none)`\n\n```\n# Code\n[g](none)\n```\n\n[h](#code)';
  expect(deadLinks({ file: 'README.md', text })).toEqual(['README.md: #twice-2', 'README.md: nothing.md', 'README.md: #code']);
});

test('every page that code, tests or examples name is there', () => {
  const places = ['src', 'test', 'examples'].flatMap(folder => readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(ts|md)$/.test(file) && !/\bdocs(-snippets)?\.test\.ts$|\bnode_modules\b|\bdist\b/.test(file)).map(file => path.join(folder, file)));
  const dead = places.flatMap(file => [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/\b(?:README\.md#|docs\/[\w/-]+\.md#?)[\w-]*/g)]
    .filter(([link]) => !exists(ROOT, link)).map(([link]) => `${file}: ${link}`));
  expect(dead).toEqual([]);
});

test('the README is a front page: what takes more than 200 lines belongs into docs', () => {
  expect(pages[0]!.text.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
});

test('every block of code says its language', () => {
  expect(allBlocks.filter(({ info }) => !LANGUAGES.test(info)).map(({ place, info }) => `${place}: ${info}`)).toEqual([]);
});

test('every command of README and docs is executed by a test, or has its reason why not', () => {
  // Add it to test/docs-commands.md, or, where a page of Kubernetes has it, to test/cluster/claims.md.
  const unknown = allBlocks.filter(isShell).flatMap(({ place, code }) => commands(code).filter(each => !known.has(each)).map(each => `${place}: ${each}`));
  expect(unknown).toEqual([]);
});

test('every command of test/docs-commands.md is in README or docs, and every test that it names is there', () => {
  const typed = new Set(allBlocks.filter(isShell).flatMap(({ code }) => commands(code)));
  expect(listed.filter(({ says }) => !typed.has(says)).map(({ says }) => says)).toEqual([]);
  expect(listed.flatMap(({ test: named }) => named ?? []).filter(({ file, title }) => {
    return !existsSync(path.join(ROOT, file)) || !hasTest(readFileSync(path.join(ROOT, file), 'utf8'), title);
  })).toEqual([]);
  expect(listed.filter(({ whyNone }) => whyNone === '')).toEqual([]);
});

test('what tests take out of the pages is there, once', () => {
  const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.test.ts')).map(file => readFileSync(path.join(__dirname, file), 'utf8'));
  const taken = files.flatMap(text => [...text.matchAll(/\b(shellBlock|shellLine|start)\('([^']+)'\)/g)]);
  for (const [, how, text] of taken.filter(([, name, said]) => name !== 'start' || said!.startsWith('kubectl'))) (how === 'shellBlock' ? shellBlock : shellLine)(text!);
  expect(taken.length).toBeGreaterThan(10);
});

function deadLinks({ file, text }: Page): string[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)|\b(?:src|href)="([^"]+)"/gm)].map(found => (found[1] ?? found[2] ?? found[3])!);
  return links.filter(link => !/^[a-z]+:/.test(link) && !exists(path.join(ROOT, path.dirname(file)), link, text)).map(link => `${file}: ${link}`);
}

/** Whether a link, as it stands in a file of this folder with this text, leads to something. */
function exists(folder: string, link: string, text = ''): boolean {
  const [file = '', heading] = link.split('#');
  const target = path.join(folder, file);
  if (file !== '' && !existsSync(target)) return false;
  return heading === undefined || heading === '' || headings(file === '' ? text : readFileSync(target, 'utf8')).includes(heading);
}

/** As the sites that show Markdown name them, and anchors. */
function headings(text: string): string[] {
  const count = new Map<string, number>();
  const anchors = [...text.matchAll(/<a [^>]*\bid="([^"]+)"/g)].map(([, id]) => id!);
  return [...anchors, ...[...text.replaceAll(/^ *```[^]*?^ *```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title]) => {
    const name = title!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    const before = count.get(name) ?? 0;
    count.set(name, before + 1);
    return before === 0 ? name : `${name}-${before}`;
  })];
}
