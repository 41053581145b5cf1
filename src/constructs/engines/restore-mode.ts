import { Construct } from 'constructs';
import { defaultMode } from './engines';
import { KubernetesObjectsRestoreOptions } from './kubernetes/kubernetes-objects-restore-options';
import { objects } from './kubernetes/restore';
import { PostgresInPlaceRestoreOptions, PostgresParallelRestoreOptions } from './postgres/postgres-restore-options';
import { inPlace, newDatabase, swap } from './postgres/restore';
import { RedisRdbFileRestoreOptions, RedisKeysRestoreOptions, RedisRestoreOptions } from './redis/redis-restore-options';
import { keys, rdbFile, replication } from './redis/restore';
import { restoreSet } from './set/restore';
import { replaceFile } from './sqlite/restore';
import { SqliteRestoreOptions } from './sqlite/sqlite-restore-options';
import { SourceConfig } from '../../contract/config';
import { checkValue, needed } from '../core/form';
import { at } from '../core/located';
import { instance, mapOf } from '../core/takes';
import { bindTarget, RestoreDefinition, TargetParts } from '../engine-api/restore';
import { SourceParts } from '../engine-api/source';

/** How a backup is brought back. Each of them is for one engine. */
export class RestoreMode {
  /**
   * PostgreSQL, the default: into a new database beside the live one, which is checked and then takes the live one's name. The previous
   * database is kept under another name, for a rollback. The role needs CREATEDB and must own the live database.
   */
  public static postgresSwap(options: PostgresParallelRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.postgresSwap', () => swap(options)));
  }

  /**
   * PostgreSQL where no database may be created: objects are dropped and made again inside the live database, in one transaction that
   * also checks `assertions`. What was there before is stored as a backup; objects that the backup does not know stay.
   */
  public static postgresInPlace(options: PostgresInPlaceRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.postgresInPlace', () => inPlace(options)));
  }

  /**
   * PostgreSQL: into a database of another name, and no more. The live one is not touched: for a look into a backup.
   *
   * @param newName of the database that is made
   */
  public static postgresNewDatabase(newName: string, options: PostgresParallelRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.postgresNewDatabase', () => newDatabase(newName, options)));
  }

  /**
   * Redis, the default: the server loads the snapshot from the runner as if that were its primary, then becomes a primary again. It
   * makes no difference whether append-only files are on. The server must be able to open a connection to the pod. For managed services
   * that forbid REPLICAOF there is `redisKeys`.
   */
  public static redisReplication(options: RedisRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.redisReplication', () => replication(options)));
  }

  /**
   * Redis where the commands of replication are forbidden, as managed services do: each key is written with RESTORE. Functions come
   * along, values of modules don't.
   *
   * It is not one step, so the server must be empty unless you say `replace`: then what it holds is stored as a backup first, key by key,
   * and until the end it holds a mixture of both. A restore that was killed is gone on with by running it again. The runner needs memory
   * for the largest value, and about 20 bytes for each key.
   */
  public static redisKeys(options: RedisKeysRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.redisKeys', () => keys(options)));
  }

  /** A Redis that is stopped: `dump.rdb` is put onto its claim, so that it is loaded at the next start whether append-only files are on or off. */
  public static redisRdbFile(options: RedisRdbFileRestoreOptions): RestoreMode {
    return new RestoreMode(at('RestoreMode.redisRdbFile', () => rdbFile(options)));
  }

  /** SQLite, the default: into a file beside, which is checked and then takes the live one's name. The application has to be stopped. */
  public static sqliteReplaceFile(options: SqliteRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.sqliteReplaceFile', () => replaceFile(options)));
  }

  /**
   * A set: each member in its own way, one after the other. Where one fails, those before it are rolled back, as far as what they
   * replaced was kept.
   *
   * @param members how to restore each of them, by name; members that are not named are left alone.
   */
  public static set(members: { [member: string]: RestoreMode }): RestoreMode {
    return new RestoreMode(at('RestoreMode.set', () => {
      checkValue('members', members, MEMBERS);
      return restoreSet(Object.fromEntries(Object.entries(members).map(([name, { definition }]) => [name, definition])));
    }));
  }

  /**
   * Secrets and ConfigMaps, the default: those that are missing are created, and those that are there and differ stop the restore before
   * anything is written, unless `replace` is set. What is replaced is stored before, as a sealed backup. Others are not touched.
   */
  public static kubernetesObjects(options: KubernetesObjectsRestoreOptions = {}): RestoreMode {
    return new RestoreMode(at('RestoreMode.kubernetesObjects', () => objects(options)));
  }

  /**
   * @internal
   */
  public static _default(source: SourceConfig): RestoreMode {
    return new RestoreMode(defaultMode(source));
  }

  private constructor(private readonly definition: RestoreDefinition) {}

  /**
   * Whether the whole artifact has to be put into a file first.
   *
   * @internal
   */
  public get _needsScratch(): boolean {
    return this.definition.needsScratch;
  }

  /**
   * Makes a target of a source: with the same connection, password and mounts.
   *
   * @internal
   */
  public _bind(scope: Construct, source: SourceParts): TargetParts {
    return bindTarget(this.definition, scope, source);
  }
}

const MEMBERS = needed(mapOf(instance(RestoreMode, 'a RestoreMode', 'RestoreMode.postgresSwap()'), 'db'));
