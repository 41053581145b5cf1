import { RedisConnection } from './connection';
import { MARK_KEY } from './rdb/mark';
import { ServerError } from './resp';

/** Says that the server holds a mixture, and where what it held before is. */
export interface KeysMark {
  /** Id of the backup whose keys are being written. */
  readonly restoring: string;
  /** Id of the backup with what the server held before; `null` if there is none. */
  readonly safetyBackup: string | null;
}

/** Of a restore that was killed; `null` if there was none. */
export async function readMark(connection: RedisConnection): Promise<KeysMark | null> {
  await connection.command('SELECT', '0');
  const [answer] = await connection.all([['GET', MARK_KEY]]);
  if (answer instanceof ServerError) throw connection.explain(answer, 'GET');
  if (!answer) return null;
  const { restoring, safetyBackup } = JSON.parse(answer.toString()) as Partial<KeysMark>;
  return { restoring: String(restoring), safetyBackup: safetyBackup ?? null };
}

export async function writeMark(connection: RedisConnection, { restoring, safetyBackup }: KeysMark): Promise<void> {
  await connection.command('SELECT', '0');
  await connection.command('SET', MARK_KEY, JSON.stringify({ restoring, safetyBackup }));
}

export async function removeMark(connection: RedisConnection): Promise<void> {
  await connection.command('SELECT', '0');
  await connection.command('UNLINK', MARK_KEY);
}
