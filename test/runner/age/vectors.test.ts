import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { identityFile, openedSoFar } from './_age';
import { Identities } from '../../../src/runner/age/keys';
import { RunnerError } from '../../../src/runner/core/errors';

/*
 * The test vectors that the implementations of age share: each is a file, the identities to open it with, and what has to come of it.
 * Left out are those with a passphrase, with post-quantum keys, and in ASCII armor: files that no runner ever writes.
 */
interface Vector {
  readonly expect: string;
  /** SHA-256 of what can be read, also before a failure. */
  readonly payload: string | undefined;
  readonly identities: readonly string[];
  readonly file: Buffer;
}

function read(bytes: Uint8Array): Vector & { readonly fields: ReadonlyMap<string, string> } {
  const all = Buffer.from(bytes);
  const end = all.indexOf('\n\n');
  const pairs = all.toString('utf8', 0, end).split('\n').map(line => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const);
  const fields = new Map(pairs);
  const body = all.subarray(end + 2);
  return {
    fields,
    expect: fields.get('expect')!,
    payload: fields.get('payload'),
    identities: pairs.filter(([key]) => key === 'identity').map(([, value]) => value),
    file: fields.get('compressed') === 'zlib' ? inflateSync(body) : body,
  };
}

const usable = Object.entries(vectors as Record<string, unknown>)
  .flatMap(([name, bytes]) => bytes instanceof Uint8Array ? [[name, read(bytes)] as const] : [])
  .filter(([, { fields, identities }]) => !fields.has('armored') && !fields.has('passphrase') && identities.length > 0
    && identities.every(key => key.startsWith('AGE-SECRET-KEY-1')));

jest.setTimeout(120_000); // some have 17 MB

test('the vectors cover header, keys and payload', () => {
  expect(usable.length).toBeGreaterThan(60);
  expect(new Set(usable.map(([, { expect: outcome }]) => outcome))).toEqual(new Set(['success', 'header failure', 'payload failure', 'no match', 'HMAC failure']));
});

test.each(usable)('%s', async (_name, { expect: outcome, payload, identities, file }) => {
  const keys = await Identities.load(identityFile(identities.join('\n')));
  for (const chunkBytes of [1, 1000, 65_552, 10_000_000]) {
    if (chunkBytes === 1 && file.length > 10_000) continue; // takes long, and shows no more
    const { plain, failure } = await openedSoFar(file, { identities: keys }, chunkBytes);
    if (outcome === 'success') expect(failure).toBeNull(); else expect(failure).toBeInstanceOf(RunnerError);
    // What is let through before a failure is the beginning of what was encrypted, and nothing else.
    if (outcome === 'success') expect(createHash('sha256').update(plain).digest('hex')).toBe(payload);
    if (outcome !== 'success' && payload === undefined) expect(plain).toHaveLength(0);
  }
});
