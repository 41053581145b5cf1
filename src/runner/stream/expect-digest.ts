import { Transform, TransformCallback } from 'node:stream';
import { DigestStream } from './digest';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/**
 * Passes bytes through and fails at the end unless they are the recorded ones.
 *
 * What it has let through before that is not proved: act on it only after the stream has ended without an error.
 *
 * @param what names the artifact and where it was read, for the message
 * @param onBytes is told the length of every chunk
 */
export function expectDigest(
  expected: { readonly bytes: number; readonly sha256: string }, what: string, onBytes: (bytes: number) => void,
): Transform {
  const digest = new DigestStream(onBytes);
  return new Transform({
    transform(chunk: Buffer, encoding, callback) {
      digest._transform(chunk, encoding, (error, passed) => {
        // Who has put something without an end there would otherwise fill a disk with it.
        callback(error ?? (digest.bytes > expected.bytes
          ? new RunnerError(`${what} is damaged: it has more than the ${expected.bytes} bytes that its record says`, ExitCode.CORRUPT) : null), passed);
      });
    },
    flush(callback: TransformCallback) {
      const sha256 = digest.sha256();
      if (digest.bytes === expected.bytes && sha256 === expected.sha256) {
        callback();
        return;
      }
      callback(new RunnerError(
        `${what} is damaged: it has ${digest.bytes} bytes with SHA-256 ${sha256}, its record says ${expected.bytes} bytes with ${expected.sha256}`,
        ExitCode.CORRUPT,
      ));
    },
  });
}
