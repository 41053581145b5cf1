import { drill, drillOf, postgresTarget } from './_drill';
import { BackupConfig } from '../../../src/contract/config';
import { configOf, folder, postgres } from '../_configs';
import { backup } from '../_runner';
import { databasesOf, makeEverything } from '../restore/_postgres';
import { tempDir } from '../servers/_process';
import { PostgresMajor, startPostgres } from '../servers/postgres';

/* With the client of version 17, a backup of version 15 that has its globals and a second database. */
let taken: BackupConfig;

beforeAll(async () => {
  const production = await startPostgres({ major: 15 });
  try {
    await makeEverything(production, 'shop', 15);
    await production.psql('create database "other one"');
    await production.psql('create table few as select 1 as id', 'other one');
    taken = configOf({ source: postgres(production, null), stores: [folder(tempDir('volume'))] });
    await backup({ config: taken, env: { POSTGRES_PASSWORD: production.password } });
  } finally {
    await production.stop();
  }
});

test.each<PostgresMajor>([15, 17, 18])('is drilled in a server of version %s, with its roles as they were, and nothing is left', async major => {
  const scratch = await startPostgres({ major });
  try {
    const env = { SCRATCH_PASSWORD: scratch.password };
    const assertions = ['select rolcanlogin and rolconnlimit = 7 from pg_roles where rolname = \'App "Rolle" ä\''];
    const shop = await drill(drillOf(taken, postgresTarget(scratch, 'shop', { assertions })), { env });
    expect(shop.stderr).not.toContain('"level":"error"');
    expect(shop.record).toMatchObject({ outcome: 'passed', server: { version: expect.stringMatching(`^${major}`) }, checks: [{}, {}, { passed: true }] });
    expect(shop.record.items).toBeGreaterThan(8000);

    await new Promise(resolve => setTimeout(resolve, 1000)); // a drill of another second
    const other = await drill(drillOf(taken, postgresTarget(scratch, 'other one', { assertions: ['select count(*) = 1 from few'] })), { env });
    expect(other.record).toMatchObject({ outcome: 'passed', items: 1 });

    expect(await databasesOf(scratch)).toEqual([]);
    expect(await scratch.psql('select rolname from pg_roles where rolname !~ \'^pg_\'')).toBe('postgres');
  } finally {
    await scratch.stop();
  }
});
