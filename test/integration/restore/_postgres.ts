import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { BackupConfig, CONFIG_VERSION, PostgresConfig, PostgresTargetConfig, RestoreConfig } from '../../../src/contract/config';
import { quoted } from '../../../src/runner/engines/postgres/errors';
import { configOf, folder, postgres } from '../_configs';
import { backup, run, Ended, RunOptions } from '../_runner';
import { tempDir } from '../servers/_process';
import { clientBin, PostgresServer } from '../servers/postgres';

export { quoted };

/** Everything that has a habit of getting lost, in a database of this name. */
export async function makeEverything(server: PostgresServer, name: string, major: number): Promise<void> {
  const database = quoted(name);
  await server.psql(`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'owner') then
        create role owner nologin;
        create role "App ""Rolle"" ä" login password 'x' connection limit 7;
        create role reader nologin;
        create role stranger login;
        grant reader to "App ""Rolle"" ä";
        alter role "App ""Rolle"" ä" set statement_timeout = '1h';
      end if;
    end $$`);
  await server.psql(`create database ${database} owner owner encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0 connection limit 42`);
  await server.psql(`
    comment on database ${database} is 'It''s the "shop" of Köln; \\ on database x';
    revoke all on database ${database} from public;
    grant connect on database ${database} to reader with grant option;
    grant connect, temporary on database ${database} to "App ""Rolle"" ä";
    alter database ${database} set timezone to 'Europe/Berlin';
    alter database ${database} set search_path to "Odd schema", public, "$user";
    alter database ${database} set "app.tenant" to 'a''b\\c';
    alter role "App ""Rolle"" ä" in database ${database} set work_mem to '8MB';
    alter role reader in database ${database} set search_path to '', public;
  `);
  await server.psql(`set role reader; grant connect on database ${database} to stranger`);
  await server.psql(`
    set search_path to public;
    set role owner;
    create schema "Odd schema";
    create type mood as enum ('sad', 'ok');
    create domain positive as int check (value > 0);
    create table users (
      id int generated always as identity primary key, name text not null unique, mood mood default 'ok', data bytea, tenant int,
      upper_name text generated always as (upper(name)) stored, n positive
    );
    insert into users (name, data, tenant, n) select 'user ' || i, decode(md5(i::text), 'hex'), i % 3, i from generate_series(1, 3000) i;
    create table orders (id serial, user_id int references users, at date not null, primary key (id, at)) partition by range (at);
    create table orders_2025 partition of orders for values from ('2025-01-01') to ('2026-01-01');
    create table orders_2026 partition of orders for values from ('2026-01-01') to ('2027-01-01');
    insert into orders (user_id, at) select i % 3000 + 1, date '2025-01-01' + i % 700 from generate_series(1, 5000) i;
    create table "Odd schema"."Tabelle ""ß""" ("Spalte ä" text);
    insert into "Odd schema"."Tabelle ""ß""" values (E'a\\tb\\n\\\\c'), (null), ('');
    create unlogged table sessions (id int);
    insert into sessions values (1);
    create sequence tickets start 100 increment 7;
    select nextval('tickets'), nextval('tickets');
    create function twice(i int) returns int language sql immutable as 'select 2 * i';
    create index by_twice on users (twice(id));
    create view adults as select id, name from users where id > 18;
    create materialized view totals as select tenant, count(*) from users group by tenant order by tenant;
    create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create function nothing() returns event_trigger language plpgsql as $$ begin end $$;
    create trigger touched before update on users for each row execute function touch();
    alter table users enable row level security;
    create policy own on users for select to "App ""Rolle"" ä", reader using (tenant = 1);
    grant select on users to reader;
    grant select (id), update (name) on users to "App ""Rolle"" ä";
    alter default privileges for role owner in schema public grant select on tables to reader;
    comment on table users is 'People; with a semicolon
and a second line';
    select lo_from_bytea(4711, 'a large object');
    grant select on large object 4711 to reader;
  `, name);
  await server.psql(`
    set search_path to public;
    create foreign data wrapper nowhere options (debug 'x');
    create server "far away" foreign data wrapper nowhere options (host 'db.example');
    create user mapping for reader server "far away" options (username 'r');
    create foreign table far (id int not null, at date) server "far away" options (table_name 'far');
    grant select on far to reader;
    create event trigger "on ä" on ddl_command_end execute function nothing();
    create extension hstore;
    create extension pg_trgm schema "Odd schema";
    create table tags (t public.hstore);
    insert into tags values ('a=>1');
    ${major >= 17 ? 'create collation german (provider = icu, locale = \'de\');' : ''}
    analyze;
  `, name);
}

