import { readFileSync } from 'node:fs';
import { commandLinePage, FILE, leaves, MORE, program } from './command-line';

test('the page of commands is as the program prints it', () => {
  // `npx tsx test/docs/command-line.ts` writes it.
  expect(readFileSync(FILE, 'utf8')).toBe(commandLinePage());
});

test('every command has its section, and nothing is said of a command that is none', () => {
  const names = leaves(program()).map(({ name }) => name);
  const sections = [...commandLinePage().matchAll(/^## (.+)$/gm)].map(([, title]) => title!);
  expect(sections).toEqual(['Where the config comes from', ...names]);
  expect(names.length).toBeGreaterThan(20);
  expect(Object.keys(MORE).filter(name => !names.includes(name))).toEqual([]);
});
