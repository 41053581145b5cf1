import { Duration } from 'cdk8s';
import { PostgresTls } from './postgres-tls';
import { SecretValue } from '../../parts/secret-value';

/** Options for `BackupSource.postgres()`. */
export interface PostgresSourceOptions {
  /** Host name or address of the server, such as the name of its Service. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default 5432
   */
  readonly port?: number;

  /**
   * The database to back up. Give either this or `allDatabases`.
   *
   * @default - none: `allDatabases` must be true
   */
  readonly databaseName?: string;

  /**
   * Back up every database of the server that accepts connections, each into an artifact of its own. Templates are left out.
   *
   * @default false
   */
  readonly allDatabases?: boolean;

  /**
   * The user who dumps. It must be able to read all of the database: membership in `pg_read_all_data` is enough.
   *
   * For `globals` it also reads `pg_roles`, which everybody may; passwords of roles are left out unless it is a superuser.
   */
  readonly user: string;

  /**
   * Where the password is: a key of a Secret. The pod sees it as the environment variable `POSTGRES_PASSWORD`.
   *
   * @default - the server asks for none
   */
  readonly password?: SecretValue;

  /**
   * How the connection is protected.
   *
   * @default PostgresTls.PREFER
   */
  readonly tls?: PostgresTls;

  /**
   * Schemas to back up, as patterns in the sense of `pg_dump --schema`. The dump fails if one of them matches nothing. Not
   * together with `includeTables` or `allDatabases`.
   *
   * @default - all schemas
   */
  readonly includeSchemas?: string[];

  /**
   * Schemas to leave out, as patterns in the sense of `pg_dump --exclude-schema`. Not together with `includeTables`.
   *
   * @default - none is left out
   */
  readonly excludeSchemas?: string[];

  /**
   * Tables, views and sequences to back up, as patterns in the sense of `pg_dump --table`. Nothing else is in the dump then: no
   * functions, no types, not even the schemas, so a restore needs them in place. Not together with `allDatabases`.
   *
   * @default - all tables
   */
  readonly includeTables?: string[];

  /**
   * Tables to leave out, data and definition, as patterns in the sense of `pg_dump --exclude-table`.
   *
   * @default - none is left out
   */
  readonly excludeTables?: string[];

  /**
   * Back up roles and tablespaces too, into an artifact beside the database. Without them a restore into an empty server loses
   * owners and grants.
   *
   * @default true
   */
  readonly globals?: boolean;

  /**
   * The dump fails, and is tried again, rather than wait longer than this for a table lock. While it waits it holds locks on the
   * other tables, which blocks migrations; so keep this short. Whole seconds, at least 1.
   *
   * @default Duration.minutes(1)
   */
  readonly lockTimeout?: Duration;
}
