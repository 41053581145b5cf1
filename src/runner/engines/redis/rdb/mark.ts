/** A key that a server has while a restore key by key changes its data, in database 0. Whatever is beside it is a mixture. */
export const MARK_KEY = 'cdk8s-backup:restoring';

export function isMark(database: number, key: Buffer): boolean {
  return database === 0 && key.length === MARK_KEY.length && key.toString('latin1') === MARK_KEY;
}
