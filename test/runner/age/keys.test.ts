import { readFileSync, writeFileSync } from 'node:fs';
import { armor, Encrypter } from 'age-encryption';
import { aPair, identityFile, opened, sealed } from './_age';
import { ExitCode } from '../../../src/contract/exit-code';
import { Identities, sealHeader } from '../../../src/runner/age/keys';
import { RunnerError } from '../../../src/runner/core/errors';

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

describe('a file with a passphrase', () => {
  const withPassphrase = async (content: string, armored: boolean) => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase('open sesame');
    encrypter.setScryptWorkFactor(10); // of the real ones: 18, a second each
    const bytes = await encrypter.encrypt(content);
    const file = identityFile('');
    writeFileSync(file, armored ? armor.encode(bytes) : bytes);
    return file;
  };

  test.each([true, false])('is opened with it, armored: %s', async armored => {
    const { identity, recipient } = await aPair();
    const asked: string[] = [];
    const file = await withPassphrase(`# created: 2026-11-22\n${identity}\n`, armored);
    const identities = await Identities.load(file, async name => {
      asked.push(name);
      return 'open sesame';
    });
    expect(identities.recipients).toEqual([recipient]);
    expect(asked).toEqual([file]);
  });

  test('is refused with another one, when damaged, and when sealed to a key', async () => {
    const { identity, recipient } = await aPair();
    const file = await withPassphrase(identity, false);
    const ask = async () => 'wrong words';
    expect(await failureOf(Identities.load(file, ask))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(/the passphrase is wrong/) });
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    expect(await failureOf(Identities.load(file, async () => 'open sesame'))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringContaining(`${file} can't be opened`) });
    for (const beginning of ['age-encryption.org/v1\n-> scrypt AAAA 18\n', '-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n']) {
      expect(await failureOf(Identities.load(identityFile(beginning), ask))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    }
    writeFileSync(file, await sealed(Buffer.from(identity), [recipient]));
    const failure = await failureOf(Identities.load(file, ask));
    expect(failure.message).toMatch(/sealed to a key instead/);
    expect(failure.message).not.toMatch(/wrong words|AGE-SECRET/);
  });
});

test('a recipient that is none is refused', async () => {
  const { recipient } = await aPair();
  const mistyped = recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q');
  expect(await failureOf(sealHeader([recipient, mistyped]))).toMatchObject({ exitCode: ExitCode.BAD_CONFIG, message: expect.stringContaining(`${mistyped} in the config is no recipient of age`) });
});
