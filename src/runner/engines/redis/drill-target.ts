import { RedisConnection } from './connection';
import { MARK_KEY } from './rdb/mark';
import { keysIn } from './restore-facts';
import { readMark } from './restore-keys-mark';
import { addressFor, wasLeftByRestore } from './restore-left';
import { countKeys, makeMaster } from './restore-load';
import { Info, parseInfo } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { DrillCheck } from '../../../contract/drill-record';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { totalOf } from '../../catalog/counts';
import { plainBytesOf } from '../../catalog/sizes';
import { RunnerError } from '../../core/errors';
import { secretFrom } from '../../core/secrets';
import { check, Checked, DrillInput, DrillTarget, DrillTargetContext } from '../../engine-api/drill-target';
import { refuseAfar } from '../../engine-api/loopback';
import { refuseTooLarge } from '../../engine-api/space';
import { waitForServer } from '../../engine-api/wait-for-server';

/** An empty Redis server, which loads the snapshot from the runner. */
export class RedisDrillTarget implements DrillTarget {
  public readonly description: string;
  public readonly target: RedisTargetConfig;
  private readonly password: string | null;
  private claimed = false;

  constructor(private readonly asked: RedisTargetConfig, private readonly context: DrillTargetContext) {
    // What is in a scratch server is nothing that anybody wants back.
    this.target = { ...asked, safetyBackup: false, assertions: [] };
    this.description = `redis ${asked.host}:${asked.port}`;
    refuseAfar(asked.host, asked.port);
    const { freshness } = context.config;
    if (asked.mode !== 'replication') throw bad(`a drill fills a running server, got the mode ${asked.mode}: drop the --set that changes target.mode`);
    if (freshness.length > 0) throw bad('\'freshness\' is SQL, which Redis does not have: look for keys instead');
    this.password = asked.passwordEnv === null ? null : secretFrom(context.env, asked.passwordEnv, `password of ${this.description}`);
  }

  public roomFor(): number {
    return 0;
  }

  public async started(signal: AbortSignal): Promise<string> {
    const info = await waitForServer(this.description, this.context.config.serverStartTimeoutSeconds, async by => {
      const { info: found } = await this.look(by);
      if (found.loading === '1') throw new RunnerError('it is still loading its data', ExitCode.UNAVAILABLE);
      return found;
    }, signal);
    return info.valkey_version ?? info.redis_version ?? 'of unknown version';
  }

  public async claim(signal: AbortSignal): Promise<void> {
    const { info, address } = await this.look(signal);
    const keys = keysIn(info);
    const notOurs = keys > 0 ? `it has ${keys} keys`
      : Number(info.connected_slaves ?? 0) > 0 ? `${info.connected_slaves} replicas follow it`
        : info.role === 'slave' && !await wasLeftByRestore(info, this.target, address) ? `it is a replica of ${info.master_host}:${info.master_port}`
          : undefined;
    if (notOurs !== undefined) {
      throw bad(`${this.description} is not empty, and nothing was touched: ${notOurs}. A drill takes an empty server only, which it fills and empties: start a new one for it`);
    }
    this.claimed = true;
  }

  public async prepare({ record, selected }: DrillInput, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // It writes what it receives to its disk before it loads it.
    const [artifact] = selected;
    refuseTooLarge(record.id, plainBytesOf(artifact!), this.context.config.dataBytes);
  }

  public async check({ selected }: DrillInput, signal: AbortSignal): Promise<Checked> {
    const connection = await this.connect(signal);
    try {
      const info = parseInfo(await connection.command('INFO'));
      const checks = [checkCount(selected[0]!, info)];
      if (await readMark(connection) !== null) {
        checks.push(check('no mixture', `the backup was taken while a restore key by key had not ended, as its key ${MARK_KEY} says: it is a mixture`, ''));
      }
      for (const { pattern, atLeast: leastKeys } of this.asked.assertions) {
        const found = await countKeys(connection, pattern, leastKeys);
        checks.push(check(
          `at least ${leastKeys} keys like ${pattern}`,
          found < leastKeys ? `there are ${found} keys like ${pattern}, and the config asks for at least ${leastKeys}` : null,
          `${leastKeys} and more`,
        ));
      }
      return { items: keysIn(info), checks };
    } finally {
      connection.close();
    }
  }

  public async clear(signal: AbortSignal): Promise<void> {
    if (!this.claimed) return;
    const connection = await this.connect(signal);
    try {
      if (parseInfo(await connection.command('INFO', 'replication')).role !== 'master') await makeMaster(connection, signal);
      await connection.command('FLUSHALL');
      // What it has received is in its file as well, from which it would start the next time.
      await connection.command('SAVE');
    } finally {
      connection.close();
    }
  }

  private async look(signal: AbortSignal): Promise<{ readonly info: Info; readonly address: string }> {
    const connection = await this.connect(signal);
    try {
      return { info: parseInfo(await connection.command('INFO')), address: addressFor(connection, null) };
    } finally {
      connection.close();
    }
  }

  private connect(signal: AbortSignal): Promise<RedisConnection> {
    return RedisConnection.open(this.asked, this.password, signal, 'restore');
  }
}

/** Keys that have expired since the backup are loaded, and gone a moment later: the server counts them. */
function checkCount({ counts }: RecordedArtifact, info: Info): DrillCheck {
  const recorded = totalOf(counts);
  const [keys, expired] = [keysIn(info), Number(info.expired_keys ?? 0)];
  const found = `${keys} keys${expired > 0 ? `, and ${expired} that have expired since` : ''}`;
  return check(
    'key counts',
    keys + expired === 0 && recorded > 0 ? `there is not one key, and ${recorded} were counted when the backup was taken` : null,
    `${found}; ${recorded} were counted when the backup was taken`,
  );
}

function bad(message: string): RunnerError {
  return new RunnerError(message, ExitCode.BAD_CONFIG);
}
