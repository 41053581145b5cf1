import { atSomePoint, Fault } from './_fault';
import { until } from '../integration/servers/_process';
import { LOCALES } from '../integration/servers/locales';
import { PostgresServer } from '../integration/servers/postgres';

/* What an administrator has set, or made, on the database server: nothing of it may be in the way of a backup or a restore. */

/** Each is shorter than any statement takes. */
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const;

export const SETTING_FAULTS: readonly Fault[] = [
  {
    name: 'timeouts of the role',
    codes: [0],
    appliesTo: ({ links }) => links.includes('postgres'),
    arm: async ({ dice, hit, place: { site: { pg } } }) => {
      const timeouts = dice.next() < 0.5 ? TIMEOUTS : [dice.oneOf(TIMEOUTS)];
      for (const timeout of timeouts) await pg.psql(`alter role ${pg.superuser} set ${timeout} = '1ms'`);
      hit();
      return {
        what: timeouts.join(' and '),
        heal: async () => {
          for (const timeout of timeouts) await pg.psql(`alter role ${pg.superuser} reset ${timeout}`);
        },
      };
    },
  },
  {
    name: 'read-only by default',
    codes: [0],
    appliesTo: ({ links }) => links.includes('postgres'),
    arm: async ({ hit, place: { site: { pg } } }) => {
      await pg.psql(`alter role ${pg.superuser} set default_transaction_read_only = on`);
      hit();
      return { what: 'default_transaction_read_only', heal: async () => void await pg.psql(`alter role ${pg.superuser} reset default_transaction_read_only`) };
    },
  },
  {
    name: 'subscription',
    codes: [0],
    // One in a database that is put aside, brought back, or dropped.
    appliesTo: ({ name }) => ['restore postgres', 'rollback postgres', 'discard postgres'].includes(name),
    arm: async ({ hit, place: { site: { pg } } }) => {
      const subscribed = (await pg.psql('select datname from pg_database where datname like \'live%\' and datallowconn order by datname')).split('\n')[0]!;
      await pg.psql('create subscription news connection \'host=127.0.0.1 port=1 dbname=nowhere\' publication news with (connect = false)', subscribed);
      hit();
      return { what: `of ${subscribed}` };
    },
  },
  {
    name: 'foreign language',
    // Whoever is sent away, or no longer let in, is told so in that language, and has to understand it.
    codes: [0, 14, 20],
    appliesTo: ({ links }) => links.includes('postgres'),
    arm: async strike => {
      const { dice, hit, place: { site: { pg } } } = strike;
      const locale = dice.oneOf(LOCALES);
      const [event, sql, expected] = dice.oneOf(EVENTS);
      await speak(pg, locale);
      let happening: Promise<unknown> | undefined;
      const point = atSomePoint(strike, () => {
        if (sql !== '') happening = pg.psql(sql);
      });
      if (sql === '') hit();
      return {
        what: sql === '' ? locale : `${locale}, ${event} ${point.what}`,
        change: options => ({ ...options, env: { ...options.env, LANG: locale, LC_ALL: locale, LANGUAGE: locale.slice(0, 2) } }),
        started: point.started,
        check: ended => ended.filter(({ code }) => code !== 0 && code !== expected).map(({ code }) => `exit code ${code} does not belong to ${event}`),
        heal: async () => {
          await happening;
          await pg.psql(`alter role ${pg.superuser} password '${pg.password}'`);
          await speak(pg, 'C');
        },
      };
    },
  },
];

/** What happens, as SQL, and the exit code that may come of it. */
const EVENTS: readonly (readonly [event: string, sql: string, expected: number])[] = [
  ['nothing else', '', 0],
  ['the end of all its sessions', 'select pg_terminate_backend(pid) from pg_stat_activity where application_name like \'cdk8s-backup%\'', 20],
  ['another password', 'alter role postgres password \'another one\'', 14],
];

/** Sets the language of all that the server says from now on, to whoever logs in too. */
async function speak(pg: PostgresServer, locale: string): Promise<void> {
  await pg.psql(`alter system set lc_messages = '${locale}'`);
  await pg.psql('select pg_reload_conf()');
  await until(`the server speaks ${locale}`, 10_000, async () => await pg.psql('show lc_messages') === locale);
}
