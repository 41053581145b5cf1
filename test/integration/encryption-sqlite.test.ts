import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { age, key, makeKeys, other, removeKeys, restoring, sqliteConfig, sqliteOf } from './_encryption';
import { backup, environmentOf, filesIn, programArgs, run, RunOptions } from './_runner';
import { restore } from './restore/_restore';
import { tempDir } from './servers/_process';
import { BackupConfig } from '../../src/contract/config';

beforeAll(makeKeys);
afterAll(removeKeys);

const PASSPHRASE = 'open sesame';

/** Runs a program at a terminal, where somebody types the passphrase whenever one of the prompts has come, in their order. */
async function atTerminal(command: readonly string[], prompts: RegExp[], options: RunOptions = {}, typed = PASSPHRASE) {
  const quoted = command.map(word => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { env: { ...process.env, ...environmentOf(options) } });
  let shown = '';
  const waiting = [...prompts];
  child.stdout.on('data', chunk => {
    shown += chunk;
    if (waiting[0]?.test(shown)) {
      waiting.shift();
      child.stdin.write(typed + (typed < ' ' ? '' : '\r'));
    }
  });
  const [code] = await once(child, 'close');
  return { code: code as number, shown };
}

describe('SQLite', () => {
  let config: BackupConfig;
  let id: string;
  let content: string;

  beforeAll(async () => {
    config = sqliteConfig();
    content = dump(sqliteOf(config));
    ({ id } = await backup({ config }));
  });

  function dump(file: string): string {
    return execFileSync('sqlite3', [file, '.dump'], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  }

  test('comes back with an identity of the config, or one that is named', async () => {
    for (const again of [() => restore(restoring(config, key.file)), () => restore(restoring(config, null), '--identity', key.file)]) {
      execFileSync('sqlite3', [sqliteOf(config), 'DELETE FROM t']);
      expect(await again()).toMatchObject({ code: 0 });
      expect(dump(sqliteOf(config))).toBe(content);
    }
    const file = path.join(tempDir('laptop'), 'copy.db');
    expect(await run(['restore', '--to', file, '--identity', key.file], { config })).toMatchObject({ code: 0 });
    expect(dump(file)).toBe(content);
  });

  describe('with an identity that has a passphrase, as "age --passphrase" writes it', () => {
    let file: string;
    beforeAll(async () => {
      file = `${key.file}.age`;
      await atTerminal(['age', '--passphrase', '--output', file, key.file], [/Enter passphrase/, /Confirm passphrase/]);
    });

    test('the terminal is asked, and does not show what is typed', async () => {
      execFileSync('sqlite3', [sqliteOf(config), 'DELETE FROM t']);
      const { code, shown } = await atTerminal([...programArgs('restore'), '--yes', '--identity', file], [/Passphrase of .*age: /], restoring(config, null));
      expect([code, shown]).toEqual([0, expect.stringContaining(id)]);
      expect(shown).not.toContain(PASSPHRASE);
      expect(dump(sqliteOf(config))).toBe(content);
    });

    test('a wrong one changes nothing, nor does Ctrl+C; and where nobody can be asked the way out is told', async () => {
      const before = readFileSync(sqliteOf(config));
      const args = [...programArgs('restore'), '--yes', '--identity', file];
      const wrong = await atTerminal(args, [/Passphrase of/], restoring(config, null), 'wrong words');
      expect(wrong).toMatchObject({ code: 10, shown: expect.stringContaining('the passphrase is wrong') });
      expect(wrong.shown).not.toContain('wrong words');
      expect(await atTerminal(args, [/Passphrase of/], restoring(config, null), '\x03')).toMatchObject({ code: 143, shown: expect.stringContaining('no passphrase was given') });
      const nobody = await run(['restore', '--yes', '--identity', file], { ...restoring(config, null), through: ['setsid', '--wait'] });
      expect(nobody).toMatchObject({ code: 10, message: expect.stringContaining('there is no terminal to ask for it') });
      expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
    });
  });

  test.each<[string, () => string | null, number, () => string]>([
    ['without an identity', () => null, 10, () => `${id}.db.zst.age can be opened by ${key.recipient} only, and no identity is given: name the file with one of their identities (AGE-SECRET-KEY-1…) with --identity FILE`],
    ['with a wrong one', () => other.file, 14, () => `${id}.db.zst.age can be opened by ${key.recipient} only, and the identities in ${other.file} are those of ${other.recipient}`],
    ['with one that is not there', () => '/nowhere/identity', 10, () => 'the identity file can\'t be read'],
  ])('%s the restore fails before anything has happened, and says who can', async (_name, identityFile, code, message) => {
    const before = readFileSync(sqliteOf(config));
    const files = filesIn(path.dirname(sqliteOf(config)));
    for (const args of [[], ['--dry-run']]) {
      const ended = await restore(restoring(config, identityFile()), ...args);
      expect([ended.code, ended.message]).toEqual([code, expect.stringContaining(message())]);
      expect(ended.message).toMatch(/Nothing was changed$/);
    }
    expect(readFileSync(sqliteOf(config)).equals(before)).toBe(true);
    expect(filesIn(path.dirname(sqliteOf(config)))).toEqual(files);
  });

  test('verify reads digests without an identity and says so, and all of it with one', async () => {
    const blind = await run(['verify'], { config });
    expect(blind).toMatchObject({ code: 0, message: expect.stringContaining('it is encrypted: to read what is in it, name the file with one of its identities with --identity FILE') });
    const elsewhere = await run(['verify'], restoring(config, '/nowhere/identity')); // the config of a pod, read on a laptop
    expect(elsewhere).toMatchObject({ code: 0, message: blind.message });
    const seeing = await run(['verify', '--identity', key.file], { config });
    expect(seeing).toMatchObject({ code: 0, events: [] });
    const wrong = await run(['verify', '--identity', other.file], { config });
    expect([wrong.code, wrong.stdout]).toEqual([14, expect.stringContaining('it is sealed to another recipient')]);
  });

  test('fetch copies it as it is, or decrypted, and overwrites nothing', async () => {
    const to = tempDir('laptop');
    const options: RunOptions = { config };
    expect(await run(['fetch', '--to', to], options)).toMatchObject({ code: 0, stdout: expect.stringContaining('age --decrypt') });
    expect(await run(['fetch', '--to', to, '--decrypt', '--identity', key.file], options)).toMatchObject({ code: 0 });
    expect(filesIn(to)).toEqual([`${id}.db.zst`, `${id}.db.zst.age`, `${id}.sha256`]);
    expect(age(['--decrypt', '--identity', key.file, path.join(to, `${id}.db.zst.age`)]).equals(readFileSync(path.join(to, `${id}.db.zst`)))).toBe(true);
    expect(await run(['fetch', '--to', to, '--decrypt', '--identity', key.file], options)).toMatchObject({ code: 2, message: expect.stringContaining('is not overwritten') });
    const empty = tempDir('laptop');
    expect(await run(['fetch', '--to', empty, '--decrypt'], options)).toMatchObject({ code: 10 });
    expect(await run(['fetch', '--to', empty, '--decrypt', '--identity', other.file], options)).toMatchObject({ code: 14 });
    expect(filesIn(empty)).toEqual([]);
  });
});
