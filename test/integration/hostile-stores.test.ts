import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { folder } from './_configs';
import { Ended, run } from './_runner';
import { open, policy, redisConfig, writeBackup } from './retention/_history';
import { tempDir } from './servers/_process';
import { rootClient, s3Store } from './servers/_s3';
import { startVersitygw, Versitygw } from './servers/versitygw';
import { BackupConfig, CONFIG_VERSION, Config } from '../../src/contract/config';
import { ExitCode } from '../../src/contract/exit-code';
import { backupId } from '../../src/contract/layout';
import { Store } from '../../src/runner/store-api/store';

/*
 * A folder and a bucket into which somebody has put what no backup program writes: every command works with the good backups, says
 * what is wrong with the rest and ends with an exit code for it, and removes nothing that is not ours.
 */

const HOUR = 3_600_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const at = (hoursAgo: number) => backupId('app', new Date(now - hoursAgo * HOUR));
const never = new AbortController().signal;

/** Documents that are none, by what they stand for. */
const EVIL: readonly (readonly [key: string, content: string, foreign: boolean])[] = [
  [`${at(30)}.json`, '{"version":1,"id":', false],
  [`${at(31)}.json`, `{"version":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, false],
  [`${at(32)}.json`, `{"version":1,"artifacts":[${'0,'.repeat(200_000)}0]}`, false],
  [`${at(33)}.json`, JSON.stringify({ version: 1, id: at(33), name: 'app', artifacts: [{ file: '../../canary' }] }), false],
  [`${at(34)}.json`, '{"__proto__":{"version":1}}', false],
  [`${at(35)}.started`, 'no claim', false],
  [`${at(36)}.verified.20260101_000000.json`, '[]', false],
  [`${at(37)}.drill.json`, '{"version":1}', false],
  [`${at(38)}.failed.json`, 'null', false],
  [`${at(39)}.notes.txt`, 'foreign', true],
  [`${at(40)}.dump`, 'the backup of a script that nobody knows any more', true],
  ['app_99999999_999999.json', '{}', true],
  ['app_notes.json', '{}', true],
  ['other_20261122_020000.json', '{', true],
];

/** A store with good backups and others. */
interface Prepared {
  readonly config: BackupConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  /** Ids, oldest first. */
  readonly good: readonly string[];
  /** Keys of records that can't be read. */
  readonly records: readonly string[];
}

let directory: string;
let server: Versitygw;
let canary: string;

beforeAll(async () => {
  directory = tempDir('hostile');
  canary = path.join(directory, 'canary');
  writeFileSync(canary, 'a canary');
  server = await startVersitygw();
  await server.makeBucket('hostile');
});

afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A record that says it has 2 GB: sparse on disk, and larger than any record. */
function writeHuge(file: string): void {
  writeFileSync(file, '{"version":1,"id":"');
  truncateSync(file, 2 * 1024 ** 3);
}

async function fill(
  config: BackupConfig, env: NodeJS.ProcessEnv, put: (key: string, content: string) => Promise<void>,
): Promise<Pick<Prepared, 'store' | 'good'>> {
  const stores = open(config, env);
  const good: string[] = [];
  for (const hoursAgo of [200, 100, 2, 1]) good.push(await writeBackup(new Date(now - hoursAgo * HOUR), stores));
  for (const [key, content] of EVIL) await put(key, content);
  return { store: stores[0]!, good };
}

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('', never)) keys.push(key);
  return keys;
}

const RETENTION = { keepLast: 2, keepAtLeast: 1 };
const EVIL_RECORDS = EVIL.filter(([key, , foreign]) => !foreign && /^app_\d{8}_\d{6}\.json$/.test(key)).map(([key]) => key);

/** What every command has to come to, wherever the store is. */
function describeHostile(prepare: () => Promise<Prepared>): void {
  let prepared: Prepared;
  const cli = (...args: string[]) => run(args, { config: prepared.config, env: prepared.env });

  beforeAll(async () => {
    prepared = await prepare();
  });

  /** Nothing that a person could not have foreseen, and nothing of the size of what was read. */
  function wellSaid(ended: Ended): void {
    expect(ended.events.filter(({ stack }) => stack !== undefined)).toEqual([]);
    expect(ended.stderr.length).toBeLessThan(100_000);
    expect(readFileSync(canary, 'utf8')).toBe('a canary');
  }

  test('list shows the good backups, names each bad record, and fails with "corrupt"', async () => {
    const ended = await cli('list', '--json');
    wellSaid(ended);
    expect(ended.code).toBe(ExitCode.CORRUPT);
    const { latest, backups, unreadable } = JSON.parse(ended.stdout) as { latest: string; backups: { id: string }[]; unreadable: string[] };
    expect(backups.map(({ id }) => id)).toEqual(prepared.good);
    expect(latest).toBe(prepared.good.at(-1));
    for (const key of prepared.records) expect(unreadable.filter(message => message.includes(key))).toHaveLength(1);
    expect(unreadable).toHaveLength(prepared.records.length);
  });

  test.each([['show'], ['usage'], ['drills'], ['metrics']])('%s tells of the good ones, and fails with "corrupt"', async command => {
    const ended = await cli(command);
    wellSaid(ended);
    expect(ended.code).toBe(ExitCode.CORRUPT);
    if (command !== 'drills') expect(ended.stdout).toMatch(command === 'metrics' ? /^backup_repository_backups\{.*\} 4$/m : prepared.good.at(-1)!);
  });

  test('a good backup is verified and fetched, and a bad one is refused by its name', async () => {
    const to = mkdtempSync(path.join(directory, 'fetched-'));
    for (const args of [['verify', prepared.good[0]!], ['fetch', prepared.good[1]!, '--to', to]]) {
      const ended = await cli(...args);
      wellSaid(ended);
      expect([args[0], ended.code]).toEqual([args[0], args[0] === 'verify' ? ExitCode.CORRUPT : ExitCode.OK]); // verify tells of the bad records too
    }
    expect(readdirSync(to).sort()).toEqual([`${prepared.good[1]}.rdb`, `${prepared.good[1]}.sha256`]);
    for (const command of ['verify', 'fetch', 'show']) {
      const ended = await cli(command, at(33));
      wellSaid(ended);
      expect(ended.code).toBe(ExitCode.CORRUPT);
      expect(ended.message).toContain(`the record ${at(33)}.json can't be read`);
    }
    for (const name of ['../../canary', '/etc/passwd', '__proto__', 'x\u001b[2J']) {
      const ended = await cli('fetch', name, '--to', to);
      wellSaid(ended);
      expect(ended.code).toBe(ExitCode.NOT_FOUND);
    }
  });

  test('a dry run of a restore reads the newest good one', async () => {
    const { stores, name } = prepared.config;
    const restore: Config = {
      version: CONFIG_VERSION,
      kind: 'restore',
      name,
      stores,
      backup: 'latest',
      notAfter: null,
      store: null,
      workloads: [],
      healthUrl: null,
      decryption: null,
      encryption: null,
      activeDeadlineSeconds: 600,
      scratch: { directory: tempDir('scratch'), limitBytes: null },
      target: {
        engine: 'redis',
        host: '127.0.0.1',
        port: 1,
        user: null,
        passwordEnv: null,
        tls: null,
        mode: 'rdb-file',
        replace: false,
        directory: mkdtempSync(path.join(directory, 'redis-')),
        listenPort: 0,
        advertiseHostEnv: null,
        safetyBackup: false,
        assertions: [],
      },
    };
    const ended = await run(['restore', '--dry-run', '--yes'], { config: restore, env: prepared.env });
    wellSaid(ended);
    expect(ended.events.filter(({ event }) => event === 'record.unreadable')).toHaveLength(prepared.records.length);
    expect([ended.message, JSON.parse(ended.stdout || '{}').id]).toEqual([expect.anything(), prepared.good.at(-1)]);
  });

  test('prune takes what is ours and past its retention, and nothing else', async () => {
    const before = await keysOf(prepared.store);
    const plan = await cli('prune', '--dry-run', '--json');
    wellSaid(plan);
    expect(plan.code).toBe(ExitCode.OK);
    expect(await keysOf(prepared.store)).toEqual(before);
    const pruned = await cli('prune', '--unclaimed');
    wellSaid(pruned);
    const after = await keysOf(prepared.store);
    const gone = before.filter(key => !after.includes(key));
    const expected = prepared.good.slice(0, 2);
    expect([...new Set(gone.map(key => key.split('.')[0]!))].sort()).toEqual([...expected, at(36), at(38), at(40)].sort());
    for (const [key, , foreign] of EVIL) if (foreign && key !== `${at(40)}.dump`) expect(after).toContain(key);
    for (const key of prepared.records) expect(after).toContain(key); // what it names is unknown
    expect(after).toContain(`${at(35)}.started`); // nobody knows whether somebody writes
  });
}

