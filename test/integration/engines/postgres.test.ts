import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { backUp } from './_backed-up';
import { describeDrillTarget } from './drill-target-conformance';
import { describeRestorer, RestorerSite } from './restorer-conformance';
import { describeSource } from './source-conformance';
import { PostgresTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { postgres } from '../_configs';
import { postgresTarget } from '../drill/_drill';
import { databasesOf, targetOf } from '../restore/_postgres';
import { freePort, tempDir, until } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';
import { childrenNamed, restore, sourceFor, useClients } from '../sources/_postgres';

let server: PostgresServer;
let empty: PostgresServer;
let nobody: number;

beforeAll(async () => {
  useClients();
  [server, empty, nobody] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 17 }), freePort()]);
  await server.psql('create role keeper; create role blind login password \'p\'');
});
afterAll(async () => {
  await Promise.all([server, empty].map(each => each?.stop()));
});

/** A database with this many rows of 1 kB. */
async function make(name: string, rows: number): Promise<void> {
  await server.psql(`create database ${name}`);
  await server.psql(`create table orders (id int primary key, note text); alter table orders owner to keeper; create view notes as select note from orders;
    insert into orders select i, (select string_agg(md5(i || '-' || j), '') from generate_series(1, 32) j) from generate_series(1, ${rows}) i; analyze`, name);
}

const contentsOf = (name: string) => server.psql('select count(*), md5(string_agg(o::text, \',\' order by id)) from orders o', name);

const rolesOf = (on: PostgresServer) => on.psql('select string_agg(rolname, \',\' order by rolname) from pg_roles where rolname !~ \'^pg_\'');

describeSource('PostgresSource', async () => {
  await make('shop', 5000); // more than the pipe between pg_dump and the runner holds
  const directory = tempDir('postgres-source');
  return {
    open: () => sourceFor(server, { globals: true }),
    contents: () => contentsOf('shop'),
    contentsOf: async ([taken]) => {
      const archive = path.join(directory, 'shop.dump');
      writeFileSync(archive, taken!.bytes);
      await restore(server, archive, 'loaded');
      const contents = await contentsOf('loaded');
      await server.psql('drop database loaded');
      return contents;
    },
    clear: async () => void await server.psql('truncate orders; analyze', 'shop'),
    traces: async () => [...['pg_dump', 'pg_dumpall', 'psql'].flatMap(program => childrenNamed(program).map(() => program)), ...(await databasesOf(server)).filter(name => name !== 'shop')],
    refused: [
      { what: 'nobody there', open: () => sourceFor({ ...server, port: nobody }), exitCode: ExitCode.UNAVAILABLE, names: `127.0.0.1:${nobody}`, wayOut: /: check that the server runs/ },
      { what: 'no database', open: () => sourceFor(server, { databaseName: 'gone' }), exitCode: ExitCode.NOT_FOUND, names: 'gone', wayOut: /: / },
      { what: 'no rights', open: () => sourceFor(server, { user: 'blind' }, 'p'), exitCode: ExitCode.DENIED, names: 'public.orders', wayOut: /GRANT pg_read_all_data TO "blind"/ },
      { what: 'a wrong password', open: () => sourceFor(server, {}, 'wrong'), exitCode: ExitCode.DENIED, names: `127.0.0.1:${server.port}`, wayOut: /: check that the password in the / },
    ],
    madeAhead: false,
    interrupt: async opening => {
      await opening;
      await until('pg_dump runs', 20_000, async () => childrenNamed('pg_dump').length > 0);
      for (const pid of childrenNamed('pg_dump')) process.kill(pid, 'SIGKILL');
    },
  };
});

async function site(database: string, changes: Partial<PostgresTargetConfig>): Promise<RestorerSite> {
  await make(database, 500);
  const target = targetOf(server, database, { globals: false, ...changes });
  return {
    backedUp: await backUp(postgres(server, database, { globals: false }), { POSTGRES_PASSWORD: server.password }),
    target,
    live: () => contentsOf(database),
    change: async mark => void await server.psql(`update orders set note = '${mark}'`, database),
    traces: async () => [...(await databasesOf(server)).filter(name => name.startsWith(database)), await rolesOf(server)],
    obstruct: async () => {
      await server.psql('alter role keeper rename to gone');
      return async () => void await server.psql('alter role gone rename to keeper');
    },
    unreachable: { target: { ...target, port: nobody }, names: `127.0.0.1:${nobody}` },
    atOnce: true,
    keepsAll: true,
    vanish: changes.mode === 'in-place' ? null : async () => void await server.psql(`drop database ${database}`),
  };
}

describeRestorer('PostgresBesideRestorer', 1, () => site('beside', { mode: 'swap' }));

describeRestorer('PostgresInPlaceRestorer', 1, async () => ({
  ...await site('place', { mode: 'in-place', safetyBackup: true }),
  begun: async () => await server.psql('select count(*) from pg_stat_activity where application_name like \'cdk8s-backup restore %\'') !== '0',
}));

describeDrillTarget('PostgresScratch', async () => {
  await make('rehearsed', 500);
  const target = postgresTarget(empty, 'rehearsed');
  const env = { SCRATCH_PASSWORD: empty.password };
  return {
    backedUp: await backUp(postgres(server, 'rehearsed', { globals: false }), { POSTGRES_PASSWORD: server.password, ...env }),
    target,
    asserting: { ...target, assertions: ['select count(*) = 500 from orders', 'select count(*) > 500 from orders'] },
    env,
    state: async () => [...await databasesOf(empty), await rolesOf(empty)].join(),
    occupy: async () => {
      await empty.psql('create database precious');
      await empty.psql('create table gold (bars int)', 'precious');
      return async () => void await empty.psql('drop database precious');
    },
    knowsItsOwn: true,
    unreachable: { ...target, port: nobody },
    refused: { ...target, newName: 'orders' },
  };
});
