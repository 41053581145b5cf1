import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { writeRules } from './kubernetes/pod-parts';
import { ObjectsRestoreOptions, PostgresInPlaceRestoreOptions, PostgresParallelRestoreOptions, RdbFileRestoreOptions, RedisKeysRestoreOptions, RedisRestoreOptions, SqliteRestoreOptions } from './restore-mode-options';
import { DatabaseTargetConfig, PostgresTargetConfig, RedisTargetConfig, SourceConfig, SqliteTargetConfig, TargetConfig } from '../../contract/config';
import { checkText, checkWholeNumber, show } from '../core/check';
import { PodParts } from '../parts/pod-parts';

/** Where the claim of a stopped Redis is mounted. */
const REDIS_DATA = '/redis-data';

/** Where the server that loads the snapshot finds the runner. */
const POD_IP_ENV = 'POD_IP';

/** How a backup is brought back. Each of them is for one engine. */
export class RestoreMode {
  /**
   * PostgreSQL, the default: into a new database beside the live one, which is checked and then takes the live one's name. The previous
   * database is kept under another name, for a rollback. The role needs CREATEDB and must own the live database.
   */
  public static swap(options: PostgresParallelRestoreOptions = {}): RestoreMode {
    return new RestoreMode('postgres', postgres('swap', null, options), isParallel(options));
  }

  /**
   * PostgreSQL where no database may be created: objects are dropped and made again inside the live database, in one transaction that
   * also checks `assertions`. What was there before is stored as a backup; objects that the backup does not know stay.
   */
  public static inPlace(options: PostgresInPlaceRestoreOptions = {}): RestoreMode {
    return new RestoreMode('postgres', postgres('in-place', null, options), false);
  }

  /**
   * PostgreSQL: into a database of another name, and no more. The live one is not touched: for a look into a backup.
   *
   * @param newName of the database that is made
   */
  public static newDatabase(newName: string, options: PostgresParallelRestoreOptions = {}): RestoreMode {
    checkDatabaseName('newName', newName);
    return new RestoreMode('postgres', postgres('new-database', newName, options), isParallel(options));
  }

  /**
   * Redis, the default: the server loads the snapshot from the runner as if that were its primary, then becomes a primary again. It
   * makes no difference whether append-only files are on. The server must be able to open a connection to the pod. For managed services
   * that forbid REPLICAOF there is `keys`.
   */
  public static replication(options: RedisRestoreOptions = {}): RestoreMode {
    return new RestoreMode('redis', redis('replication', options), false);
  }

  /**
   * Redis where the commands of replication are forbidden, as managed services do: each key is written with RESTORE. Functions come
   * along, values of modules don't.
   *
   * It is not one step, so the server must be empty unless you say `replace`: then what it holds is stored as a backup first, key by key,
   * and until the end it holds a mixture of both. A restore that was killed is gone on with by running it again. The runner needs memory
   * for the largest value, and about 20 bytes for each key.
   */
  public static keys(options: RedisKeysRestoreOptions = {}): RestoreMode {
    return new RestoreMode('redis', redis('keys', options), false);
  }

  /** A Redis that is stopped: `dump.rdb` is put onto its claim, so that it is loaded at the next start whether append-only files are on or off. */
  public static rdbFile(options: RdbFileRestoreOptions): RestoreMode {
    return new RestoreMode('redis', redisFile(options), false);
  }

  /** SQLite, the default: into a file beside, which is checked and then takes the live one's name. The application has to be stopped. */
  public static replaceFile(options: SqliteRestoreOptions = {}): RestoreMode {
    return new RestoreMode('sqlite', sqlite(options), false);
  }

  /**
   * A set: each member in its own way, one after the other. Where one fails, those before it are rolled back, as far as what they
   * replaced was kept.
   *
   * @param members how to restore each of them, by name; members that are not named are left alone.
   */
  public static set(members: { [member: string]: RestoreMode }): RestoreMode {
    const names = Object.keys(members);
    if (names.length === 0) throw new Error('\'members\' must name at least one member of the set, got []');
    return new RestoreMode('set', (scope, parts) => setTarget(scope, parts, members), Object.values(members).some(mode => mode._needsScratch));
  }

