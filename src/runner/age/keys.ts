/*
 * Keys and headers of age files: who can open what. Written by the library of age's author, so that none of it is our invention.
 */
import { open as openFile } from 'node:fs/promises';
import type * as Age from 'age-encryption';
import { askPassphrase } from './passphrase';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';

/* Takes long to load, so it is where it is used first. `import()` in the tests is that of Node.js, which knows no TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const age = (): typeof Age => require('age-encryption') as typeof Age;

/** Of an identity file; a larger one is none, and is not read into memory. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The beginning of an encrypted file, and the key that the rest of it is encrypted with. */
export interface SealedHeader {
  readonly header: Buffer;
  readonly fileKey: Uint8Array;
}

/**
 * A new file key, in a header that each of the recipients can open.
 *
 * @throws RunnerError with exit code BAD_CONFIG if one of them is no recipient
 */
export async function sealHeader(recipients: readonly string[]): Promise<SealedHeader> {
  const encrypter = new (age().Encrypter)();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new RunnerError(`${recipient} in the config is no recipient of age (${messageOf(error)}): check it against the output of age-keygen`, ExitCode.BAD_CONFIG, { cause: error });
    }
  }
  // The library gives the file key to recipients only, so one more is added, which writes it down here and nothing into the header.
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey: key => {
      fileKey = key.slice();
      return [];
    },
  });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
  return { header: empty.subarray(0, empty.length - EMPTY_PAYLOAD_BYTES), fileKey: fileKey! };
}

/** A nonce, and the tag of one chunk without content. */
const EMPTY_PAYLOAD_BYTES = 16 + 16;

/** The private keys of one file. They stay in here. */
export class Identities {
  /**
   * Reads age identities, one a line, among comments and empty lines. A file with a passphrase, as `age --passphrase` writes it, is opened.
   *
   * @param ask for the passphrase of the file
   * @throws RunnerError that says what is wrong with the file, and never what is in it
   */
  public static async load(file: string, ask = askPassphrase): Promise<Identities> {
    const content = await readFile(file);
    const lines = (isSealed(content) ? await open(file, content, ask) : content.toString()).split('\n').map(line => line.trim());
    const keys: string[] = [];
    const recipients: string[] = [];
    for (const [i, line] of lines.entries()) {
      if (line === '' || line.startsWith('#')) continue;
      const fault = faultOf(line);
      if (fault !== null) throw new RunnerError(`line ${i + 1} of the identity file ${file} ${fault}`, ExitCode.BAD_CONFIG);
      try {
        recipients.push(await age().identityToRecipient(line));
      } catch {
        // The library's message is left out: it quotes what it was given.
        throw new RunnerError(`line ${i + 1} of the identity file ${file} is a mistyped or cut off identity: its checksum is wrong`, ExitCode.BAD_CONFIG);
      }
      keys.push(line);
    }
    if (keys.length === 0) throw new RunnerError(`the identity file ${file} has no identity in it: it needs a line AGE-SECRET-KEY-1…, as age-keygen writes it`, ExitCode.BAD_CONFIG);
    return new Identities(file, keys, recipients);
  }

  private readonly decrypter = new (age().Decrypter)();

  private constructor(
    public readonly file: string,
    keys: readonly string[],
    /** What can be opened: the recipients that belong to the identities. */
    public readonly recipients: readonly string[],
  ) {
    for (const key of keys) this.decrypter.addIdentity(key);
  }

  /**
   * The file key in a header.
   *
   * @param what names the file that the header is of, for the message
   */
  public async openHeader(header: Buffer, what: string): Promise<Uint8Array> {
    try {
      return await this.decrypter.decryptHeader(header);
    } catch (error) {
      if (messageOf(error) === NO_MATCH) {
        throw new RunnerError(
          `none of the identities in ${this.file} opens ${what}: it is sealed to another recipient. Theirs are ${this.recipients.join(', ')}`, ExitCode.DENIED, { cause: error },
        );
      }
      throw new RunnerError(
        `the header of ${what} can't be read (${messageOf(error)}): it is damaged, or was changed. Restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT, { cause: error },
      );
    }
  }
}

/** The library's. */
const NO_MATCH = 'no identity matched any of the file\'s recipients';

function faultOf(line: string): string | null {
  if (line.startsWith('AGE-SECRET-KEY-1')) return null;
  if (/^age1/.test(line)) return 'is a recipient, the public half: the line AGE-SECRET-KEY-1… that age-keygen wrote beside it is needed';
  if (line.startsWith('AGE-PLUGIN-')) return 'is an identity of a plugin, which this program does not run: decrypt with the age program';
  if (line.startsWith('AGE-SECRET-KEY-')) return 'is an identity of a kind that this program does not know: it reads AGE-SECRET-KEY-1…';
  if (line.startsWith('-----BEGIN')) return 'begins an SSH or TLS key: backups are sealed to age recipients only, age1…';
  return 'is no identity: it must be AGE-SECRET-KEY-1…, as age-keygen writes it';
}

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';

function isSealed(content: Buffer): boolean {
  return ['age-encryption.org/', ARMOR].some(beginning => content.toString('latin1', 0, beginning.length) === beginning);
}

/** What is in an identity file with a passphrase. */
async function open(file: string, content: Buffer, ask: typeof askPassphrase): Promise<string> {
  const decrypter = new (age().Decrypter)();
  decrypter.addPassphrase(await ask(file));
  try {
    const armored = content.toString('latin1', 0, ARMOR.length) === ARMOR;
    return await decrypter.decrypt(armored ? age().armor.decode(content.toString('latin1')) : content, 'text');
  } catch (error) {
    const reason = messageOf(error) === NO_MATCH ? 'the passphrase is wrong, or the file is sealed to a key instead' : messageOf(error);
    throw new RunnerError(`the identity file ${file} can't be opened: ${reason}`, ExitCode.BAD_CONFIG, { cause: error });
  }
}

async function readFile(file: string): Promise<Buffer> {
  try {
    const handle = await openFile(file);
    try {
      const buffer = Buffer.alloc(MAX_FILE_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new RunnerError(
      `the identity file can't be read (${messageOf(error)}): name it with --identity FILE; in the cluster 'decryption' of the job mounts it`, ExitCode.BAD_CONFIG, { cause: error },
    );
  }
}
