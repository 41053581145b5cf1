/*
 * Measures what the defaults were chosen by: ways to compress a PostgreSQL dump, the runner against pg_dump alone, ways to encrypt, and the memory
 * of an upload.
 *
 * Run: npx projen bench [megabytes] [rounds]
 *      npx projen bench synth [rounds] [backups…]: what synth takes, against the same objects by cdk8s-plus
 *
 * Every round runs all ways in turn, and the median over the rounds is set in relation to the first way: the machine's speed
 * may drift, and single figures mean little.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline, Readable } from 'node:stream';
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { configOf, folder, postgres } from './_configs';
import { compareSynth } from './bench-synth';
import { tempDir } from './servers/_process';
import { s3Store } from './servers/_s3';
import { clientPath, PostgresServer, startPostgres } from './servers/postgres';
import { startVersitygw } from './servers/versitygw';
import { encrypt } from '../../src/runner/age/encrypt';
import { sealHeader } from '../../src/runner/age/keys';
import { formatBytes } from '../../src/runner/core/format';
import { renderTable } from '../../src/runner/core/table';
import { planParts } from '../../src/runner/store-api/parts';
import { s3Limits } from '../../src/runner/stores/s3/limits';

const [megabytes = 500, rounds = 3] = process.argv.slice(2).map(Number);
const RUNNER = path.join(__dirname, '..', '..', 'dist', 'runner', 'main.js');
const BYTES_PER_ROW = 430;

/** Orders and events of a shop: numbers, times, UUIDs, names, and JSON, with as much repetition as such tables have. */
const tables = (rows: number) => [
  `CREATE TABLE orders AS SELECT i AS id, gen_random_uuid() AS key, (random() * 20000)::int AS customer_id,
    now() - random() * interval '3 years' AS placed_at, (random() * 1e5)::numeric(10,2) AS amount,
    (ARRAY['new','paid','sent','returned'])[1 + (random() * 3)::int] AS status,
    'customer' || (random() * 20000)::int || '@example.com' AS email FROM generate_series(1, ${rows}) i`,
  `CREATE TABLE events AS SELECT i AS id, now() - random() * interval '90 days' AS at, jsonb_build_object(
    'order', (random() * ${rows})::int, 'kind', (ARRAY['view','click','buy'])[1 + (random() * 2)::int],
    'session', md5((random() * 50000)::int::text), 'agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:' || (90 + random() * 40)::int || '.0)',
    'path', '/products/' || (random() * 3000)::int || '?page=' || (random() * 20)::int) AS data FROM generate_series(1, ${rows}) i`,
  'VACUUM ANALYZE',
];

interface Way {
  readonly name: string;
  /** A command of the shell that writes the dump to $OUT. */
  readonly command: string;
}

interface Sample {
  readonly wall: number;
  readonly cpu: number;
  readonly bytes: number;
}

async function main(): Promise<void> {
  await compareEncryption();
  await measureParts();
  const pg = await startPostgres({ major: 17, settings: ['fsync = off', 'shared_buffers = 256MB'] });
  try {
    await pg.psql('CREATE DATABASE bench');
    const rows = Math.round((megabytes * 1e6) / BYTES_PER_ROW);
    for (const statement of tables(rows)) await pg.psql(statement, 'bench');
    const size = Number(await pg.psql('SELECT pg_database_size(\'bench\')'));
    console.log(`PostgreSQL 17, a database of ${formatBytes(size)} with ${2 * rows} rows, ${rounds} rounds\n`);

    const levels = ['none', 'zstd:1', 'zstd:3', 'zstd:6', 'zstd:9', 'gzip:1', 'gzip:6', 'gzip:9'];
    compare(pg, levels.map(level => ({ name: `pg_dump -Fc --compress=${level}`, command: `pg_dump -Fc --compress=${level} -f $OUT -d bench` })));

    const out = tempDir('bench');
    const config = path.join(out, 'config.json');
    writeFileSync(config, JSON.stringify(configOf({
      source: postgres(pg, 'bench', { globals: false }), stores: [folder(out)], compression: { algorithm: 'zstd', level: 1 }, suspectBelowPercent: 0,
    })));
    compare(pg, [
      { name: 'pg_dump -Fc --compress=zstd:1', command: 'pg_dump -Fc --compress=zstd:1 -f $OUT -d bench' },
      {
        name: 'cdk8s-backup backup, zstd 1, into a folder',
        command: `POSTGRES_PASSWORD="$PGPASSWORD" ${process.execPath} ${RUNNER} backup --config ${config} >/dev/null 2>&1 && mv ${out}/*.dump $OUT && rm ${out}/app_*`,
      },
    ]);
    rmSync(out, { recursive: true });
  } finally {
    await pg.stop();
  }
}