  /**
   * Secrets and ConfigMaps, the default: those that are missing are created, and those that are there and differ stop the restore before
   * anything is written, unless `replace` is set. What is replaced is stored before, as a sealed backup. Others are not touched.
   */
  public static objects(options: ObjectsRestoreOptions = {}): RestoreMode {
    return new RestoreMode('kubernetes', objects(options), false);
  }

  /**
   * @internal
   */
  public static _default(source: SourceConfig): RestoreMode {
    switch (source.engine) {
      case 'postgres': return RestoreMode.swap();
      case 'redis': return RestoreMode.replication();
      case 'sqlite': return RestoreMode.replaceFile();
      case 'kubernetes': return RestoreMode.objects();
      case 'set': return RestoreMode.set(Object.fromEntries(Object.entries(source.members).map(([name, member]) => [name, RestoreMode._default(member)])));
    }
  }

  private constructor(
    private readonly engine: SourceConfig['engine'],
    private readonly parts: (scope: Construct, source: PodParts<SourceConfig>) => PodParts<TargetConfig>,
    /**
     * Whether the whole artifact has to be put into a file first.
     *
     * @internal
     */
    public readonly _needsScratch: boolean,
  ) {}

  /**
   * Makes a target of a source: with the same connection, password and mounts.
   *
   * @internal
   */
  public _bind(scope: Construct, source: PodParts<SourceConfig>): PodParts<TargetConfig> {
    if (source.config.engine !== this.engine) {
      throw new Error(`'mode' is for ${this.engine}, and the target is ${source.config.engine}: leave it out for the default, or choose one that says ${source.config.engine}`);
    }
    return this.parts(scope, source);
  }
}

function setTarget(scope: Construct, parts: PodParts<SourceConfig>, modes: { [member: string]: RestoreMode }): PodParts<TargetConfig> {
  if (parts.config.engine !== 'set') throw new Error('unreachable');
  const { members } = parts.config;
  const bound = Object.entries(modes).map(([name, mode]) => {
    if (!(name in members)) throw new Error(`'members' names ${show(name)}, which is not in the set: it has ${Object.keys(members).join(', ')}`);
    const own = mode._bind(new Construct(scope, `Target-${name}`), { ...parts, config: members[name] });
    return { name, own };
  });
  return {
    config: { engine: 'set', members: Object.fromEntries(bound.map(({ name, own }) => [name, own.config as DatabaseTargetConfig])) },
    env: Object.assign({}, ...bound.map(({ own }) => own.env)),
    mounts: [...new Set(bound.flatMap(({ own }) => own.mounts))],
    mountsClaim: bound.some(({ own }) => own.mountsClaim),
  };
}

function postgres(mode: PostgresTargetConfig['mode'], newDatabase: string | null, options: PostgresParallelRestoreOptions & PostgresInPlaceRestoreOptions) {
  const assertions = options.assertions ?? [];
  assertions.forEach(assertion => checkAssertion(assertion));
  const parallelJobs = checkWholeNumber('parallelJobs', options.parallelJobs ?? 1, 1, 64);
  const singleTransaction = options.singleTransaction ?? false;
  if (singleTransaction && parallelJobs > 1) throw new Error(`'singleTransaction' can't be shared by several jobs: leave 'parallelJobs' at 1, got ${parallelJobs}`);
  const { targetFreeSpace } = options;
  const freeBytes = targetFreeSpace === undefined ? null : targetFreeSpace.toKibibytes() * 1024;
  if (freeBytes === 0) throw new Error('\'targetFreeSpace\' must be more than nothing, got 0 bytes: leave it out where it is not known');
  const sourceDatabase = options.sourceDatabaseName === undefined ? null : checkDatabaseName('sourceDatabaseName', options.sourceDatabaseName);
  const given = options.databaseName === undefined ? null : checkDatabaseName('databaseName', options.databaseName);

  return (_scope: Construct, parts: PodParts<SourceConfig>): PodParts<TargetConfig> => {
    if (parts.config.engine !== 'postgres') throw new Error('unreachable');
    const { engine, host, port, user, passwordEnv, tls, database: own, globals } = parts.config;
    const database = given ?? own;
    if (database === null) {
      throw new Error('\'databaseName\' is missing: the backup has all databases of the server, and one restore brings back one; name it in the mode, RestoreMode.swap({ databaseName })');
    }
    if (newDatabase === database) {
      throw new Error(`'newName' must be another name than that of the database, got ${show(newDatabase)}: to replace it, use RestoreMode.swap`);
    }
    const target: PostgresTargetConfig = {
      engine,
      host,
      port,
      user,
      passwordEnv,
      tls,
      database,
      sourceDatabase,
      mode,
      newDatabase,
      parallelJobs,
      singleTransaction,
      freeBytes,
      safetyBackup: options.safetyBackup ?? true,
      globals: options.globals ?? globals,
      assertions,
    };
    return { ...parts, config: target };
  };
}

