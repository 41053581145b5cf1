import { writeFileSync } from 'node:fs';
import { aPair, identityFile, opened, sealed } from './stream/_age';
import { ExitCode } from '../../src/contract/exit-code';
import { Identities, sealHeader } from '../../src/runner/age-keys';
import { RunnerError } from '../../src/runner/errors';

async function failureOf(promise: Promise<unknown>): Promise<RunnerError> {
  const failure: unknown = await promise.then(() => null, error => error);
  expect(failure).toBeInstanceOf(RunnerError);
  return failure as RunnerError;
}

test('a file may have several identities, comments and empty lines; after a change of keys old and new backups are read with it', async () => {
  const [old, current] = [await aPair(), await aPair()];
  const identities = await Identities.load(identityFile(`# created: 2026-11-22\n# public key: ${current.recipient}\n${current.identity}\n\n# until 2026\n${old.identity}\r\n`));
  expect(identities.recipients).toEqual([current.recipient, old.recipient]);
  for (const { recipient } of [old, current]) expect((await opened(await sealed(Buffer.from('content'), [recipient]), { identities })).toString()).toBe('content');
});

describe('a file that has no identity to use is refused, with the way out, and without a word of what is in it', () => {
  test.each<[string, (identity: string, recipient: string) => string, string]>([
    ['empty', () => '', 'has no identity in it: it needs a line AGE-SECRET-KEY-1…, as age-keygen writes it'],
    ['comments only', () => '# nothing\n', 'has no identity in it'],
    ['the public half', (_, recipient) => recipient, 'is a recipient, the public half'],
    ['with a passphrase', () => 'age-encryption.org/v1\n-> scrypt AAAA 18\n', 'an identity with a passphrase is opened first, with "age --decrypt"'],
    ['with a passphrase, in armor', () => '-----BEGIN AGE ENCRYPTED FILE-----\n', 'an identity with a passphrase is opened first, with "age --decrypt"'],
    ['an SSH key', () => '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n', 'begins an SSH or TLS key'],
    ['of a plugin', () => 'AGE-PLUGIN-YUBIKEY-1QQQQ', 'is an identity of a plugin'],
    ['post-quantum', () => 'AGE-SECRET-KEY-PQ-1QQQQ', 'is an identity of a kind that this program does not know'],
    ['mistyped', identity => identity.slice(0, -1) + (identity.endsWith('Q') ? 'P' : 'Q'), 'is a mistyped or cut off identity'],
    ['cut off', identity => identity.slice(0, -10), 'is a mistyped or cut off identity'],
    ['lower case', identity => identity.toLowerCase(), 'is no identity'],
    ['anything else', () => 'hunter2', 'is no identity'],
  ])('%s', async (_name, content, message) => {
    const { identity, recipient } = await aPair();
    const file = identityFile(content(identity, recipient));
    const failure = await failureOf(Identities.load(file));
    expect(failure).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringContaining(message) });
    expect(failure.message).toContain(file);
    for (const told of [identity.slice(20), 'hunter2', 'QQQQ']) expect(failure.message.toUpperCase()).not.toContain(told.toUpperCase());
  });

  test('missing', async () => {
    expect(await failureOf(Identities.load('/nowhere/identity'))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringContaining('--identity FILE') });
  });

  test('endless', async () => {
    expect(await failureOf(Identities.load('/dev/zero'))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    const large = identityFile('');
    writeFileSync(large, Buffer.alloc(10_000_000, '\n'));
    expect(await failureOf(Identities.load(large))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });
});

test('a recipient that is none is refused', async () => {
  const { recipient } = await aPair();
  const mistyped = recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q');
  expect(await failureOf(sealHeader([recipient, mistyped]))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringContaining(`${mistyped} in the config is no recipient of age`) });
});
