import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputOf, stdoutOf } from '../../../src/runner/core/process';

const NO_ABORT = new AbortController().signal;
/** What a program writes that says a lot, 1 MB of it, between two errors. */
const LOUD = 'echo "pg_restore: error: the cause" >&2; yes "pg_restore: a line of what it was at" | head -n 30000 >&2; echo "pg_restore: error: the end" >&2; exit 3';

test('of a program that fails with many words, the first and the last are in the message', async () => {
  const failed: unknown = await outputOf({ file: 'sh', args: ['-c', LOUD] }, NO_ABORT).catch(error => error);
  expect(String(failed)).toMatch(/sh ended with exit code 3: pg_restore: error: the cause\n[^]* … [^]*error: the end$/);
  expect(String(failed).length).toBeLessThan(4200);
});

test('both are seen by what explains the failure', async () => {
  let seen = '';
  const explain = (stderr: string) => {
    seen = stderr;
    return undefined;
  };
  await expect(outputOf({ file: 'sh', args: ['-c', LOUD], explain }, NO_ABORT)).rejects.toThrow();
  expect(seen).toMatch(/^pg_restore: error: the cause\n[^]*\n…\n[^]*error: the end$/);
  expect(seen.length).toBeLessThan(70_000);
});

test('what a program has written is there for whoever reads it only after the program has ended', async () => {
  const pid = path.join(mkdtempSync(path.join(tmpdir(), 'process-')), 'pid');
  const output = stdoutOf({ file: 'sh', args: ['-c', 'echo whole; echo $$ > "$1.new"; mv "$1.new" "$1"', 'sh', pid] }, NO_ABORT);
  while (!existsSync(pid) || existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`)) await sleep(10);
  await sleep(10); // the event of its end has come
  expect(await text(output)).toBe('whole\n');
});

test.each(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'])('a program whose input fails with %s fails with that: what it made of the beginning counts for nothing', async code => {
  const input = Readable.from((async function* () {
    yield Buffer.from('the beginning');
    throw Object.assign(new Error(`read ${code}`), { code });
  })());
  await expect(outputOf({ file: 'cat', args: [], input }, NO_ABORT)).rejects.toThrow(`read ${code}`);
});

test('so does one whose input is given up without a reason', async () => {
  const input = new Readable({ read: () => {} });
  input.push('the beginning');
  setTimeout(() => input.destroy(), 20);
  await expect(outputOf({ file: 'cat', args: [], input }, NO_ABORT)).rejects.toThrow('Premature close');
});

test.each([
  ['', 'EPIPE'],
  ['exec 3<&0; sleep 1 <&3 > /dev/null 2>&1 & ', 'ECANCELED, since a child of it still has its input open'],
])('a program that fails before it has read its input fails with its own reason, and not with that of the rest: %s%s', async children => {
  const input = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024)));
  const failed = outputOf({ file: 'sh', args: ['-c', `${children}sleep 0.05; echo "psql: error: the cause" >&2; exit 3`], input }, NO_ABORT);
  await expect(failed).rejects.toThrow('sh ended with exit code 3: psql: error: the cause');
});
