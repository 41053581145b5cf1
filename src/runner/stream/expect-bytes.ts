import { Transform } from 'node:stream';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/**
 * Passes exactly this many bytes through. Fails with the first byte too many, so that a few bytes that decompress to a disk full of
 * them stop where the record says that the content ends.
 *
 * @param what names the artifact, for the message
 */
export function expectBytes(expected: number, what: string): Transform {
  let bytes = 0;
  const wrong = (found: string) => new RunnerError(
    `${what} holds ${found} the ${expected} bytes of content that its record says: restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT,
  );
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      bytes += chunk.length;
      callback(bytes > expected ? wrong('more than') : null, chunk);
    },
    flush(callback) {
      callback(bytes === expected ? null : wrong(`only ${bytes} of`));
    },
  });
}
