import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { PostgresConfig } from '../../../src/contract/config';
import { Source } from '../../../src/runner/engine-api/source';
import { openSource } from '../../../src/runner/engines/open';
import { aPostgresSource } from '../../runner/_fixtures';
import { clientBin, clientPath, PostgresMajor, PostgresServer } from '../servers/postgres';

/** Makes the programs of these versions the ones that the runner finds, beside 15, which it always does; without any, all of them. */
export function useClients(...majors: readonly PostgresMajor[]): void {
  process.env.PATH = clientPath(...majors);
}

/** Puts a program of this name, a shell script, before all others. `$REAL` is the real one. */
export function useFake(directory: string, program: string, script: string): void {
  const folder = mkdtempSync(join(directory, 'fake-'));
  const file = join(folder, program);
  writeFileSync(file, `#!/bin/sh\nREAL='${join(clientBin(17), program)}'\n[ "$1" = --version ] && exec "$REAL" --version\n${script}\n`);
  chmodSync(file, 0o755);
  process.env.PATH = [folder, clientPath(17)].join(delimiter);
}

/** The source for a server of the tests, as its superuser unless `options` say otherwise. */
export function sourceFor(server: PostgresServer, options: Partial<PostgresConfig> = {}, password: string = server.password): Source {
  const config = aPostgresSource({
    host: server.host, port: server.port, user: server.superuser, passwordEnv: 'PASSWORD', globals: false, lockTimeoutSeconds: 5, ...options,
  });
  return openSource(config, { ...process.env, PASSWORD: password }, { directory: '/nowhere', limitBytes: null });
}

/** A database with a bit of everything. */
export async function makeShop(server: PostgresServer, name = 'shop'): Promise<void> {
  await server.psql(`create database "${name}"`);
  await server.psql(`
    create schema sales;
    create table users (id serial primary key, name text not null, data bytea);
    insert into users (name, data) select 'user ' || i, decode(md5(i::text), 'hex') from generate_series(1, 5000) i;
    create table sales.orders (id int, user_id int references users, at date not null) partition by range (at);
    create table sales.orders_2025 partition of sales.orders for values from ('2025-01-01') to ('2026-01-01');
    create table sales.orders_2026 partition of sales.orders for values from ('2026-01-01') to ('2027-01-01');
    insert into sales.orders select i, i % 5000 + 1, date '2025-01-01' + i % 700 from generate_series(1, 20000) i;
    create table "Odd ""Näme""" (x int);
    create view sums as select count(*) from users;
    create materialized view snapshot as select * from users;
    select lo_from_bytea(4711, 'a large object');
    analyze;
  `, name);
}

/** What is in a database that {@link makeShop} made, as one text. */
export function contentsOf(server: PostgresServer, database: string): Promise<string> {
  return server.psql(`
    select count(*), md5(string_agg(u::text, ',' order by id)) from users u;
    select count(*), md5(string_agg(o::text, ',' order by id)) from sales.orders o;
    select count(*) from "Odd ""Näme""";
    select lo_get(4711);
  `, database);
}

/** Restores an archive with the stock program of the server's version into a new database. */
export async function restore(server: PostgresServer, archive: string, database: string): Promise<void> {
  await server.psql(`create database "${database}"`);
  const connection = ['-h', server.host, '-p', String(server.port), '-U', server.superuser, '-d', database];
  await run(server.major, 'pg_restore', ['--no-owner', ...connection, archive], { PGPASSWORD: server.password });
}

/** Runs a client program of a version and returns its output. */
export async function run(major: PostgresMajor, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(join(clientBin(major), program), args, { env: { ...process.env, ...env } });
  return stdout;
}

/** Ids of our own child processes that run `program`. */
export function childrenNamed(program: string): number[] {
  return readdirSync('/proc/self/task')
    .flatMap(task => readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '))
    .filter(pid => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program)
    .map(Number);
}
