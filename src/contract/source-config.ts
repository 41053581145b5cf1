/* What is backed up: a part of the config of a backup. */

export type SourceConfig = DatabaseConfig | SetConfig | KubernetesConfig;

/** A source that is one database, or one server. */
export type DatabaseConfig = PostgresConfig | RedisConfig | SqliteConfig;

/** Several databases of one application in one backup: all of them, or none. */
export interface SetConfig {
  readonly engine: 'set';
  /** At least two, by name, in the order in which they are dumped. */
  readonly members: { readonly [member: string]: DatabaseConfig };
}

export interface PostgresConfig {
  readonly engine: 'postgres';
  readonly host: string;
  readonly port: number;
  /** `null`: every database of the server that accepts connections, templates left out. */
  readonly database: string | null;
  readonly user: string;
  /** Environment variable that holds the password; `null` where the server asks for none. */
  readonly passwordEnv: string | null;
  readonly tls: PostgresTlsConfig;
  /** Patterns in the sense of `pg_dump --schema`; empty means all. */
  readonly includeSchemas: readonly string[];
  readonly excludeSchemas: readonly string[];
  /** Patterns in the sense of `pg_dump --table`; empty means all. */
  readonly includeTables: readonly string[];
  readonly excludeTables: readonly string[];
  /** Whether roles and tablespaces are dumped beside the database. */
  readonly globals: boolean;
  /** The dump fails rather than wait longer than this for a table lock. */
  readonly lockTimeoutSeconds: number;
}

export interface PostgresTlsConfig {
  /** libpq's `sslmode`. */
  readonly mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** PEM file of the certificate authority; `null` means the roots of the system. */
  readonly caFile: string | null;
}

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

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** Absolute path of the database file. */
  readonly path: string;
  /** The copy fails rather than wait longer than this for a lock. */
  readonly lockTimeoutSeconds: number;
}

/** Secrets and ConfigMaps of one namespace: those that are named, those with all of the labels, or, if neither is given, all of them. */
export interface KubernetesConfig {
  readonly engine: 'kubernetes';
  readonly namespace: string;
  readonly secretNames: readonly string[];
  readonly configMapNames: readonly string[];
  /** As the API takes it: `app=shop,tier=web`; `null`: none. */
  readonly labelSelector: string | null;
}
