import { checkName } from './names';
import { PostgresInPlaceRestoreOptions, PostgresParallelRestoreOptions, PostgresRestoreOptions } from './postgres-restore-options';
import { PostgresConfig, PostgresTargetConfig } from '../../../contract/config';
import { checkAssertions, checkWholeNumber, show } from '../../core/check';
import { checkForm, checkValue, Form, needed } from '../../core/form';
import { FLAG, listOf, NUMBER, SIZE, text } from '../../core/takes';
import { RestoreDefinition } from '../../engine-api/restore';

const BASE: Form<PostgresRestoreOptions> = {
  databaseName: text('orders'),
  sourceDatabaseName: text('orders'),
  globals: FLAG,
  assertions: listOf(text('SELECT count(*) > 0 FROM users')),
};
const IN_PLACE: Form<PostgresInPlaceRestoreOptions> = { ...BASE, safetyBackup: FLAG };
const PARALLEL: Form<PostgresParallelRestoreOptions> = { ...BASE, parallelJobs: NUMBER, singleTransaction: FLAG, targetFreeSpace: SIZE };

/** Into a database beside, which then takes the place of the live one. */
export function swap(options: PostgresParallelRestoreOptions): RestoreDefinition<'postgres'> {
  checkForm(options, PARALLEL);
  return into(targetOf('swap', null, options), (options.parallelJobs ?? 1) > 1);
}

/** Into the live database itself. */
export function inPlace(options: PostgresInPlaceRestoreOptions): RestoreDefinition<'postgres'> {
  checkForm(options, IN_PLACE);
  return into(targetOf('in-place', null, options), false);
}

/** Into a database of another name. */
export function newDatabase(newName: string, options: PostgresParallelRestoreOptions): RestoreDefinition<'postgres'> {
  checkForm(options, PARALLEL);
  checkValue('newName', newName, needed(text('orders_look')));
  checkName('newName', newName);
  return into(targetOf('new-database', newName, options), (options.parallelJobs ?? 1) > 1);
}

function into(target: (source: PostgresConfig) => PostgresTargetConfig, needsScratch: boolean): RestoreDefinition<'postgres'> {
  return {
    engine: 'postgres',
    needsScratch,
    bind: (_scope, source) => {
      const config = target(source.config);
      return { ...source, config, storesPrevious: config.mode === 'in-place' && config.safetyBackup };
    },
  };
}

/** Checks the options at once; what it returns is told the source. */
export function targetOf(
  mode: PostgresTargetConfig['mode'], newName: string | null, options: PostgresParallelRestoreOptions & PostgresInPlaceRestoreOptions,
): (source: PostgresConfig) => PostgresTargetConfig {
  const assertions = checkAssertions(options.assertions);
  const parallelJobs = checkWholeNumber('parallelJobs', options.parallelJobs ?? 1, 1, 64);
  const singleTransaction = options.singleTransaction ?? false;
  if (singleTransaction && parallelJobs > 1) throw new Error(`'singleTransaction' can't be shared by several jobs: leave 'parallelJobs' at 1, got ${parallelJobs}`);
  const { targetFreeSpace } = options;
  const freeBytes = targetFreeSpace === undefined ? null : targetFreeSpace.toKibibytes() * 1024;
  if (freeBytes === 0) throw new Error('\'targetFreeSpace\' must be more than nothing, got 0 bytes: leave it out where it is not known');
  const sourceDatabase = options.sourceDatabaseName === undefined ? null : checkName('sourceDatabaseName', options.sourceDatabaseName);
  const given = options.databaseName === undefined ? null : checkName('databaseName', options.databaseName);

  return ({ engine, host, port, user, passwordEnv, tls, databaseName: own, globals }) => {
    const database = given ?? own;
    if (database === null) {
      throw new Error('\'databaseName\' is missing: the backup has all databases of the server, and one restore brings back one; name it in the mode, RestoreMode.postgresSwap with \'databaseName\'');
    }
    if (newName === database) {
      throw new Error(`'newName' must be another name than that of the database, got ${show(newName)}: to replace it, use RestoreMode.postgresSwap`);
    }
    return {
      engine,
      host,
      port,
      user,
      passwordEnv,
      tls,
      databaseName: database,
      sourceDatabaseName: sourceDatabase,
      mode,
      newName,
      parallelJobs,
      singleTransaction,
      targetFreeSpaceBytes: freeBytes,
      safetyBackup: options.safetyBackup ?? true,
      globals: options.globals ?? globals,
      assertions,
    };
  };
}
