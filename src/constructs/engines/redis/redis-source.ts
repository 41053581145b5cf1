import { RedisTls } from './redis-tls';
import { SecretValue } from '../../parts/secret-value';

/**
 * Options for `BackupSource.redis()`.
 *
 * There is no choice of databases: a snapshot always has all of them.
 */
export interface RedisSourceOptions {
  /** Host name or address of the server, such as the name of its Service. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * The ACL user. It needs the commands `PING`, `INFO`, `REPLCONF` and `PSYNC`.
   *
   * @default - the server's default user
   */
  readonly user?: string;

  /**
   * Where the password is: a key of a Secret. The pod sees it as the environment variable `REDIS_PASSWORD`.
   *
   * @default - the server asks for none
   */
  readonly password?: SecretValue;

  /**
   * TLS to the server.
   *
   * @default - the connection is not encrypted
   */
  readonly tls?: RedisTls;
}
