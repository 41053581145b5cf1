import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/**
 * Asks the person at the terminal for the passphrase of a file, without showing what they type. The terminal is asked and not stdin, so
 * that a passphrase is neither piped in nor ever in a script.
 *
 * @throws RunnerError if there is no terminal, or nothing was typed
 */
export async function askPassphrase(file: string): Promise<string> {
  const terminal = openTerminal(file);
  const input = new ReadStream(terminal);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input, output: unseen, terminal: true });
  const stop = new AbortController();
  // Without a listener both would leave the question open for ever.
  line.once('SIGINT', () => stop.abort()).once('close', () => stop.abort());
  try {
    writeSync(terminal, `Passphrase of ${file}: `);
    return await line.question('', { signal: stop.signal });
  } catch (error) {
    throw new RunnerError(`no passphrase was given for the identity file ${file}`, ExitCode.CANCELLED, { cause: error });
  } finally {
    writeSync(terminal, '\n');
    line.close();
    input.destroy();
  }
}

function openTerminal(file: string): number {
  try {
    return openSync('/dev/tty', 'r+');
  } catch (error) {
    throw new RunnerError(
      `the identity file ${file} has a passphrase, and there is no terminal to ask for it: run this where there is one, or open the file first, with "age --decrypt", and give the result`,
      ExitCode.BAD_CONFIG, { cause: error },
    );
  }
}
