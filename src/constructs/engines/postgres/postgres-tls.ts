import { PostgresTlsConfig } from '../../../contract/config';
import { CaCertificate } from '../../parts/ca-certificate';

/**
 * How the connection to a PostgreSQL server is protected: libpq's `sslmode`.
 *
 * Only `verifyFull` and `verifyCa` protect against somebody who sits in between.
 */
export class PostgresTls {
  /**
   * No TLS.
   */
  public static readonly DISABLE = new PostgresTls('disable');

  /**
   * TLS if the server offers it, no TLS otherwise; the certificate isn't checked.
   */
  public static readonly PREFER = new PostgresTls('prefer');

  /**
   * TLS or nothing; the certificate isn't checked.
   */
  public static readonly REQUIRE = new PostgresTls('require');

  /**
   * TLS, with a certificate that `ca` has signed, for whatever host.
   */
  public static verifyCa(ca: CaCertificate): PostgresTls {
    // Without a CA of one's own libpq has only `sslrootcert=system`, which it combines with verify-full alone.
    return new PostgresTls('verify-ca', ca);
  }

  /**
   * TLS, with a certificate that is made out to the very host.
   *
   * @param ca the authority that has signed it; left out, those that the image trusts.
   */
  public static verifyFull(ca?: CaCertificate): PostgresTls {
    return new PostgresTls('verify-full', ca);
  }

  private constructor(
    private readonly mode: PostgresTlsConfig['mode'],
    /**
     * @internal
     */
    public readonly _ca?: CaCertificate,
  ) {}

  /**
   * @internal
   */
  public _toConfig(caFile: string | null): PostgresTlsConfig {
    return { mode: this.mode, caFile };
  }
}
