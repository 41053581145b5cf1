/* A Redis or Valkey server: as a source, and as a target. */

export interface RedisConfig {
  readonly engine: 'redis';
  readonly host: string;
  readonly port: number;
  /** ACL user; `null` means the default user. */
  readonly user: string | null;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  /** `null`: no TLS. */
  readonly tls: RedisTlsConfig | null;
}

export interface RedisTlsConfig {
  /** PEM file of the certificate authority; `null` means the roots of the system. */
  readonly caFile: string | null;
}

export interface RedisTargetConfig extends RedisConfig {
  /**
   * `replication`: the server loads the snapshot from the runner. `keys`: each key is written for itself, for servers that are no
   * replica of anybody. `rdb-file`: `dump.rdb` of a stopped server.
   */
  readonly mode: 'replication' | 'keys' | 'rdb-file';
  /** Whether `keys` may go over what the server holds, which is not one step; the others replace it in any case. */
  readonly replace: boolean;
  /** Environment variable that holds the address under which the server reaches the runner; `null`: that of its connection to the server. */
  readonly advertiseHostEnv: string | null;
  /** Where the runner listens for the server; 0: a port that is free, if it can be the same one each time for the same server. */
  readonly listenPort: number;
  /** Absolute path of the server's data directory, for `rdb-file`; `null` with the other modes. */
  readonly directory: string | null;
  /** Whether the present data set is stored as an ordinary backup before it is replaced. */
  readonly safetyBackup: boolean;
  /** What has to be there after loading. */
  readonly assertions: readonly RedisAssertionConfig[];
}

export interface RedisAssertionConfig {
  /** As `SCAN MATCH` takes it. */
  readonly pattern: string;
  readonly atLeast: number;
}
