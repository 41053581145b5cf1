import { Size } from 'cdk8s';
import { Construct } from 'constructs';
import { contentsOf } from './engines';
import { KubernetesSecretsOptions } from './kubernetes/kubernetes-source';
import { kubernetesSecrets } from './kubernetes/source';
import { PostgresSourceOptions } from './postgres/postgres-source';
import { postgres } from './postgres/source';
import { RedisSourceOptions } from './redis/redis-source';
import { redis } from './redis/source';
import { set } from './set/source';
import { sqlite } from './sqlite/source';
import { SqliteSourceOptions } from './sqlite/sqlite-source';
import { checkValue, needed } from '../core/form';
import { at } from '../core/located';
import { instance, mapOf } from '../core/takes';
import { SourceDefinition, SourceParts } from '../engine-api/source';
import { ONLY_SOURCE } from '../parts/pod-parts';

/** The database that is backed up, or the Secrets. */
export class BackupSource {
  /**
   * A PostgreSQL database, or all of a server, dumped with `pg_dump` in custom format: `.dump`, which stock `pg_restore` opens.
   *
   * Backups are named after the database, or `postgres` where all of them are taken.
   */
  public static postgres(options: PostgresSourceOptions): BackupSource {
    return new BackupSource(at('BackupSource.postgres', () => postgres(options)));
  }

  /**
   * A Redis server, read over its replication protocol: `.rdb`. It works from afar, whether append-only files are on or off.
   *
   * Backups are named `redis`; give `backupName` where a store has those of several servers.
   */
  public static redis(options: RedisSourceOptions): BackupSource {
    return new BackupSource(at('BackupSource.redis', () => redis(options)));
  }

  /**
   * A SQLite file on a volume claim, copied consistently while the application writes: `.db`.
   *
   * Backups are named after the file, without its extension. The copy is made in the scratch volume first, so `scratchSize` must
   * exceed the size of the database.
   */
  public static sqlite(options: SqliteSourceOptions): BackupSource {
    return new BackupSource(at('BackupSource.sqlite', () => sqlite(options)));
  }

  /**
   * Several databases of one application in one backup with one record: it is complete, or it is not there. All of them are looked at
   * before the first is dumped; they are dumped one after the other, in this order, so each is as of its own moment, minutes apart.
   *
   * Backups are named `set`; give `backupName` where a store has those of several. Environment variables of the pod, such as
   * POSTGRES_PASSWORD, have the name of the member behind them: POSTGRES_PASSWORD_DB.
   *
   * @param members by name: 1 to 20 lower-case letters, digits and `_`; at least two.
   */
  public static set(members: { [member: string]: BackupSource }): BackupSource {
    return new BackupSource(at('BackupSource.set', () => {
      checkValue('members', members, MEMBERS);
      return set(Object.fromEntries(Object.entries(members).map(([name, { definition }]) => [name, definition])), contentsOf);
    }));
  }

  /**
   * Secrets and ConfigMaps of a namespace, read through the API: `.yaml`, which `kubectl apply` takes. The backup must be encrypted.
   *
   * The pod gets a token of the API, with the right to read these objects and no other where they are named. Backups are named `secrets`.
   */
  public static kubernetesSecrets(options: KubernetesSecretsOptions = {}): BackupSource {
    return new BackupSource(at('BackupSource.kubernetesSecrets', () => kubernetesSecrets(options)));
  }

  private constructor(private readonly definition: SourceDefinition) {}

  /**
   * @internal
   */
  public get _backupName(): string {
    return this.definition.backupName;
  }

  /**
   * @internal
   */
  public get _scratchSize(): Size {
    return this.definition.scratchSize;
  }

  /**
   * Defines, in `scope`, what the pod needs to reach the source.
   *
   * @internal
   */
  public _bind(scope: Construct): SourceParts {
    return this.definition.bind(scope, ONLY_SOURCE);
  }
}

const MEMBERS = needed(mapOf(instance(BackupSource, 'a BackupSource', 'BackupSource.postgres with \'host\': "postgres", \'databaseName\': "orders" and \'user\': "backup"'), 'db'));