function compare(pg: PostgresServer, ways: readonly Way[]): void {
  const samples = new Map<Way, Sample[]>(ways.map(way => [way, []]));
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) samples.get(way)!.push(measure(pg, way));
  }
  const median = (way: Way, field: keyof Sample) => samples.get(way)!.map(sample => sample[field]).sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
  const [first] = ways;
  console.log(renderTable(['', 'WALL s', 'RATIO', 'CPU s', 'RATIO', 'BYTES', 'RATIO'], ways.map(way => [
    way.name,
    ...(['wall', 'cpu', 'bytes'] as const).flatMap(field => [
      field === 'bytes' ? formatBytes(median(way, field)) : median(way, field).toFixed(2),
      (median(way, field) / median(first!, field)).toFixed(2),
    ]),
  ])));
}

/** The payload of an age file on node:crypto, as the runner has it, and as the library has it. */
async function compareEncryption(): Promise<void> {
  const recipient = await identityToRecipient(await generateIdentity());
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const chunks = () => Readable.from(Array.from({ length: megabytes }, () => chunk), { objectMode: false });
  const library = new Encrypter();
  library.addRecipient(recipient);
  const ways: readonly [string, () => Promise<AsyncIterable<Uint8Array>>][] = [
    ['on node:crypto', async () => pipeline(chunks(), encrypt(await sealHeader([recipient])), () => {})],
    ['by the library', async () => await library.encrypt(Readable.toWeb(chunks()) as ReadableStream<Uint8Array>) as AsyncIterable<Uint8Array>],
  ];
  const samples = new Map<string, number[]>(ways.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, open] of ways) {
      const started = performance.now();
      for await (const _ of await open()); // only the time counts
      samples.get(name)!.push((performance.now() - started) / 1000);
    }
  }
  const medians = ways.map(([name]) => samples.get(name)!.sort((a, b) => a - b)[Math.floor(rounds / 2)]!);
  console.log(renderTable([`${megabytes} MiB ENCRYPTED`, 'SECONDS', 'MiB/s', 'RATIO'], ways.map(([name], i) => [
    name, medians[i]!.toFixed(2), (megabytes / medians[i]!).toFixed(0), (medians[i]! / medians[0]!).toFixed(2),
  ])));
}

/** What the runner has in memory at its peak, by the size of the parts in which it uploads. */
async function measureParts(): Promise<void> {
  const s3 = await startVersitygw();
  const directory = tempDir('parts');
  try {
    const file = path.join(directory, 'app.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE t (x)');
    const insert = database.prepare('INSERT INTO t VALUES (randomblob(1000000))');
    for (let i = 0; i < megabytes; i++) insert.run();
    database.close();
    const peak = path.join(directory, 'peak.js');
    writeFileSync(peak, 'process.on("exit", () => require("fs").writeFileSync(process.env.PEAK, String(process.resourceUsage().maxRSS)));');
    const lines = [];
    for (const maxParts of [10_000, 10, 4, 2]) {
      await s3.makeBucket(`parts-${maxParts}`);
      const { config: store, env } = s3Store(s3, `parts-${maxParts}`, { maxParts });
      const config = path.join(directory, 'config.json');
      writeFileSync(config, JSON.stringify(configOf({ source: { engine: 'sqlite', path: file, lockTimeoutSeconds: 10 }, stores: [store] })));
      const { status, stderr } = spawnSync(process.execPath, ['--require', peak, RUNNER, 'backup', '--config', config], {
        encoding: 'utf8', env: { PATH: process.env.PATH, PEAK: path.join(directory, 'peak'), ...env },
      });
      if (status !== 0) throw new Error(`the backup in up to ${maxParts} parts failed: ${stderr}`);
      const { partBytes, buffers } = planParts(statSync(file).size, s3Limits(maxParts));
      lines.push([formatBytes(partBytes), String(buffers), formatBytes(partBytes * buffers), formatBytes(Number(readFileSync(path.join(directory, 'peak'), 'utf8')) * 1024)]);
    }
    console.log(renderTable([`PARTS, OF ${megabytes} MB`, 'BUFFERS', 'TOGETHER', 'RSS AT THE PEAK'], lines));
  } finally {
    rmSync(directory, { recursive: true });
    await s3.stop();
  }
}

/** CPU time is that of the command and its children; the server's is not in it. */
function measure(pg: PostgresServer, { name, command }: Way): Sample {
  const file = path.join(tempDir('bench'), 'dump');
  execFileSync('sync');
  const { status, stderr } = spawnSync('bash', ['-c', `TIMEFORMAT='%R %U %S'; time { ${command}; }`], {
    encoding: 'utf8',
    env: { PATH: clientPath(17), OUT: file, PGHOST: pg.host, PGPORT: String(pg.port), PGUSER: pg.superuser, PGPASSWORD: pg.password },
  });
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  const { size } = statSync(file);
  rmSync(path.dirname(file), { recursive: true });
  return { wall, cpu: user + system, bytes: size };
}

const [what, synthRounds = 3, ...backups] = process.argv.slice(2).map((argument, i) => i === 0 ? argument : Number(argument));
if (what === 'synth') compareSynth(Number(synthRounds), backups.length > 0 ? backups.map(Number) : [100, 1000]); else void main();
