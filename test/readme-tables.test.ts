import { readClaimingPages } from './pages';
import { TABLES, withTables } from './readme-tables';
import { LIFECYCLE_RULES } from '../src/contract/lifecycle-rules';

const pages = readClaimingPages();

test.each(pages)('the tables of $file are those that the code prints', ({ text }) => {
  // `npx tsx test/readme-tables.ts` writes them.
  expect(text).toBe(withTables(text));
});

test('each table is there once: its first line stands where the table shall be', () => {
  expect(TABLES.map(({ header }) => pages.reduce((count, { text }) => count + text.split(`\n${header}\n`).length - 1, 0))).toEqual(TABLES.map(() => 1));
});

test('the rules of a lifecycle are numbered from 1 on, without a gap: messages and people refer to them by number', () => {
  expect(Object.values(LIFECYCLE_RULES).map(({ number }) => number)).toEqual(Object.values(LIFECYCLE_RULES).map((_, i) => i + 1));
});
