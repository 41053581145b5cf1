import { CaCertificate } from '../../parts/ca-certificate';

/** TLS to a Redis server. The certificate is always checked, for the host as well. */
export class RedisTls {
  /**
   * The server's certificate is signed by an authority that the image trusts.
   */
  public static readonly SYSTEM_ROOTS = new RedisTls();

  /**
   * The server's certificate is signed by an authority of your own.
   */
  public static trusting(ca: CaCertificate): RedisTls {
    return new RedisTls(ca);
  }

  private constructor(
    /**
     * @internal
     */
    public readonly _ca?: CaCertificate,
  ) {}
}