/** Rows changed, rows gone, a table gone, a migration added, a large object overwritten. */
export async function damage(server: PostgresServer, name: string): Promise<void> {
  await server.psql(`
    set search_path to public;
    update users set name = 'CORRUPTED ' || id where id % 2 = 0;
    delete from orders where id % 5 = 0;
    drop table tags;
    drop materialized view totals;
    create table invoices (id int primary key, user_id int references users);
    insert into invoices values (1, 1);
    alter table users add column added_later int;
    select setval('tickets', 1);
    select lo_put(4711, 0, 'CORRUPTED');
  `, name);
}

/** All of a database as SQL, its own properties included, as stock pg_dump sees it. */
export async function dumpOf(server: PostgresServer, name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path.join(clientBin(server.major === 18 ? 18 : 17), 'pg_dump'), ['--create', '-h', server.host, '-p', String(server.port), '-U', server.superuser], {
    env: { ...process.env, PGPASSWORD: server.password, PGDATABASE: name }, maxBuffer: 256 * 1024 * 1024,
  });
  return stdout.split('\n').filter(line => !/^\\(restrict|unrestrict|connect|encoding) /.test(line)).join('\n');
}

/** Names of all databases but the server's own. */
export async function databasesOf(server: PostgresServer): Promise<string[]> {
  return (await server.psql('select datname from pg_database where not datistemplate and datname <> \'postgres\' order by datname collate "C"')).split('\n').filter(Boolean);
}

export function targetOf(server: PostgresServer, database: string, changes: Partial<PostgresTargetConfig> = {}): PostgresTargetConfig {
  return {
    engine: 'postgres',
    host: server.host,
    port: server.port,
    user: server.superuser,
    passwordEnv: 'POSTGRES_PASSWORD',
    tls: { mode: 'prefer', caFile: null },
    databaseName: database,
    sourceDatabaseName: null,
    mode: 'swap',
    newName: null,
    parallelJobs: 1,
    singleTransaction: false,
    targetFreeSpaceBytes: null,
    safetyBackup: true,
    globals: true,
    assertions: [],
    ...changes,
  };
}

export interface Site {
  readonly server: PostgresServer;
  readonly database: string;
  readonly directory: string;
  readonly id: string;
  readonly backupConfig: BackupConfig;
  readonly env: NodeJS.ProcessEnv;
}

/** Takes a backup of a database into a folder. */
export async function backedUp(
  server: PostgresServer, database: string, source: Partial<PostgresConfig> = {}, options: Pick<RunOptions, 'clients' | 'path'> = {},
): Promise<Site> {
  const directory = tempDir('volume');
  const backupConfig = configOf({
    source: postgres(server, database, source), stores: [folder(directory)], compression: { algorithm: 'gzip', level: 1 }, scratch: { directory: tempDir('scratch'), limitBytes: null },
  });
  const env = { POSTGRES_PASSWORD: server.password };
  const { id } = await backup({ config: backupConfig, env, ...options });
  return { server, database, directory, id, backupConfig, env };
}

export function restoreOptions(site: Site, target: Partial<PostgresTargetConfig> = {}, changes: Partial<RestoreConfig> = {}): RunOptions {
  const config: RestoreConfig = {
    version: CONFIG_VERSION,
    kind: 'restore',
    name: site.backupConfig.name,
    target: targetOf(site.server, site.database, target),
    stores: site.backupConfig.stores,
    backup: 'latest',
    notAfter: null,
    store: null,
    workloads: [],
    healthUrl: null,
    decryption: null,
    encryption: site.backupConfig.encryption,
    activeDeadlineSeconds: 120,
    scratch: site.backupConfig.scratch,
    ...changes,
  };
  return { config, env: site.env };
}

export interface RestoreEnded extends Ended {
  /** The last line. */
  readonly report: { readonly holds: string; readonly previous: string | null; readonly notes: readonly string[] };
}

/** Restores, and fails the test unless that succeeds. */
export async function restored(options: RunOptions, args: readonly string[] = []): Promise<RestoreEnded> {
  const ended = await run(['restore', ...args], options);
  if (ended.code !== 0) throw new Error(`the restore ended with ${ended.code}:\n${ended.stderr}`);
  return { ...ended, report: JSON.parse(ended.stdout.trimEnd().split('\n').at(-1)!) };
}

/** A directory with a program of this name, a shell script. `$REAL` is the real one: the newest psql, which the runner takes, or another program of 17. */
export function fakeProgram(name: string, script: string): string {
  const directory = tempDir('fake');
  const real = path.join(clientBin(name === 'psql' ? 18 : 17), name);
  writeFileSync(path.join(directory, name), `#!/bin/bash\nREAL='${real}'\n[ "$1" = --version ] && exec "$REAL" --version\n${script}\n`);
  chmodSync(path.join(directory, name), 0o755);
  return directory;
}
