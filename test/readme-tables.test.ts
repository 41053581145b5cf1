import { readReadme, TABLES, withTables } from './readme-tables';
import { LIFECYCLE_RULES } from '../src/contract/lifecycle-rules';

test('the tables of the README are those that the code prints', () => {
  // `npx tsx test/readme-tables.ts` writes them.
  expect(readReadme()).toBe(withTables(readReadme()));
});

test('each table is there once', () => {
  expect(TABLES.map(({ header }) => readReadme().split(`\n${header}\n`).length - 1)).toEqual(TABLES.map(() => 1));
});

test('the rules of a lifecycle are numbered from 1 on, without a gap: messages and people refer to them by number', () => {
  expect(Object.values(LIFECYCLE_RULES).map(({ number }) => number)).toEqual(Object.values(LIFECYCLE_RULES).map((_, i) => i + 1));
});
