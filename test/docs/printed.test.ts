import { PRINTED, withPrinted } from './printed';
import { LIFECYCLE_RULES } from '../../src/contract/lifecycle-rules';
import { readPages } from '../pages';

const pages = readPages();

test.each(pages)('what is printed in $file is as the code prints it', ({ text }) => {
  // `npx tsx test/docs/printed.ts` writes it.
  expect(withPrinted(text)).toBe(text);
});

test('each of it is there once', () => {
  const places = pages.flatMap(({ text }) => [...text.matchAll(/^<!-- printed: (.+) -->$/gm)].map(([, name]) => name!));
  expect(places.sort()).toEqual(Object.keys(PRINTED).sort());
});

test('a table that is not as the code prints it is found', () => {
  expect(withPrinted('<!-- printed: exit-codes -->\n\n| code |\n\n<!-- end of what is printed -->\n')).toContain('| 17 | Stopped at its deadline,');
});

test('the rules of a lifecycle are numbered from 1 on, without a gap: messages and people refer to them by number', () => {
  expect(Object.values(LIFECYCLE_RULES).map(({ number }) => number)).toEqual(Object.values(LIFECYCLE_RULES).map((_, i) => i + 1));
});
