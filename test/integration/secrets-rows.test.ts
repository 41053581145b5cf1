import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { configOf, folder, postgres } from './_configs';
import { backup, run } from './_runner';
import { drill, drillOf, postgresTarget } from './drill/_drill';
import { startExporter } from './exporter/_exporter';
import { exported } from './exporter/_stores';
import { restoreOf } from './restore/_restore';
import { tempDir } from './servers/_process';
import { PostgresServer, startPostgres } from './servers/postgres';
import { PostgresTargetConfig } from '../../src/contract/config';
import { aPair, Pair } from '../runner/age/_age';

/*
 * Row contents and statement texts are planted where a server quotes them in its errors, and restores and drills fail on them. What a restore says
 * is in logs, what a drill says is in records that are not encrypted, although the backup is.
 */
const IBAN = 'DE02120300000000202051';
const PASSWORD = 'planted-subscription-password';
const PLANTED = [IBAN, PASSWORD];

let server: PostgresServer;
let scratch: PostgresServer;
let older: PostgresServer;
let key: Pair;

beforeAll(async () => {
  [server, scratch, older] = await Promise.all([startPostgres({ major: 17 }), startPostgres({ major: 17 }), startPostgres({ major: 15 })]);
  key = await aPair();
});

afterAll(async () => {
  await Promise.all([server?.stop(), scratch?.stop(), older?.stop()]);
});

/** What is sound in the database where it was made, and nowhere else: so the backup is good, and its restore beside it fails. */
const elsewhere = (then: string) => (name: string) => `
  create function odd(iban text) returns boolean language plpgsql immutable as $$ begin
    if current_database() <> '${name}' then ${then} end if;
    return true;
  end $$;
  create table accounts (id int, iban text${then === '' ? '' : ' check (public.odd(iban))'});
  insert into accounts values (1, '${IBAN}'), (2, '${IBAN}2');`;

const FAULTS: readonly [string, (name: string) => string, RegExp][] = [
  ['a CHECK that fails', elsewhere('return false;'), /violates check constraint "accounts_iban_check"/],
  ['a COPY that fails', elsewhere('perform iban::int;'), /COPY failed for table "accounts": ERROR: {2}invalid input syntax for type integer: "…"/],
  ['a function that raises an error', elsewhere('raise exception \'customer % is odd\', iban using hint = iban;'), /the function public\.odd\(text\) raised an error, whose text is not shown/],
  [
    'a unique violation',
    name => `${elsewhere('')(name)}
      create function same(iban text) returns text language sql immutable as $$ select case when current_database() = '${name}' then iban else '${IBAN}' end $$;
      create unique index accounts_iban on accounts (public.same(iban));`,
    /could not create unique index "accounts_iban"/,
  ],
];

describe.each(FAULTS)('%s', (what, make, reason) => {
  const name = what.replaceAll(' ', '_').toLowerCase();
  const directory = tempDir('volume');
  const config = () => configOf({ name: 'bank', source: postgres(server, name), stores: [folder(directory)], encryption: { recipients: [key.recipient] } });
  const decryption = () => ({ identityFile: key.file });

  beforeAll(async () => {
    await server.psql(`create database "${name}"`);
    await server.psql(make(name), name);
    await backup({ config: config(), env: { POSTGRES_PASSWORD: server.password } });
  });

  test('in a drill of an encrypted backup is told in log, record and status page without the rows', async () => {
    const drillConfig = drillOf(config(), postgresTarget(scratch, name), { decryption: decryption() });
    const drilled = await drill(drillConfig, { env: { SCRATCH_PASSWORD: scratch.password } });
    expect(drilled.code).not.toBe(0);
    expect(drilled.record.faults.join()).toMatch(reason);
    const exporter = await startExporter([exported('bank', config().stores)], {});
    const pages = await Promise.all(['/', '/backups/bank', '/metrics', '/api/backups'].map(page => exporter.get(page)));
    const logged = await exporter.stop();
    const records = readdirSync(directory).filter(file => file.endsWith('.json')).map(file => readFileSync(path.join(directory, file), 'utf8'));
    expect(records.length).toBeGreaterThan(1);
    nothingOf(drilled.stdout, drilled.stderr, ...pages, logged.stdout, logged.stderr, ...records);
  });

  test.each<[string, Partial<PostgresTargetConfig>]>([
    ['beside', { mode: 'new-database', newName: `${name}_2` }],
    ['in place, through a script', { mode: 'in-place', databaseName: 'elsewhere', newName: null, assertions: ['select true'], safetyBackup: false }],
  ])('in a restore %s is told without the rows', async (_how, changes) => {
    await server.psql('drop database if exists elsewhere');
    await server.psql('create database elsewhere');
    const target = postgresTarget(server, name, { passwordEnv: 'POSTGRES_PASSWORD', sourceDatabaseName: name, ...changes });
    const ended = await run(['restore', '--yes'], { config: { ...restoreOf(config(), target), decryption: decryption() }, env: { POSTGRES_PASSWORD: server.password } });
    expect(ended.code).not.toBe(0);
    expect(ended.message).toMatch(changes.mode === 'in-place' ? new RegExp(reason.source.replace('COPY failed for table "accounts": ERROR: {2}', 'ERROR: {2}22P02: ')) : reason);
    nothingOf(ended.stdout, ended.stderr);
  });
});

test('a subscription that can not be made is told without its password', async () => {
  const directory = tempDir('volume');
  await server.psql('create database subscriber');
  await server.psql('create table t as select 1', 'subscriber');
  await server.psql(`create subscription s connection 'host=127.0.0.1 dbname=x password=${PASSWORD}' publication p with (connect = false, password_required = false)`, 'subscriber');
  const config = configOf({ name: 'bank', source: postgres(server, 'subscriber'), stores: [folder(directory)] });
  await backup({ config, env: { POSTGRES_PASSWORD: server.password } });
  const target = postgresTarget(older, 'subscriber', { passwordEnv: 'POSTGRES_PASSWORD', mode: 'swap', newName: null });
  const ended = await run(['restore', '--yes'], { config: restoreOf(config, target), env: { POSTGRES_PASSWORD: older.password } });
  expect(ended.code).not.toBe(0);
  expect(ended.message).toMatch(/subscription/);
  nothingOf(ended.stdout, ended.stderr);
});

test('an assertion that answers with a row is told without the row', async () => {
  const directory = tempDir('volume');
  await server.psql('create database answers');
  await server.psql(elsewhere('')('answers'), 'answers');
  const config = configOf({ name: 'bank', source: postgres(server, 'answers'), stores: [folder(directory)] });
  await backup({ config, env: { POSTGRES_PASSWORD: server.password } });
  for (const mode of ['swap', 'in-place'] as const) {
    const target = postgresTarget(server, 'answers', { passwordEnv: 'POSTGRES_PASSWORD', mode, newName: null, assertions: ['select max(iban) from public.accounts'] });
    const ended = await run(['restore', '--yes'], { config: restoreOf(config, target), env: { POSTGRES_PASSWORD: server.password } });
    expect(ended).toMatchObject({ code: 11, message: expect.stringContaining('"select max(iban) from public.accounts" is not true, it answers a text') });
    nothingOf(ended.stdout, ended.stderr);
  }
});

function nothingOf(...shown: readonly string[]): void {
  for (const planted of PLANTED) expect(shown.filter(text => text.includes(planted))).toEqual([]);
}
