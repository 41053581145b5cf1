import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** Servers use 4,096 by default. More than this is nobody's setting, and would take minutes. */
const MAX_ITERATIONS = 1_000_000;
const BYTES = 32;
/** "n,," in base64: no binding to the TLS connection. */
const NO_BINDING = 'biws';

/** One login with SCRAM-SHA-256, RFC 5802 and 7677, as PostgreSQL wants it: the name of the role is in the startup message, and empty here. */
export class Scram {
  public static readonly MECHANISM = 'SCRAM-SHA-256';
  private readonly bare = `n=,r=${randomBytes(18).toString('base64')}`;

  /** What the client says first. */
  public get first(): string {
    return `n,,${this.bare}`;
  }

  /** What it says to the server's first message; `undefined` if that makes no sense. */
  public async final(serverFirst: string, password: string): Promise<string | undefined> {
    const [, nonce, salt, count] = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,7})$/.exec(serverFirst) ?? [];
    const iterations = Number(count);
    if (nonce === undefined || iterations < 1 || iterations > MAX_ITERATIONS) return undefined;
    const salted = await promisify(pbkdf2)(password.normalize('NFKC'), Buffer.from(salt!, 'base64'), iterations, BYTES, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=${NO_BINDING},r=${nonce}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), `${this.bare},${serverFirst},${withoutProof}`);
    return `${withoutProof},p=${Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64')}`; // eslint-disable-line no-bitwise
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
