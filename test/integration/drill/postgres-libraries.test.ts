import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drill, drillOf, postgresTarget } from './_drill';
import { configOf, folder, postgres } from '../_configs';
import { backup, run } from '../_runner';
import { databasesOf, restoreOptions } from '../restore/_postgres';
import { tempDir } from '../servers/_process';
import { PostgresServer, startPostgres } from '../servers/postgres';

/* A function in C is only as good as the library on the disk of the server that it is restored to. */

let server: PostgresServer;
let scratch: PostgresServer;

beforeAll(async () => {
  [server, scratch] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 17 })]);
});

afterAll(async () => {
  await Promise.all([server, scratch].map(each => each?.stop()));
});

test.each<[string, (file: string) => void, RegExp]>([
  ['is missing', file => rmSync(file), /could not access file .*No such file or directory/],
  ['can\'t be loaded', file => writeFileSync(file, 'no library at all'), /could not load library .*(file too short|invalid ELF header)/],
])('a library that %s is told by the drill, which is not tried again, and by the plan of a restore, with the function and with what to do', async (_case, spoil, why) => {
  const libraries = tempDir('libraries');
  chmodSync(libraries, 0o755);
  const library = path.join(libraries, 'own.so');
  copyFileSync(path.join(server.binDir, '../lib/postgresql/lo.so'), library);
  chmodSync(library, 0o755);
  await server.psql('create database shop');
  await server.psql(`create table t as select 1 as id; create function keep() returns trigger language c as '${library}', 'lo_manage'`, 'shop');
  const directory = tempDir('volume');
  const config = configOf({ source: postgres(server, 'shop'), stores: [folder(directory)] });
  const env = { POSTGRES_PASSWORD: server.password, SCRATCH_PASSWORD: scratch.password };
  const { id } = await backup({ config, env });
  const target = drillOf(config, postgresTarget(scratch, 'shop'));
  expect(await drill(target, { env })).toMatchObject({ code: 0 });

  spoil(library);
  const failed = await drill(target, { env });
  expect(failed.code).toBe(15);
  expect(failed.record.outcome).toBe('failed');
  const [fault] = failed.record.faults;
  expect(fault).toContain(`the server can't load the library ${library}, in which the backup has the function public.keep()`);
  expect(fault).toMatch(why);
  expect(fault).toMatch(/install it, with what it is linked to, on the server and for its version.*'serverImage' of the RestoreDrill says which it is/);
  expect(await databasesOf(scratch)).toEqual([]);

  const plan = await run(['restore', '--dry-run'], restoreOptions({ server, database: 'shop', directory, id, backupConfig: config, env }));
  expect(plan.code).toBe(15);
  expect(JSON.parse(plan.stdout).missing).toEqual([{ message: expect.stringContaining(`the server can't load the library ${library}`), exitCode: 15 }]);
  await server.psql('drop database shop');
});
