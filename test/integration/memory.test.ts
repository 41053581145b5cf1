import { configOf, folder, postgres } from './_configs';
import { run } from './_runner';
import { makeMemoryGroup, MemoryGroup } from './servers/_memory-group';
import { tempDir } from './servers/_process';
import { PostgresServer, startPostgres } from './servers/postgres';

/* `pg_dump` has the largest row in memory twice, and what the kernel kills for its memory can't say why. */

const MiB = 1024 ** 2;
const VALUE_BYTES = 80_000_000;

let server: PostgresServer;
let group: MemoryGroup;

beforeAll(async () => {
  server = await startPostgres({ major: 17 });
  group = makeMemoryGroup();
  await server.psql('create database files');
  await server.psql(`
    create schema "of Users";
    create table "of Users"."Files" (id int, name text, content bytea);
    alter table "of Users"."Files" alter content set storage external;
    insert into "of Users"."Files" select i, 'small', decode(repeat('ab', 3000), 'hex') from generate_series(1, 500) i;
    insert into "of Users"."Files" select 501, 'large', decode(repeat('00', ${VALUE_BYTES}), 'hex');
    create table left_out as select 1 as id, repeat('x', 10) as t;
  `, 'files');
});

afterAll(async () => {
  await server?.stop();
  await group?.remove();
});

const optionsFor = (changes: Parameters<typeof postgres>[2] = {}) => ({
  config: configOf({ source: postgres(server, 'files', { globals: false, ...changes }), stores: [folder(tempDir('volume'))] }),
  env: { POSTGRES_PASSWORD: server.password },
  through: group.through,
});

interface Finding {
  readonly level: string;
  readonly subject: string;
  readonly message: string;
  readonly advice: string | null;
}

async function memoryFinding(options: Parameters<typeof run>[1]): Promise<Finding> {
  const { stdout, stderr } = await run(['doctor', '--json'], options);
  const found = (JSON.parse(stdout) as { findings: Finding[] }).findings.find(({ subject }) => subject === 'memory');
  if (!found) throw new Error(`doctor says nothing of memory: ${stdout}${stderr}`);
  return found;
}

test('a row that does not fit into the container is told by doctor and in the log of the backup, before it is killed, and the limit that is advised fits', async () => {
  const options = optionsFor();
  group.limit(320 * MiB);
  const finding = await memoryFinding(options);
  expect(finding).toMatchObject({
    level: 'warning',
    message: expect.stringMatching(/by an estimate: \d+ MB by pg_dump of files, for a row of of Users\.Files that has 160 MB as a text, and 268 MB by the runner; the container may use 336 MB/),
    advice: expect.stringMatching(/^raise the limit to \d+Mi/),
  });
  const killed = await run(['backup'], options);
  expect(killed.code).not.toBe(0);
  expect(killed.events.find(({ event }) => event === 'memory.short')).toMatchObject({ level: 'warn', message: `${finding.message}: ${finding.advice}` });

  group.limit(Number(/(\d+)Mi/.exec(finding.advice!)![1]) * MiB);
  expect(await memoryFinding(options)).toMatchObject({ level: 'ok' });
  const taken = await run(['backup'], options);
  expect([taken.code, taken.message]).toEqual([0, expect.anything()]);
  expect(taken.stderr).not.toContain('memory.short');
});

test('what is left out of the dump needs no memory', async () => {
  group.limit(320 * MiB);
  expect(await memoryFinding(optionsFor({ excludeTables: ['"of Users"."Files"'] }))).toMatchObject({ level: 'ok' });
});
