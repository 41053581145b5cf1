import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { hasTest, isAboutKubernetes, readClaims, sentences } from './claims';
import { readClaimingPages, ROOT } from './pages';

const claims = readClaims();
const says = readClaimingPages().flatMap(({ text }) => sentences(text));

test('every sentence of test/cluster/claims.md is in README or docs, as it stands there', () => {
  const gone = claims.filter(claim => !says.includes(claim.says)).map(claim => claim.says);
  expect([...new Set(gone)]).toEqual([]);
});

test('every test that is said to play one is there', () => {
  const sourceOf = (file: string) => existsSync(path.join(ROOT, file)) ? readFileSync(path.join(ROOT, file), 'utf8') : '';
  const named = claims.flatMap(claim => claim.test ?? []);
  expect(named.filter(({ file, title }) => !hasTest(sourceOf(file), title))).toEqual([]);
  expect(named.length).toBeGreaterThan(150);
});

test('every sentence, row and command of README and docs about Kubernetes names its test, or why none plays it', () => {
  // Add it to test/cluster/claims.md, below the test that fails if it is not true.
  const known = new Set(claims.map(claim => claim.says));
  expect(says.filter(sentence => isAboutKubernetes(sentence) && !known.has(sentence))).toEqual([]);
});

test('a sentence that no test plays has one reason, and no test', () => {
  const none = claims.filter(({ whyNone }) => whyNone !== undefined);
  expect(none.filter(({ says: sentence, whyNone }) => whyNone === '' || claims.filter(other => other.says === sentence).length > 1)).toEqual([]);
});

test('a text is taken apart into sentences, rows and commands', () => {
  const text = [
    '# A head of a Pod', '', 'One pod', 'is here (`a.b: C`). **Two** are "there". `three`: Four.', '', '- an item,', '  which goes on', '- another', '',
    '| pod | head |', '|---|---|', '| a row. | Of pods |', '', '```ts', 'kubectl();', '```', '```sh', '# a comment', 'kubectl get \\', '  pods   # all', "kubectl patch '{", "  }' now", '```', '',
  ].join('\n');
  expect(sentences(text)).toEqual([
    'kubectl get pods', "kubectl patch '{}' now",
    'One pod is here (`a.b: C`).', '**Two** are "there".', '`three`: Four.', 'an item, which goes on', 'another', '| a row. | Of pods |',
  ]);
});

test.each([
  ['A pod is evicted.', true], ['kubectl get all', true], ['A Role lets it.', true], ['Its role is that of a reader.', false], ['A jobless text.', false],
])('%j is about Kubernetes: %j', (sentence, expected) => {
  expect(isAboutKubernetes(sentence)).toBe(expected);
});

test.each([
  ["test('a name', () => {});", true], ["test.each([1])('a name', () => {});", true], ['test("a name", () => {});', true],
  ["test.skip('a name', () => {});", false], ["test('a name of another', () => {});", false], ["describe('a name', () => {});", false],
])('%s has the test: %j', (source, expected) => {
  expect(hasTest(source, 'a name')).toBe(expected);
});
