import { createCipheriv, randomBytes } from 'node:crypto';
import { Transform, TransformCallback } from 'node:stream';
import { Backlog, CHUNK_BYTES, ChunkNonces, CIPHER, NONCE_BYTES, payloadKey, TAG_BYTES } from './format';
import { SealedHeader } from './keys';

/**
 * Encrypts what passes through into one age file, as the stock `age` program would.
 *
 * On Node's own ChaCha20-Poly1305: the library that the header comes from does the same in JavaScript, in three to five times the
 * time (`npx projen bench`).
 *
 * @param header for one file only: its key must never encrypt another one
 */
export function encrypt(header: SealedHeader): Transform {
  return new EncryptStream(header);
}

class EncryptStream extends Transform {
  private readonly backlog = new Backlog();
  private readonly nonces = new ChunkNonces();
  private readonly key: Buffer;

  constructor({ header, fileKey }: SealedHeader) {
    super();
    const nonce = randomBytes(NONCE_BYTES);
    this.key = payloadKey(fileKey, nonce);
    this.push(Buffer.concat([header, nonce]));
  }

  public override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.backlog.add(chunk);
    const sealed: Buffer[] = [];
    // A full chunk is kept back until there is more: it may turn out to be the last one.
    while (this.backlog.length > CHUNK_BYTES) sealed.push(...this.seal(this.backlog.take(CHUNK_BYTES), false));
    callback(null, sealed.length === 0 ? undefined : Buffer.concat(sealed));
  }

  public override _flush(callback: TransformCallback): void {
    callback(null, Buffer.concat(this.seal(this.backlog.take(this.backlog.length), true)));
  }

  private seal(plain: Buffer, last: boolean): Buffer[] {
    const cipher = createCipheriv(CIPHER, this.key, this.nonces.next(last), { authTagLength: TAG_BYTES });
    const sealed = cipher.update(plain);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  }
}
