import { Readable } from 'node:stream';

/** What a `pg_restore` from 17 on says before anything else, and servers before 17 refuse. It makes no difference to them. */
const UNKNOWN_SETTING = '\nSET transaction_timeout = 0;\n';
/** The line is among the first of the script. */
const PREAMBLE_BYTES = 4096;

/** The script of a newer `pg_restore` as an older server takes it. Everything behind its preamble is left as it is. */
export async function* withoutUnknownSettings(script: Readable): AsyncGenerator<Buffer> {
  let preamble: Buffer | null = Buffer.alloc(0);
  for await (const chunk of script as AsyncIterable<Buffer>) {
    if (preamble === null) {
      yield chunk;
      continue;
    }
    preamble = Buffer.concat([preamble, chunk]);
    const at = preamble.indexOf(UNKNOWN_SETTING);
    if (at >= 0 && at < PREAMBLE_BYTES) {
      yield Buffer.concat([preamble.subarray(0, at + 1), preamble.subarray(at + UNKNOWN_SETTING.length)]);
      preamble = null;
    } else if (preamble.length >= PREAMBLE_BYTES + UNKNOWN_SETTING.length) {
      yield preamble;
      preamble = null;
    }
  }
  if (preamble !== null) yield preamble;
}
