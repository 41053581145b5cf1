import { decodeBech32 } from './bech32';
import { EncryptionConfig } from '../../contract/config';
import { show } from '../core/check';
import { checkForm, Form, needed } from '../core/form';
import { at } from '../core/located';
import { listOf, text } from '../core/takes';

/** Options for `Encryption.age()`. */
export interface AgeEncryptionOptions {
  /**
   * Who can open the backups: recipients as `age-keygen` prints them, `age1…`. Any one of their identities is enough. They are public, so
   * they stand in the manifest; the identities belong where the cluster can't take them with it when it is lost.
   *
   * Give at least two: one whose identity is used, and one whose identity lies in a safe.
   */
  readonly recipients: string[];
}

const FORM: Form<AgeEncryptionOptions> = { recipients: needed(listOf(text('age1…'))) };

/** How a backup is encrypted before it leaves the pod. */
export class Encryption {
  /**
   * In the age format, with X25519 keys: every artifact, from outside of its compression, with `.age` at the end of its name. The stock
   * `age` program opens it. The job of the backup has no key that could.
   *
   * Names, times, sizes, digests, counts of rows or keys by table or database, and addresses stay readable: they are in names and records.
   */
  public static age(options: AgeEncryptionOptions): Encryption {
    return at('Encryption.age', () => {
      checkForm(options, FORM);
      const recipients = options.recipients.map(checkRecipient);
      if (recipients.length === 0) throw new Error('\'recipients\' must have at least one, got []: "age-keygen" prints one as it makes a key');
      const twice = recipients.find((recipient, i) => recipients.indexOf(recipient) !== i);
      if (twice !== undefined) throw new Error(`'recipients' has ${show(twice)} twice: drop one of them`);
      return new Encryption(recipients);
    });
  }

  private constructor(private readonly recipients: readonly string[]) {}

  /**
   * @internal
   */
  public _toConfig(): EncryptionConfig {
    return { recipients: this.recipients };
  }
}

const KEY_BYTES = 32;

function checkRecipient(recipient: string, index: number): string {
  if (/SECRET-KEY|AGE-PLUGIN/i.test(recipient)) {
    // Not shown: it would go from here into logs and issues.
    throw new Error(`'recipients' must have public keys, got a private one as the ${nth(index)}: give what "age-keygen -y" prints for it, and make a new key if this one was committed anywhere`);
  }
  if (/^ssh-/.test(recipient)) {
    throw new Error(`'recipients' must be keys of age, got the SSH key ${show(recipient.slice(0, 30))}…: make one with "age-keygen"`);
  }
  if (/^age1(pq|tag|tagpq|yubikey|se|fido2-hmac)1/.test(recipient)) {
    throw new Error(`'recipients' must be X25519 keys, got ${show(recipient)} of another kind: make one with "age-keygen"`);
  }
  const decoded = decodeBech32(recipient);
  if (!recipient.startsWith('age1') || decoded === undefined || decoded.prefix !== 'age' || decoded.bytes.length !== KEY_BYTES) {
    throw new Error(`'recipients' must be as "age-keygen" prints them, "age1" and 58 letters and digits with a checksum, got ${show(recipient)}: it is mistyped, or cut off`);
  }
  return recipient;
}

function nth(index: number): string {
  return ['first', 'second', 'third'][index] ?? `${index + 1}th`;
}
