import { Whispercache } from './_whispercache';
import { until } from '../integration/servers/_process';

export interface HeldLock {
  /** How many statements with this text wait for a lock. */
  waiting(statement: string): Promise<number>;
  release(): Promise<void>;
}

/** Holds a lock of PostgreSQL, so that whatever needs it waits until it is released. */
export async function holdLock({ sql }: Whispercache, lock: string): Promise<HeldLock> {
  const holder = "query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
  const held = sql(`BEGIN; ${lock}; SELECT pg_sleep(600)`).catch(() => 'ended');
  const count = async (what: string) => Number(await sql(`SELECT count(*) FROM pg_stat_activity WHERE ${what}`, 'postgres'));
  await until(`"${lock}" is done`, 30_000, async () => await count(`${holder} AND wait_event = 'PgSleep'`) === 1);
  return {
    waiting: statement => count(`wait_event_type = 'Lock' AND query ILIKE '%${statement}%'`),
    release: async () => {
      await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${holder}`, 'postgres');
      await held;
    },
  };
}
