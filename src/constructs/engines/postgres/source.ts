import { Duration, Size } from 'cdk8s';
import { checkName } from './names';
import { PostgresSourceOptions } from './postgres-source';
import { PostgresTls } from './postgres-tls';
import { PostgresConfig } from '../../../contract/config';
import { toBackupName } from '../../core/backup-name';
import { checkHost, checkPort, checkText, show, wholeSeconds } from '../../core/check';
import { checkForm, Form, needed } from '../../core/form';
import { DURATION, FLAG, instance, listOf, NUMBER, text } from '../../core/takes';
import { SourceDefinition } from '../../engine-api/source';
import { CERTIFICATES, passwordEnv } from '../../parts/pod-parts';
import { SECRET_VALUE } from '../../parts/takes';

/** The name by which the guide's Secret, people's laptops and Compose files know the password. */
const PASSWORD_ENV = 'POSTGRES_PASSWORD';

const PATTERNS = listOf(text('public'));
const FORM: Form<PostgresSourceOptions> = {
  host: needed(text('postgres')),
  port: { ...NUMBER, example: '5432' },
  databaseName: text('orders'),
  allDatabases: FLAG,
  user: needed(text('backup')),
  password: SECRET_VALUE,
  tls: instance(PostgresTls, 'a PostgresTls', 'PostgresTls.REQUIRE'),
  includeSchemas: PATTERNS,
  excludeSchemas: PATTERNS,
  includeTables: PATTERNS,
  excludeTables: PATTERNS,
  globals: FLAG,
  lockTimeout: DURATION,
};

/** Checks the options at once. */
export function postgres(options: PostgresSourceOptions): SourceDefinition<'postgres'> {
  checkForm(options, FORM);
  const tls = options.tls ?? PostgresTls.PREFER;
  const source = {
    engine: 'postgres',
    host: checkHost(options.host),
    port: checkPort(options.port ?? 5432),
    databaseName: checkDatabase(options),
    user: checkName('user', options.user),
    passwordEnv: null,
    ...checkPatterns(options),
    globals: options.globals ?? true,
    lockTimeoutSeconds: wholeSeconds('lockTimeout', options.lockTimeout ?? Duration.minutes(1), 1, 'pg_dump takes 0 for no limit'),
  } as const;

  return {
    backupName: toBackupName(options.databaseName ?? 'postgres'),
    scratchSize: Size.gibibytes(1),
    bind: (scope, { name, envSuffix }) => {
      const variable = PASSWORD_ENV + envSuffix;
      const ca = tls._ca?._mount(scope, `${name}-ca`, `${CERTIFICATES}/${name}`);
      return {
        config: { ...source, passwordEnv: options.password ? variable : null, tls: tls._toConfig(ca?.file ?? null) },
        env: passwordEnv(variable, options.password),
        mounts: ca ? [ca.mount] : [],
        mountsClaim: false,
        dataClaims: [],
        endpoints: [{ host: source.host, port: source.port }],
        api: null,
        neverInTheClear: null,
        lockTimeouts: [source.lockTimeoutSeconds],
      };
    },
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