describe('a hostile folder:', () => {
  describeHostile(async () => {
    const inside = path.join(directory, 'backups');
    mkdirSync(inside);
    const config = redisConfig([folder(inside)], policy(RETENTION));
    const filled = await fill(config, {}, async (key, content) => writeFileSync(path.join(inside, key), content));
    writeHuge(path.join(inside, `${at(41)}.json`));
    mkdirSync(path.join(inside, `${at(42)}.json`));
    execFileSync('mkfifo', [path.join(inside, `${at(43)}.json`)]);
    symlinkSync(canary, path.join(inside, `${at(44)}.json`));
    symlinkSync('/dev/zero', path.join(inside, `${at(45)}.json`));
    writeFileSync(path.join(inside, `${at(46)}.a\\b.json`), '{}');
    return { ...filled, config, env: {}, records: [...EVIL_RECORDS, `${at(41)}.json`] };
  });
});

describe('a hostile bucket:', () => {
  describeHostile(async () => {
    const { config: store, env } = s3Store(server, 'hostile');
    const config = redisConfig([store], policy(RETENTION));
    const client = rootClient(server);
    const put = async (key: string, content: string) => {
      await client.send(new PutObjectCommand({ Bucket: 'hostile', Key: `${store.prefix}/${key}`, Body: content }));
    };
    const filled = await fill(config, env, put);
    const huge = path.join(directory, 'huge');
    writeFileSync(huge, '');
    truncateSync(huge, 64 * 1024 ** 2);
    await client.send(new PutObjectCommand({ Bucket: 'hostile', Key: `${store.prefix}/${at(41)}.json`, Body: createReadStream(huge), ContentLength: 64 * 1024 ** 2 }));
    await put(`${at(47)}.json/below`, '{}');
    client.destroy();
    return { ...filled, config, env, records: [...EVIL_RECORDS, `${at(41)}.json`] };
  });
});
