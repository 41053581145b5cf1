import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { DecryptionConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact } from '../../contract/record';
import { decrypt } from '../age/decrypt';
import { Identities } from '../age/keys';
import { InspectionConfig } from '../config/load';
import { RunnerError } from '../core/errors';
import { decompress } from '../stream/compress';
import { expectBytes } from '../stream/expect-bytes';

/**
 * The content of an artifact, from the bytes that a store has: decrypted, and decompressed where the file as a whole is compressed.
 *
 * @param body the stored bytes; destroyed with what is returned, to which its errors go as well
 */
export function openPlain(artifact: RecordedArtifact, body: Readable, identities: Identities | null): Readable {
  const unsealed = unseal(artifact, body, identities);
  const { plainBytes, compression: { where, algorithm } } = artifact;
  const plain = where === 'inside' || algorithm === 'none' ? unsealed : pipeline(unsealed, decompress(algorithm), () => {});
  return plainBytes === null ? plain : pipeline(plain, expectBytes(plainBytes, artifact.file), () => {});
}

/** The bytes before they were encrypted, still compressed; as they are where they are not encrypted. */
export function unseal(artifact: RecordedArtifact, body: Readable, identities: Identities | null): Readable {
  if (artifact.recipients === undefined) return body;
  if (identities === null) throw sealedFor([artifact]);
  return pipeline(body, decrypt(header => identities.openHeader(header, artifact.file), artifact.file), () => {});
}

/**
 * Reads the identities that open these artifacts; `null` where none of them is encrypted.
 *
 * @throws RunnerError where one of them can't be opened by any, before anything was read or changed
 */
export async function identitiesFor(artifacts: readonly RecordedArtifact[], decryption: DecryptionConfig | null): Promise<Identities | null> {
  const sealed = artifacts.filter(({ recipients }) => recipients !== undefined);
  if (sealed.length === 0) return null;
  if (decryption === null) throw sealedFor(sealed);
  const identities = await Identities.load(decryption.identityFile);
  const other = sealed.filter(({ recipients }) => !recipients!.some(recipient => identities.recipients.includes(recipient)));
  if (other.length > 0) {
    throw new RunnerError(
      `${sentence(other)}, and the identities in ${identities.file} are those of ${identities.recipients.join(', ')}: `
        + 'give the file that has the identity of one of the former; after a change of keys the old identity is still needed for old backups',
      ExitCode.DENIED,
    );
  }
  return identities;
}

/** The identity file that somebody has named, or else that of the config, if it has one. */
export function decryptionOf(config: InspectionConfig, file: string | undefined): DecryptionConfig | null {
  if (file !== undefined) return { identityFile: path.resolve(file) };
  return 'decryption' in config ? config.decryption : null;
}

/** The failure of a reader that has no identity. */
function sealedFor(artifacts: readonly RecordedArtifact[]): RunnerError {
  return new RunnerError(
    `${sentence(artifacts)}, and no identity is given: name the file with one of their identities (AGE-SECRET-KEY-1…) with --identity FILE, `
      + 'or mount it in the job with \'decryption\'',
    ExitCode.BAD_CONFIG,
  );
}

function sentence(artifacts: readonly RecordedArtifact[]): string {
  const recipients = [...new Set(artifacts.flatMap(artifact => artifact.recipients ?? []))];
  return `${artifacts.map(({ file }) => file).join(' and ')} can be opened by ${recipients.join(' and ')} only`;
}
