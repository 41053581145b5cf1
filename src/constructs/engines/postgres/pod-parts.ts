import { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { PostgresSourceOptions } from './postgres-source';
import { PostgresTls } from './postgres-tls';
import { PostgresConfig } from '../../../contract/config';
import { checkHost, checkPort, checkText, show, wholeSeconds } from '../../core/check';
import { CERTIFICATES, passwordEnv, PodParts, SourceSlot } from '../../parts/pod-parts';

/** The name by which the guide's Secret, people's laptops and Compose files know the password. */
const PASSWORD_ENV = 'POSTGRES_PASSWORD';

// PostgreSQL cuts longer names off without a word, and would then dump another database than the one that was meant.
const MAX_NAME_BYTES = 63;

/** Checks the options at once; what it returns defines what the pod needs. */
export function postgres(options: PostgresSourceOptions): (scope: Construct, slot: SourceSlot) => PodParts<PostgresConfig> {
  const tls = options.tls ?? PostgresTls.PREFER;
  const source = {
    engine: 'postgres',
    host: checkHost(options.host),
    port: checkPort(options.port ?? 5432),
    database: checkDatabase(options),
    user: checkName('user', options.user),
    passwordEnv: null,
    ...checkPatterns(options),
    globals: options.globals ?? true,
    lockTimeoutSeconds: wholeSeconds('lockTimeout', options.lockTimeout ?? Duration.minutes(1), 1, 'pg_dump takes 0 for no limit'),
  } as const;

  return (scope, { name, envSuffix }) => {
    const variable = PASSWORD_ENV + envSuffix;
    const ca = tls._ca?._mount(scope, `${name}-ca`, `${CERTIFICATES}/${name}`);
    return {
      config: { ...source, passwordEnv: options.password ? variable : null, tls: tls._toConfig(ca?.file ?? null) },
      env: passwordEnv(variable, options.password),
      mounts: ca ? [ca.mount] : [],
      mountsClaim: false,
    };
  };
}

function checkDatabase(options: PostgresSourceOptions): string | null {
  const { databaseName, allDatabases = false } = options;
  if (databaseName === undefined && !allDatabases) {
    throw new Error('\'databaseName\' is missing: name the database, or set \'allDatabases\' to back up every one of the server');
  }
  if (databaseName !== undefined && allDatabases) {
    throw new Error(`'databaseName' and 'allDatabases' exclude each other, got ${show(databaseName)} and true: drop one of them`);
  }
  return databaseName === undefined ? null : checkName('databaseName', databaseName);
}

function checkName(property: string, value: string): string {
  const bytes = new TextEncoder().encode(value).length;
  if (bytes === 0 || bytes > MAX_NAME_BYTES || value.includes('\0')) {
    throw new Error(`'${property}' must be 1 to ${MAX_NAME_BYTES} bytes long, as all names in PostgreSQL, got ${show(value)} with ${bytes}`);
  }
  return value;
}

type Patterns = Pick<PostgresConfig, 'includeSchemas' | 'excludeSchemas' | 'includeTables' | 'excludeTables'>;

function checkPatterns(options: PostgresSourceOptions): Patterns {
  const { includeSchemas = [], excludeSchemas = [], includeTables = [], excludeTables = [] } = options;
  const patterns = { includeSchemas, excludeSchemas, includeTables, excludeTables };
  for (const [property, values] of Object.entries(patterns)) values.forEach(value => checkText(property, value));

  // `pg_dump --table` makes `--schema` and `--exclude-schema` count for nothing.
  for (const [property, values] of Object.entries({ includeSchemas, excludeSchemas })) {
    if (includeTables.length > 0 && values.length > 0) {
      throw new Error(`'includeTables' and '${property}' exclude each other, got ${show(includeTables)} and ${show(values)}: pg_dump ignores schemas once tables are named; write tables as "schema.table"`);
    }
  }
  // A pattern that matches nothing ends pg_dump, and few patterns match something in every database.
  for (const [property, values] of Object.entries({ includeSchemas, includeTables })) {
    if (options.allDatabases && values.length > 0) {
      throw new Error(`'${property}' and 'allDatabases' exclude each other, got ${show(values)}: define a backup of its own for the database that has them`);
    }
  }
  for (const [what, included, excluded] of [['Schemas', includeSchemas, excludeSchemas], ['Tables', includeTables, excludeTables]] as const) {
    const both = included.filter(pattern => excluded.includes(pattern));
    if (both.length > 0) {
      throw new Error(`'include${what}' and 'exclude${what}' both name ${show(both[0])}: nothing would be left of it, drop it from one of them`);
    }
  }
  return patterns;
}
