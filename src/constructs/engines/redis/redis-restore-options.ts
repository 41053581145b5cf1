import { IConstruct } from 'constructs';

/** Keys that have to be there after a restore. */
export interface RedisAssertion {
  /** Pattern in the sense of `SCAN … MATCH`, such as `user:*`. */
  readonly pattern: string;

  /**
   * Least number of keys that match it.
   *
   * @default 1
   */
  readonly atLeast?: number;
}

/** Options for `RestoreMode.redisReplication()`. */
export interface RedisRestoreOptions {
  /**
   * Store the present data set as an ordinary backup before it is replaced.
   *
   * @default true
   */
  readonly safetyBackup?: boolean;

  /**
   * Port on which the pod offers the snapshot, 1024 to 65535. With `redisReplication` only.
   *
   * @default 6379
   */
  readonly listenPort?: number;

  /**
   * What has to be there after loading.
   *
   * @default - none: the number of keys is compared with the record's anyway
   */
  readonly assertions?: RedisAssertion[];
}

/** Options for `RestoreMode.redisKeys()`. */
export interface RedisKeysRestoreOptions {
  /**
   * Write over what the server holds, and remove what is not in the backup at the end. While that goes on the server holds a mixture of
   * both, so stop what uses it: name it in `workloads`.
   *
   * @default false: a server that holds keys is refused
   */
  readonly replace?: boolean;

  /**
   * Store the present keys as an ordinary backup before the first of them is replaced.
   *
   * @default true
   */
  readonly safetyBackup?: boolean;

  /**
   * What has to be there before keys that are not in the backup are removed.
   *
   * @default - none: the number of keys is compared with the backup's anyway
   */
  readonly assertions?: RedisAssertion[];
}

/** Options for `RestoreMode.redisRdbFile()`. */
export interface RedisRdbFileRestoreOptions extends RedisRestoreOptions {
  /**
   * The claim with the data directory. Redis must be stopped: name it in `workloads`. The pod has to run as the user of Redis, so set
   * `user`, 999 in the official image.
   *
   * A PersistentVolumeClaim: of any cdk8s-plus, or an `ApiObject`.
   */
  readonly claim: IConstruct;

  /**
   * Directory inside the claim.
   *
   * @default - the top of the claim
   */
  readonly path?: string;
}
