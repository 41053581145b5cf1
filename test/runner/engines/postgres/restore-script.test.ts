import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { withoutUnknownSettings } from '../../../../src/runner/engines/postgres/restore-script';

const PREAMBLE = '--\n-- PostgreSQL database dump\n--\n\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = \'UTF8\';\n';

/** What is left of a script that comes in chunks of this size. */
function left(script: string, chunk: number): Promise<string> {
  const bytes = Buffer.from(script);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) => bytes.subarray(at * chunk, (at + 1) * chunk));
  return text(Readable.from(withoutUnknownSettings(Readable.from(chunks, { objectMode: false })), { objectMode: false }));
}

test.each([1, 7, 100, 100_000])('a setting that an older server does not know is left out of the preamble, and nothing of the data: chunks of %i bytes', async chunk => {
  const data = `COPY t (line) FROM stdin;\n${'x'.repeat(10_000)}\nSET transaction_timeout = 0;\n\\.\nCOMMIT;\n`;
  expect(await left(PREAMBLE + data, chunk)).toBe(PREAMBLE.replace('SET transaction_timeout = 0;\n', '') + data);
});

test.each([1, 100_000])('a script without it is left as it is, however long or short: chunks of %i bytes', async chunk => {
  const script = PREAMBLE.replace('SET transaction_timeout = 0;\n', '');
  for (const whole of [script, '', `${script}${'y'.repeat(20_000)}\nSET transaction_timeout = 0;\n`]) expect(await left(whole, chunk)).toBe(whole);
});
