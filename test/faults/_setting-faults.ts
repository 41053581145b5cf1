import { Fault } from './_fault';

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
];
