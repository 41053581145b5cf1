import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { decrypt } from '../../../src/runner/age/decrypt';
import { encrypt } from '../../../src/runner/age/encrypt';
import { Identities, sealHeader } from '../../../src/runner/age/keys';

/** A key pair, and the file with its private half. */
export interface Pair {
  readonly identity: string;
  readonly recipient: string;
  readonly file: string;
  readonly identities: Identities;
}

export async function aPair(): Promise<Pair> {
  const identity = await generateIdentity();
  const file = identityFile(`# created for a test\n${identity}\n`);
  return { identity, recipient: await identityToRecipient(identity), file, identities: await Identities.load(file) };
}

export function identityFile(content: string): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'age-')), 'identity');
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

export async function sealed(plain: Buffer, recipients: readonly string[], chunkBytes = 1_000_000): Promise<Buffer> {
  return through(plain, encrypt(await sealHeader(recipients)), chunkBytes);
}

export function opened(file: Buffer, { identities }: Pick<Pair, 'identities'>, chunkBytes = 1_000_000): Promise<Buffer> {
  return through(file, decrypt(header => identities.openHeader(header, 'the file'), 'the file'), chunkBytes);
}

/** What came out of a stream, whether it ended well or not. */
export async function openedSoFar(file: Buffer, { identities }: Pick<Pair, 'identities'>, chunkBytes: number) {
  const seen: Buffer[] = [];
  const stream = decrypt(header => identities.openHeader(header, 'the file'), 'the file');
  const failure: unknown = await pipeline(Readable.from(pieces(file, chunkBytes), { objectMode: false }), stream, async output => {
    for await (const chunk of output) seen.push(chunk as Buffer);
  }).then(() => null, error => error);
  return { plain: Buffer.concat(seen), failure };
}

async function through(bytes: Buffer, stream: NodeJS.ReadWriteStream, chunkBytes: number): Promise<Buffer> {
  const [, result] = await Promise.all([
    pipeline(Readable.from(pieces(bytes, chunkBytes), { objectMode: false }), stream as never),
    buffer(stream as unknown as Readable).catch(() => Buffer.alloc(0)), // the pipeline tells why
  ]);
  return result;
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