function redis(method: RedisTargetConfig['method'], options: RedisRestoreOptions & RedisKeysRestoreOptions) {
  const assertions = (options.assertions ?? []).map(({ pattern, atLeast = 1 }) => ({
    pattern: checkText('pattern', pattern), leastKeys: checkWholeNumber('atLeast', atLeast, 1, Number.MAX_SAFE_INTEGER),
  }));
  // Redis' own port, which a network policy may name; the pod has it to itself.
  const listenPort = method === 'replication' ? checkWholeNumber('listenPort', options.listenPort ?? 6379, 1024, 65_535, 'the pod is not root') : 0;

  return (_scope: Construct, parts: PodParts<SourceConfig>): PodParts<TargetConfig> => {
    if (parts.config.engine !== 'redis') throw new Error('unreachable');
    const target: RedisTargetConfig = {
      ...parts.config,
      method,
      replace: options.replace ?? false,
      advertiseHostEnv: method === 'replication' ? POD_IP_ENV : null,
      listenPort,
      directory: method === 'file' ? REDIS_DATA : null,
      safetyBackup: options.safetyBackup ?? true,
      assertions,
    };
    const env: PodParts<unknown>['env'] = method === 'replication' ? { [POD_IP_ENV]: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_IP) } : {};
    return { ...parts, config: target, env: { ...parts.env, ...env } };
  };
}

function redisFile(options: RdbFileRestoreOptions) {
  const define = redis('file', options);
  const subPath = options.path === undefined ? undefined : checkSubPath(options.path);
  return (scope: Construct, source: PodParts<SourceConfig>): PodParts<TargetConfig> => {
    const parts = define(scope, source);
    const volume = kplus.Volume.fromPersistentVolumeClaim(scope, 'RedisData', options.claim, { name: 'redis-data' });
    return { ...parts, mounts: [...parts.mounts, { path: REDIS_DATA, volume, subPath }], mountsClaim: true };
  };
}

function sqlite(options: SqliteRestoreOptions) {
  const assertions = options.assertions ?? [];
  assertions.forEach(assertion => checkAssertion(assertion));

  return (_scope: Construct, parts: PodParts<SourceConfig>): PodParts<TargetConfig> => {
    if (parts.config.engine !== 'sqlite') throw new Error('unreachable');
    const target: SqliteTargetConfig = { ...parts.config, keepPrevious: options.keepPrevious ?? true, assertions };
    return { ...parts, config: target };
  };
}

function objects({ replace = false }: ObjectsRestoreOptions) {
  return (_scope: Construct, parts: PodParts<SourceConfig>): PodParts<TargetConfig> => {
    if (parts.config.engine !== 'kubernetes') throw new Error('unreachable');
    const { engine, namespace } = parts.config;
    return { ...parts, config: { engine, namespace, replace }, api: { namespace, rules: writeRules(parts.config) } };
  };
}

function isParallel({ parallelJobs = 1 }: PostgresParallelRestoreOptions): boolean {
  return parallelJobs > 1;
}

function checkAssertion(sql: string): void {
  if (sql.trim() === '') throw new Error(`'assertions' must be SQL that returns true, got ${show(sql)}: SELECT count(*) > 0 FROM users`);
}

function checkDatabaseName(property: string, value: string): string {
  const bytes = new TextEncoder().encode(value).length;
  if (bytes === 0 || bytes > 63 || value.includes('\0')) {
    throw new Error(`'${property}' must be 1 to 63 bytes long, as all names in PostgreSQL, got ${show(value)} with ${bytes}`);
  }
  return value;
}

function checkSubPath(path: string): string {
  checkText('path', path);
  if (path.split('/').some(segment => segment === '' || segment === '.' || segment === '..')) {
    throw new Error(`'path' must be a directory inside the claim, without a slash at either end and without empty, "." and ".." parts, got ${show(path)}`);
  }
  return path;
}
