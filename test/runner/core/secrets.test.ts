import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { secretFile, secretFrom } from '../../../src/runner/core/secrets';

const directory = mkdtempSync(path.join(tmpdir(), 'secrets-'));

function fileWith(content: string): string {
  const file = path.join(directory, 'PASSWORD');
  writeFileSync(file, content);
  return file;
}

const secret = (env: NodeJS.ProcessEnv) => secretFrom(env, 'PASSWORD', 'password of the test');

test('a secret is in the variable, or in the file that the other one names', () => {
  expect(secret({ PASSWORD: 'word' })).toBe('word');
  expect(secret({ PASSWORD_FILE: fileWith('word') })).toBe('word');
  expect(secretFile({ PASSWORD_FILE: '/run/PASSWORD' }, 'PASSWORD')).toBe('/run/PASSWORD');
});

test('the variable counts, so that somebody at a laptop can say otherwise; an empty one does not', () => {
  const file = fileWith('file');
  expect(secret({ PASSWORD: 'variable', PASSWORD_FILE: file })).toBe('variable');
  expect(secretFile({ PASSWORD: 'variable', PASSWORD_FILE: file }, 'PASSWORD')).toBeUndefined();
  expect(secret({ PASSWORD: '', PASSWORD_FILE: file })).toBe('file');
});

test.each([['word\n', 'word'], ['word\r\n', 'word'], ['word\n\n', 'word\n'], [' word ', ' word ']])('of %j the secret is %j: one line break at the end is none of it', (content, expected) => {
  expect(secret({ PASSWORD_FILE: fileWith(content) })).toBe(expected);
});

test('it is read anew each time: the file follows the Secret', () => {
  const env = { PASSWORD_FILE: fileWith('old') };
  expect(secret(env)).toBe('old');
  fileWith('new');
  expect(secret(env)).toBe('new');
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['nothing', {}, 'the password of the test is missing: set the environment variable PASSWORD, or PASSWORD_FILE to a file that holds it'],
  ['no such file', { PASSWORD_FILE: '/nowhere/admin-word' }, 'the password of the test is missing: /nowhere/admin-word, which PASSWORD_FILE names, can\'t be read (ENOENT): look at the key admin-word of the Secret'],
  ['a directory', { PASSWORD_FILE: directory }, 'can\'t be read (EISDIR)'],
])('%s is a wrong config, with the way out', (_, env, message) => {
  expect(() => secret(env)).toThrow(message);
});

test('an empty file is no secret', () => {
  expect(() => secret({ PASSWORD_FILE: fileWith('\n') })).toThrow('which PASSWORD_FILE names, is empty: look at the key PASSWORD of the Secret');
});
